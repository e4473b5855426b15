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

"""
The seam to tensorrt (10.0 to 11) and pycuda: every call into them is here, and little else.

Importing this module needs both. A network is always strongly typed: its precision is the ONNX's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, ExitStack
import ctypes
import logging

from depth_anything_ros.estimation.backend import BackendError, check_shapes, ForeignEngineError
from depth_anything_ros.estimation.build_progress import BuildProgress
from depth_anything_ros.estimation.engine_cache import GpuIdentity
import numpy as np
from numpy.typing import NDArray
import pycuda.driver as cuda
import tensorrt as trt

LOG = logging.getLogger(__name__)
CAPTURE_THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL of cuda.h."""
TYPES = {trt.DataType.UINT8: 'u8', trt.DataType.FLOAT: 'f32'}


class Gpu:
    """The first CUDA device; its context is current only inside calls, so any thread may call."""

    def __init__(self) -> None:
        """Open the device; raise BackendError where there is none that TensorRT can use."""
        with _explained():
            cuda.init()
            device = cuda.Device(0)
            self._context = device.retain_primary_context()
            multiprocessors = device.get_attribute(cuda.device_attribute.MULTIPROCESSOR_COUNT)
        self.logger = _Logger()
        self.identity = GpuIdentity(
            device.name(), device.compute_capability(), multiprocessors, str(trt.__version__)
        )

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the device's context this thread's inside the block."""
        with _explained():
            self._context.push()
            try:
                yield
            finally:
                cuda.Context.pop()

    def build(
        self, onnx: bytes, timings: bytes, report: Callable[[float], None]
    ) -> tuple[bytes, bytes]:
        """
        Return an engine for the network in `onnx`, and the timings that make the next build fast.

        report: called with the share done, 0 to 1. Raise BackendError where it cannot be built.
        """
        monitor = _ProgressMonitor(BuildProgress(report))
        # In a thread, so that Ctrl-C arrives here: raised in a callback of TensorRT it is lost.
        with ThreadPoolExecutor(1) as elsewhere:
            built = elsewhere.submit(self._build, onnx, timings, monitor)
            try:
                return built.result()
            except KeyboardInterrupt:
                monitor.stop()
                raise

    def _build(
        self, onnx: bytes, timings: bytes, monitor: _ProgressMonitor
    ) -> tuple[bytes, bytes]:
        with self.current():
            builder = trt.Builder(self.logger)
            strongly_typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
            network = builder.create_network(strongly_typed)
            parser = trt.OnnxParser(network, self.logger)
            if not parser.parse(onnx):
                errors = [parser.get_error(i).desc() for i in range(parser.num_errors)]
                raise BackendError(f'TensorRT cannot read the ONNX: {"; ".join(errors)}')
            config = builder.create_builder_config()
            config.progress_monitor = monitor
            _use_timings(config, timings)
            engine = builder.build_serialized_network(network, config)
            if engine is None:
                raise BackendError(
                    f'TensorRT could not build the engine: {self.logger.last_error}. Out of '
                    'memory? Close other programs, or export a smaller --size'
                )
            return bytes(engine), bytes(config.get_timing_cache().serialize())

    def load(self, engine: bytes) -> Engine:
        """Return the engine ready to run; ForeignEngineError where it is not for this machine."""
        return Engine(self, engine)

    def close(self) -> None:
        """Release the device, from any thread; it may be opened again."""
        # pycuda releases only what is on its stack for this thread, and elsewhere leaks it. The
        # driver's stack must let go first: to release a primary context does not pop it.
        with _explained():
            self._context.push()
            ctypes.CDLL('libcuda.so.1')['cuCtxPopCurrent_v2'](ctypes.byref(ctypes.c_void_p()))
            self._context.detach()


def _use_timings(config: trt.IBuilderConfig, timings: bytes) -> None:
    """Give the build these timings, or none where they are another device's."""
    cache = config.create_timing_cache(timings)
    if cache is None or not config.set_timing_cache(cache, False):
        config.set_timing_cache(config.create_timing_cache(b''), False)


