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

"""The order of calls into TensorRT and CUDA, on fakes of both modules that record them."""

from contextlib import suppress
import importlib
import os
import signal
import sys
import time
from types import ModuleType
from unittest.mock import MagicMock

from depth_anything_ros.estimation.backend import BackendError, ForeignEngineError
import numpy as np
import pytest

SEAM = 'depth_anything_ros.estimation.tensorrt_engine'
SHAPES = {'image': (2, 28, 42, 3), 'depth': (2, 28, 42)}


class CudaError(Exception):
    pass


class CudaMemoryError(CudaError):
    pass


def fake_tensorrt():
    """Return a module whose engine has one image and one depth tensor."""
    trt = MagicMock(__version__='11.4.0')
    trt.ILogger = type('ILogger', (), {'Severity': MagicMock()})
    trt.IProgressMonitor = type('IProgressMonitor', (), {})
    trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED = 1
    engine = trt.Runtime.return_value.deserialize_cuda_engine.return_value
    engine.num_io_tensors = 2
    engine.get_tensor_name = ['depth', 'image'].__getitem__
    engine.get_tensor_shape = SHAPES.__getitem__
    mode = trt.TensorIOMode
    engine.get_tensor_mode = {'image': mode.INPUT, 'depth': mode.OUTPUT}.__getitem__
    kind = trt.DataType
    engine.get_tensor_dtype = {'image': kind.UINT8, 'depth': kind.FLOAT}.__getitem__
    builder = trt.Builder.return_value
    builder.build_serialized_network.return_value = b'plan'
    cache = builder.create_builder_config.return_value.get_timing_cache.return_value
    cache.serialize.return_value = b'new timings'
    return trt


def fake_cuda():
    """Return a pycuda.driver without a device behind it."""
    cuda = MagicMock(Error=CudaError, MemoryError=CudaMemoryError)
    cuda.pagelocked_empty = np.zeros
    device = cuda.Device.return_value
    device.name.return_value, device.compute_capability.return_value = 'Orin', (8, 7)
    device.get_attribute = {cuda.device_attribute.MULTIPROCESSOR_COUNT: 8}.__getitem__
    memories = [MagicMock(), MagicMock()]
    for memory, address in zip(memories, (1000, 2000), strict=True):
        memory.__int__.return_value = address
    cuda.mem_alloc.side_effect = memories
    cuda.Stream.return_value.handle = 77
    return cuda


@pytest.fixture
def fakes(monkeypatch):
    """Return (the seam, tensorrt, pycuda.driver, libcuda), the last three fake."""
    trt, cuda, libcuda = fake_tensorrt(), fake_cuda(), MagicMock()
    libcuda.__getitem__.return_value.return_value = 0
    pycuda = ModuleType('pycuda')
    pycuda.driver = cuda
    for name, module in (('tensorrt', trt), ('pycuda', pycuda), ('pycuda.driver', cuda)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, SEAM, raising=False)
    seam = importlib.import_module(SEAM)
    monkeypatch.setattr(seam.ctypes, 'CDLL', lambda _: libcuda)
    yield seam, trt, cuda, libcuda
    sys.modules.pop(SEAM, None)


def context_of(trt):
    engine = trt.Runtime.return_value.deserialize_cuda_engine.return_value
    return engine.create_execution_context.return_value


def called(libcuda):
    return [call.args[0] for call in libcuda.__getitem__.call_args_list]


def test_a_build_is_strongly_typed_and_uses_the_timing_cache(fakes):
    seam, trt, _, _ = fakes
    gpu = seam.Gpu()
    assert gpu.build(b'onnx', b'timings', lambda _: None) == (b'plan', b'new timings')
    builder = trt.Builder.return_value
    builder.create_network.assert_called_once_with(1 << 1)
    trt.OnnxParser.return_value.parse.assert_called_once_with(b'onnx')
    builder.create_builder_config.return_value.create_timing_cache.assert_called_once_with(
        b'timings'
    )
    assert str(gpu.identity) == 'Orin sm87 x8 TensorRT 11.4.0'


@pytest.mark.parametrize('readable', [True, False])
def test_timings_of_another_device_are_left_out(fakes, readable):
    seam, trt, _, _ = fakes
    config = trt.Builder.return_value.create_builder_config.return_value
    caches = {b'other': 'theirs' if readable else None, b'': 'none'}
    config.create_timing_cache = caches.__getitem__
    config.set_timing_cache.side_effect = lambda cache, _: cache == 'none'
    seam.Gpu().build(b'onnx', b'other', lambda _: None)
    assert config.set_timing_cache.call_args.args == ('none', False)
    assert config.set_timing_cache.call_count == 1 + readable


def test_tensors_are_bound_by_name_once_whatever_their_order(fakes):
    seam, trt, _, _ = fakes
    engine = seam.Gpu().load(b'plan')
    engine.run()
    engine.run()
    bound = [call.args for call in context_of(trt).set_tensor_address.call_args_list]
    assert bound == [('image', 1000), ('depth', 2000)]
    assert (engine.input.shape, engine.output.shape) == (SHAPES['image'], SHAPES['depth'])


def test_after_a_warm_up_a_captured_graph_runs(fakes):
    seam, trt, _, libcuda = fakes
    engine = seam.Gpu().load(b'plan')
    execute = context_of(trt).execute_async_v3
    assert [call.args for call in execute.call_args_list] == [(77,), (77,)]
    assert called(libcuda)[:2] == ['cuStreamBeginCapture_v2', 'cuStreamEndCapture']
    engine.run()
    assert execute.call_count == 2
    assert called(libcuda)[-1] == 'cuGraphLaunch'


