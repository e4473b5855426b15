# Copyright 2026 The depth_anything_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A model at several sizes of which the largest that holds a rate runs (`input_size: auto`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import logging
from statistics import median
import time

from depth_anything_ros.estimation.backend import Backend, BackendInfo
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.sizes import MARGIN, SizeLadder
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)
TIMED_RUNS = 7


class LadderBackend:
    """
    Runs one of several exports of a model; `info` says which, and may change with any `infer`.

    A step loads the other size, which takes a moment. The frame at hand is still answered at its
    own size.
    """

    def __init__(
        self,
        files: Sequence[ModelFile],
        load: Callable[[ModelFile], Backend],
        target_rate_hz: float,
    ) -> None:
        """Time `files`, smallest first, until one is too slow, and keep the one that fits."""
        self._load = load
        self._files = files
        times: list[float] = []
        for file in files:
            backend = load(file)
            times.append(inference_ms(backend))
            backend.close()
            LOG.info('input_size auto: %s takes %.1f ms', file.metadata.size, times[-1])
            if times[-1] > (1 - MARGIN) * 1e3 / target_rate_hz:
                break
        self._ladder = SizeLadder(times, target_rate_hz)
        self._backend = self._load(files[self._ladder.index])

    @property
    def info(self) -> BackendInfo:
        """Return what runs now."""
        return self._backend.info

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the predictions of `batch`, then perhaps change the size for the next one."""
        start = time.perf_counter()
        depth = self._backend.infer(batch)
        if self._ladder.observe((time.perf_counter() - start) * 1e3):
            self._backend.close()
            self._backend = self._load(self._files[self._ladder.index])
            info = self._backend.info
            LOG.warning('input_size auto: now %dx%d', info.height, info.width)
        return depth

    def close(self) -> None:
        """Free what runs."""
        self._backend.close()


def inference_ms(backend: Backend, runs: int = TIMED_RUNS) -> float:
    """Return the median time of an inference of the backend's own batch."""
    info = backend.info
    batch = np.full((info.batch, info.height, info.width, 3), 127, np.uint8)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        backend.infer(batch)
        times.append((time.perf_counter() - start) * 1e3)
    return median(times)