class Engine:
    """A loaded engine with its own stream and buffers; `run` takes `input` to `output`."""

    def __init__(self, gpu: Gpu, serialized: bytes) -> None:
        """Load, bind the buffers once, warm up and capture a CUDA graph."""
        self._gpu = gpu
        self._graph: _CudaGraph | None = None
        self._on_device: list[cuda.DeviceAllocation] = []
        with gpu.current(), ExitStack() as undo:
            undo.callback(self._free)
            self._runtime = trt.Runtime(gpu.logger)
            self._engine = self._runtime.deserialize_cuda_engine(serialized)
            if self._engine is None:
                raise ForeignEngineError(f'foreign engine: {gpu.logger.last_error}')
            self._execution = self._engine.create_execution_context()
            if self._execution is None:
                raise BackendError(f'no memory to run the engine: {gpu.logger.last_error}')
            self._stream = cuda.Stream()
            shape = self._checked_shape()
            self.input: NDArray[np.uint8] = cuda.pagelocked_empty((*shape, 3), np.uint8)
            self.output: NDArray[np.float32] = cuda.pagelocked_empty(shape, np.float32)
            for buffer in (self.input, self.output):
                self._on_device.append(cuda.mem_alloc(buffer.nbytes))
            self._bind()
            self._capture()
            undo.pop_all()

    def run(self) -> None:
        """Run once; raise BackendError where the device fails."""
        with self._gpu.current():
            if self._graph:
                self._graph.launch()
            else:
                self._enqueue()
            self._stream.synchronize()

    def close(self) -> None:
        """Free the engine and its buffers, in the order of their dependence."""
        with self._gpu.current():
            self._free()

    def _free(self) -> None:
        if self._graph:
            self._graph.close()
        for name in ('_execution', '_engine', '_runtime'):
            vars(self).pop(name, None)
        for memory in self._on_device:
            memory.free()
        for name in ('input', 'output', '_stream'):
            vars(self).pop(name, None)

    def _tensors(self, mode: trt.TensorIOMode) -> list[str]:
        engine = self._engine
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        return [name for name in names if engine.get_tensor_mode(name) == mode]

    def _checked_shape(self) -> tuple[int, int, int]:
        inputs, outputs = (
            [self._type_and_shape(name) for name in self._tensors(mode)]
            for mode in (trt.TensorIOMode.INPUT, trt.TensorIOMode.OUTPUT)
        )
        return check_shapes('the engine', inputs, outputs)

    def _type_and_shape(self, name: str) -> tuple[str, tuple[int, ...]]:
        shape = self._engine.get_tensor_shape(name)
        kind = TYPES.get(self._engine.get_tensor_dtype(name), 'another type')
        return kind, tuple(shape[i] for i in range(len(shape)))

    def _bind(self) -> None:
        names = [*self._tensors(trt.TensorIOMode.INPUT), *self._tensors(trt.TensorIOMode.OUTPUT)]
        for name, memory in zip(names, self._on_device, strict=True):
            self._execution.set_tensor_address(name, int(memory))

    def _capture(self) -> None:
        self._enqueue()
        self._stream.synchronize()
        try:
            self._graph = _CudaGraph(self._stream.handle, self._enqueue)
        except BackendError as error:
            LOG.warning('no CUDA graph, each frame costs more CPU time: %s', error)

    def _enqueue(self) -> None:
        cuda.memcpy_htod_async(self._on_device[0], self.input, self._stream)
        if not self._execution.execute_async_v3(self._stream.handle):
            raise BackendError(f'TensorRT failed to run: {self._gpu.logger.last_error}')
        cuda.memcpy_dtoh_async(self.output, self._on_device[1], self._stream)


class _CudaGraph:
    """Work captured from a stream, launched by one call; pycuda has no interface for it."""

    def __init__(self, stream: int, enqueue: Callable[[], None]) -> None:
        self._driver = ctypes.CDLL('libcuda.so.1')
        self._stream = ctypes.c_void_p(stream)
        self._executable = ctypes.c_void_p()
        graph = ctypes.c_void_p()
        self._call('cuStreamBeginCapture_v2', self._stream, ctypes.c_int(CAPTURE_THREAD_LOCAL))
        try:
            enqueue()
        finally:
            self._call('cuStreamEndCapture', self._stream, ctypes.byref(graph))
        executable, no_flags = ctypes.byref(self._executable), ctypes.c_ulonglong(0)
        self._call('cuGraphInstantiateWithFlags', executable, graph, no_flags)
        self._call('cuGraphDestroy', graph)

    def launch(self) -> None:
        """Put the captured work on the stream."""
        self._call('cuGraphLaunch', self._executable, self._stream)

    def close(self) -> None:
        """Free the graph."""
        self._call('cuGraphExecDestroy', self._executable)

    def _call(self, name: str, *arguments: object) -> None:
        code = self._driver[name](*arguments)
        if code != 0:
            raise BackendError(f'{name} failed with CUDA error {code}')


class _Logger(trt.ILogger):
    """Hands TensorRT's messages to logging and keeps the last error."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.last_error = 'TensorRT gives no reason'

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        """Take one message."""
        if severity in (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR):
            self.last_error = msg
            LOG.error('TensorRT: %s', msg)
        elif severity == trt.ILogger.Severity.WARNING:
            LOG.warning('TensorRT: %s', msg)


class _ProgressMonitor(trt.IProgressMonitor):
    """Hands TensorRT's phases on."""

    def __init__(self, progress: BuildProgress) -> None:
        trt.IProgressMonitor.__init__(self)
        self._progress = progress
        self._stopped = False

    def stop(self) -> None:
        """Let the build end, without an engine, at its next step."""
        self._stopped = True

    def phase_start(self, phase_name: str, parent_phase: str, num_steps: int) -> None:
        """Open a phase, perhaps inside another."""
        self._progress.start(phase_name, parent_phase or '', num_steps)

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Count a step; return whether to go on."""
        self._progress.step(phase_name, step)
        return not self._stopped

    def phase_finish(self, phase_name: str) -> None:
        """Close a phase; those of a build that is stopped are not done."""
        if not self._stopped:
            self._progress.finish(phase_name)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the bindings raise into a BackendError with the likely cause and cure."""
    try:
        yield
    except cuda.MemoryError as error:
        raise BackendError(
            f'the GPU is out of memory ({error}): close other programs, or take a smaller '
            'input_size or a smaller model'
        ) from error
    except cuda.Error as error:
        raise BackendError(
            f'CUDA failed ({error}): see that `nvidia-smi` (on a Jetson `tegrastats`) shows the '
            'GPU and that this user may use it'
        ) from error
    except TypeError as error:
        if 'nullptr' not in str(error):
            raise
        raise BackendError(
            'TensorRT cannot start on this driver: its version and the CUDA version of the '
            'tensorrt package do not fit. Install the TensorRT of the JetPack, or the package '
            'tensorrt-cu12 or -cu13 that `nvidia-smi` names'
        ) from error