def test_without_a_graph_it_runs_plainly(fakes):
    seam, trt, cuda, libcuda = fakes
    libcuda.__getitem__.return_value.return_value = 900
    engine = seam.Gpu().load(b'plan')
    warm_up = context_of(trt).execute_async_v3.call_count
    engine.run()
    assert context_of(trt).execute_async_v3.call_count == warm_up + 1
    assert cuda.memcpy_dtoh_async.called


def test_the_context_is_current_only_inside_calls(fakes):
    seam, _, cuda, _ = fakes
    context = cuda.Device.return_value.retain_primary_context.return_value
    gpu = seam.Gpu()
    engine = gpu.load(b'plan')
    engine.run()
    engine.close()
    assert context.push.call_count == cuda.Context.pop.call_count == 3
    gpu.close()
    context.detach.assert_called_once_with()


def test_the_device_is_released_as_pycudas_current_context_but_not_the_drivers(fakes):
    seam, _, cuda, libcuda = fakes
    order = []
    context = cuda.Device.return_value.retain_primary_context.return_value
    context.push = lambda: order.append('push')
    context.detach = lambda: order.append('detach')
    libcuda.__getitem__.side_effect = lambda name: lambda _: order.append(name)
    seam.Gpu().close()
    assert order == ['push', 'cuCtxPopCurrent_v2', 'detach']


def test_closing_frees_the_graph(fakes):
    seam, _, _, libcuda = fakes
    engine = seam.Gpu().load(b'plan')
    memory = list(engine._on_device)
    engine.close()
    assert called(libcuda)[-1] == 'cuGraphExecDestroy'
    assert all(part.free.called for part in memory)


def test_what_cannot_be_loaded_is_freed_while_there_is_a_context(fakes):
    seam, trt, cuda, _ = fakes
    order = []
    memories = [MagicMock(), MagicMock()]
    for memory in memories:
        memory.free = lambda: order.append('free')
    cuda.mem_alloc.side_effect = memories
    cuda.Context.pop = lambda: order.append('pop')
    context_of(trt).execute_async_v3 = lambda _: False
    with pytest.raises(BackendError, match='failed to run'):
        seam.Gpu().load(b'plan')
    assert order == ['free', 'free', 'pop']


def raising(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize(
    ('break_it', 'message'),
    [
        (
            lambda trt, cuda: setattr(
                trt, 'Runtime', raising(TypeError('factory function returned nullptr'))
            ),
            'cannot start on this driver',
        ),
        (
            lambda trt, cuda: setattr(cuda, 'mem_alloc', raising(CudaMemoryError('oom'))),
            'out of memory.*smaller',
        ),
        (
            lambda trt, cuda: setattr(cuda, 'init', raising(CudaError('no device'))),
            'CUDA failed.*nvidia-smi',
        ),
        (
            lambda trt, cuda: setattr(
                trt.Runtime.return_value.deserialize_cuda_engine.return_value,
                'create_execution_context',
                lambda: None,
            ),
            'no memory to run',
        ),
        (
            lambda trt, cuda: setattr(context_of(trt), 'execute_async_v3', lambda _: False),
            'TensorRT failed to run',
        ),
        (
            lambda trt, cuda: setattr(
                trt.Runtime.return_value.deserialize_cuda_engine.return_value,
                'get_tensor_shape',
                lambda _: (1, 3, 28, 42),
            ),
            'wrong shape',
        ),
    ],
    ids=['driver mismatch', 'out of memory', 'no device', 'no context', 'run', 'other network'],
)
def test_each_failure_is_one_clear_error(fakes, break_it, message):
    seam, trt, cuda, _ = fakes
    break_it(trt, cuda)
    with pytest.raises(BackendError, match=message):
        seam.Gpu().load(b'plan')


def test_a_foreign_engine_is_told_apart(fakes):
    seam, trt, _, _ = fakes
    trt.Runtime.return_value.deserialize_cuda_engine.return_value = None
    with pytest.raises(ForeignEngineError):
        seam.Gpu().load(b'plan')


def test_an_onnx_that_tensorrt_cannot_read_names_its_errors(fakes):
    seam, trt, _, _ = fakes
    parser = trt.OnnxParser.return_value
    parser.parse.return_value, parser.num_errors = False, 1
    parser.get_error.return_value.desc.return_value = 'unsupported operator Foo'
    with pytest.raises(BackendError, match='unsupported operator Foo'):
        seam.Gpu().build(b'onnx', b'', lambda _: None)


def test_a_build_that_fails_says_why(fakes):
    seam, trt, _, _ = fakes
    trt.Builder.return_value.build_serialized_network.return_value = None
    gpu = seam.Gpu()
    gpu.logger.log(trt.ILogger.Severity.ERROR, 'insufficient workspace')
    with pytest.raises(BackendError, match='insufficient workspace'):
        gpu.build(b'onnx', b'', lambda _: None)


class SlowBuilder:
    """A build that Ctrl-C hits; as TensorRT, it goes on where a callback raises."""

    def __init__(self):
        self.went_on_to_its_end = False

    def build_serialized_network(self, _, config):
        monitor = config.progress_monitor
        monitor.phase_start('build', None, 200)
        for step in range(200):
            with suppress(KeyboardInterrupt):
                if step == 1:
                    os.kill(os.getpid(), signal.SIGINT)
                if not monitor.step_complete('build', step):
                    monitor.phase_finish('build')
                    return None
            time.sleep(0.01)
        self.went_on_to_its_end = True
        return b'plan'


def test_ctrl_c_ends_a_build(fakes):
    seam, trt, _, _ = fakes
    builder = SlowBuilder()
    trt.Builder.return_value.build_serialized_network = builder.build_serialized_network
    shares = []
    with pytest.raises(KeyboardInterrupt):
        seam.Gpu().build(b'onnx', b'', shares.append)
    assert not builder.went_on_to_its_end
    assert max(shares) < 1
