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

"""Runs a model on an NVIDIA GPU with TensorRT."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
import logging
from pathlib import Path
import time
from typing import Protocol

from depth_anything_ros.estimation.backend import (
    BackendError,
    BackendInfo,
    ForeignEngineError,
    in_parts,
)
from depth_anything_ros.estimation.engine_cache import engine_path, GpuIdentity, timing_cache_path
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.private_cache import keep_private, read_private
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)
GPU_DEVICES = ('/dev/nvidiactl', '/dev/nvgpu', '/dev/nvhost-gpu')
"""Of a discrete GPU's driver, and of Jetsons."""


class LoadedEngine(Protocol):
    """What tensorrt_engine.Engine offers."""

    input: NDArray[np.uint8]  # noqa: A003
    output: NDArray[np.float32]

    def run(self) -> None:
        """Take `input` to `output`."""

    def close(self) -> None:
        """Free it."""


class EngineMaker(Protocol):
    """What tensorrt_engine.Gpu offers."""

    identity: GpuIdentity

    def build(
        self, onnx: bytes, timings: bytes, report: Callable[[float], None]
    ) -> tuple[bytes, bytes]:
        """Return an engine and the timings."""
        ...

    def load(self, engine: bytes) -> LoadedEngine:
        """Return a loaded engine."""
        ...

    def close(self) -> None:
        """Release the device."""


class TensorRtBackend:
    """A model's engine, taken from the cache or built."""

    def __init__(
        self, model: ModelFile, gpu: EngineMaker, report: Callable[[float], None] | None = None
    ) -> None:
        """
        Load the engine of `model`; a missing, damaged or foreign one is built first (minutes).

        gpu: is closed with the backend, and where this fails. report: called with the share of a
        build done, 0 to 1; without, it is logged. Raise BackendError where it cannot be built or
        loaded.
        """
        self._gpu = gpu
        self._engine: LoadedEngine | None = None
        with ExitStack() as undo:
            undo.callback(self.close)
            self._engine = _engine_of(model, gpu, report or _LoggedProgress(model.path.name))
            start = time.perf_counter()
            self._engine.run()
            batch, height, width = self._engine.output.shape
            self._info = BackendInfo(
                backend='tensorrt',
                device=str(gpu.identity),
                model=model.metadata.name,
                precision=model.metadata.precision,
                batch=batch,
                height=height,
                width=width,
                is_metric=model.metadata.is_metric,
                depth_sigma=model.metadata.depth_sigma,
                first_inference_ms=(time.perf_counter() - start) * 1e3,
            )
            undo.pop_all()

    @property
    def info(self) -> BackendInfo:
        """Return what was loaded."""
        return self._info

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, H, W) float32 predictions for (N, H, W, 3) uint8 RGB images, any N."""
        if self._engine is None:
            raise BackendError('the backend is closed')
        return in_parts(batch, self._engine.input, self._engine.output, self._engine.run)

    def close(self) -> None:
        """Free the engine, its buffers and the device."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        self._gpu.close()


def has_nvidia_gpu() -> bool:
    """Return whether the kernel shows an NVIDIA GPU."""
    return any(Path(device).exists() for device in GPU_DEVICES)


def open_gpu() -> EngineMaker:
    """Return the GPU; BackendError where TensorRT, pycuda or the driver is missing."""
    try:
        from depth_anything_ros.estimation.tensorrt_engine import Gpu
    except (ImportError, AttributeError) as error:
        raise BackendError(
            f'TensorRT cannot be used ({error}): on a Jetson `sudo apt install '
            'python3-libnvinfer python3-dev cuda-toolkit` and `PATH=/usr/local/cuda/bin:$PATH pip '
            "install --user pycuda`, elsewhere pip install 'depth_anything_ros[tensorrt]' and the "
            'NVIDIA driver; or set backend: openvino'
        ) from error
    return Gpu()


def build_engine(model: ModelFile, gpu: EngineMaker, report: Callable[[float], None]) -> bytes:
    """Build a model's engine anew, keep it in the cache where that can be, and return it."""
    timings_path = timing_cache_path(gpu.identity)
    timings = read_private(timings_path) or b''
    engine, timings = gpu.build(model.path.read_bytes(), timings, report)
    keep_private(timings_path, timings)
    keep_private(engine_path(model, gpu.identity), engine)
    return engine


def _engine_of(
    model: ModelFile, gpu: EngineMaker, report: Callable[[float], None]
) -> LoadedEngine:
    cached = read_private(engine_path(model, gpu.identity))
    if cached is not None:
        try:
            return gpu.load(cached)
        except ForeignEngineError as error:
            LOG.warning('the cached engine of %s is built anew: %s', model.path.name, error)
    return gpu.load(build_engine(model, gpu, report))


class _LoggedProgress:
    """Logs every tenth of a build with the time it still takes."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()
        self._next = 0.1

    def __call__(self, share: float) -> None:
        if share < self._next:
            return
        left = (time.monotonic() - self._start) * (1 - share) / share
        LOG.info('building the engine of %s: %.0f %%, %.0f s left', self._what, share * 100, left)
        self._next = share + 0.1
