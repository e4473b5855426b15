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

"""Several exports of a model of which the best that holds a rate runs (`auto`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import logging
import time

from depth_anything_ros.estimation.backend import Backend, BackendError, BackendInfo
from depth_anything_ros.estimation.ladder import Ladder, MARGIN, worthwhile
from depth_anything_ros.estimation.model_file import ModelFile
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)
TIMED_RUNS = 7


class LadderBackend:
    """
    Runs one of several exports of a model; `info` says which, and may change with any `infer`.

    The larger size is the better export, and of one size the more exact. A step loads the other
    export, which takes a moment. The frame at hand is still answered at its own size.
    """

    def __init__(
        self,
        files: Sequence[ModelFile],
        load: Callable[[ModelFile], Backend],
        target_rate_hz: float,
    ) -> None:
        """
        Time `files`, the least first, and keep the best that fits, else the fastest.

        Raise BackendError where none of them runs.
        """
        self._load = load
        several_sizes = len({file.metadata.size for file in files}) > 1
        self._title = 'input_size auto' if several_sizes else 'precision auto'
        timed = self._timed(files, (1 - MARGIN) * 1e3 / target_rate_hz)
        kept = [timed[i] for i in worthwhile([time_ms for _, time_ms in timed])]
        self._files = [file for file, _ in kept]
        self._ladder = Ladder([time_ms for _, time_ms in kept], target_rate_hz)
        self._backend = load(self._files[self._ladder.index])

    @property
    def info(self) -> BackendInfo:
        """Return what runs now."""
        return self._backend.info

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the predictions of `batch`, then perhaps change the export for the next one."""
        start, before = time.perf_counter(), self._ladder.index
        depth = self._backend.infer(batch)
        if self._ladder.observe((time.perf_counter() - start) * 1e3):
            self._step_from(before)
        return depth

    def _step_from(self, before: int) -> None:
        file = self._files[self._ladder.index]
        try:
            backend = self._load(file)
        except BackendError as error:
            LOG.error('%s: %s cannot be loaded: %s', self._title, _name(file), error)
            self._ladder.index = before
            return
        self._backend.close()
        self._backend = backend
        LOG.warning('%s: now %s', self._title, _name(file))

    def close(self) -> None:
        """Free what runs."""
        self._backend.close()

    def _timed(self, files: Sequence[ModelFile], limit_ms: float) -> list[tuple[ModelFile, float]]:
        """
        Return the files that run and their times in milliseconds.

        Past a size that is too slow in a precision, that precision is not tried again.
        """
        timed: list[tuple[ModelFile, float]] = []
        too_slow: set[str] = set()
        problem: BackendError | None = None
        for file in files:
            if file.metadata.precision in too_slow:
                continue
            try:
                timed.append((file, self._time_of(file)))
            except BackendError as error:
                LOG.warning('%s: %s is left out: %s', self._title, _name(file), error)
                problem = error
                continue
            LOG.info('%s: %s takes %.1f ms', self._title, _name(file), timed[-1][1])
            if timed[-1][1] > limit_ms:
                too_slow.add(file.metadata.precision)
        if problem and not timed:
            raise problem
        return timed

    def _time_of(self, file: ModelFile) -> float:
        backend = self._load(file)
        try:
            return _inference_ms(backend)
        finally:
            backend.close()


def _name(file: ModelFile) -> str:
    return f'{file.metadata.size} {file.metadata.precision}'


def _inference_ms(backend: Backend) -> float:
    """
    Return the best time of an inference of the backend's own batch, milliseconds.

    What else the machine did meanwhile would keep the fastest export out for good.
    """
    info = backend.info
    batch = np.full((info.batch, info.height, info.width, 3), 127, np.uint8)
    times = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        backend.infer(batch)
        times.append((time.perf_counter() - start) * 1e3)
    return min(times)
