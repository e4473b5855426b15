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

"""The seam on a real CUDA driver: any NVIDIA GPU with pycuda will do, TensorRT is a double."""

from concurrent.futures import ThreadPoolExecutor
import ctypes
import importlib
import logging
import sys
from unittest.mock import patch

import numpy as np
import pytest
from test_tensorrt_engine import fake_tensorrt, SEAM, SHAPES

pytestmark = pytest.mark.gpu
IMAGE, DEPTH = SHAPES['image'], SHAPES['depth']
LEAK_BYTES = 16e6


class Copying:
    """An execution context whose network copies the first bytes of the image to the depth."""

    def __init__(self, libcuda):
        self.libcuda = libcuda
        self.addresses = {}
        self.fails = iter(())

    def set_tensor_address(self, name, address):
        self.addresses[name] = ctypes.c_uint64(address)

    def execute_async_v3(self, stream):
        addresses = self.addresses
        size, stream = ctypes.c_size_t(np.prod(IMAGE)), ctypes.c_void_p(stream)
        code = self.libcuda.cuMemcpyDtoDAsync_v2(
            addresses['depth'], addresses['image'], size, stream
        )
        return code == 0 and not next(self.fails, False)


@pytest.fixture
def libcuda(driver):
    driver.init()
    return ctypes.CDLL('libcuda.so.1')


@pytest.fixture
def execution(libcuda):
    return Copying(libcuda)


@pytest.fixture
def seam(execution):
    """Return the seam with the real driver below it and a double of TensorRT."""
    trt = fake_tensorrt()
    engine = trt.Runtime.return_value.deserialize_cuda_engine.return_value
    engine.create_execution_context.return_value = execution
    with patch.dict(sys.modules, tensorrt=trt):
        sys.modules.pop(SEAM, None)
        yield importlib.import_module(SEAM)
        sys.modules.pop(SEAM, None)


def current_context(libcuda):
    """Return the address of this thread's context, None where it has none."""
    found = ctypes.c_void_p()
    assert libcuda.cuCtxGetCurrent(ctypes.byref(found)) == 0
    return found.value


def assert_right(engine, seed):
    engine.input[:] = np.random.default_rng(seed).integers(0, 256, IMAGE, np.uint8)
    engine.output[:] = np.nan
    engine.run()
    copied = engine.output.view(np.uint8).ravel()[: engine.input.size]
    np.testing.assert_array_equal(copied, engine.input.ravel())


def test_a_frame_is_one_graph_that_follows_its_input(seam, caplog):
    gpu = seam.Gpu()
    with caplog.at_level(logging.WARNING):
        engine = gpu.load(b'engine')
    assert not caplog.records
    for seed in range(20):
        assert_right(engine, seed)
    engine.close()
    gpu.close()


def test_without_a_graph_the_same_steps_run(seam, execution, caplog):
    execution.fails = iter([False, True])  # the first run is the warming-up
    gpu = seam.Gpu()
    with caplog.at_level(logging.WARNING):
        engine = gpu.load(b'engine')
    assert 'no CUDA graph' in caplog.text
    for seed in range(5):
        assert_right(engine, seed)
    engine.close()
    gpu.close()


def test_any_thread_may_run_and_close_it(seam):
    gpus = [seam.Gpu() for _ in range(2)]
    engines = [gpu.load(b'engine') for gpu in gpus]

    def work(engine):
        for seed in range(200):
            assert_right(engine, seed)

    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(work, engines))
        pool.submit(engines[0].close).result()
        pool.submit(gpus[0].close).result()
    assert_right(engines[1], 1)
    engines[1].close()
    gpus[1].close()


def test_no_context_stays_current(seam, libcuda):
    before = current_context(libcuda)
    gpu = seam.Gpu()
    engine = gpu.load(b'engine')
    assert_right(engine, 1)
    assert current_context(libcuda) == before
    engine.close()
    gpu.close()
    assert current_context(libcuda) == before


def close_here(gpu, engine):
    engine.close()
    gpu.close()


def close_elsewhere(gpu, engine):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(close_here, gpu, engine).result()


@pytest.mark.parametrize('close', [close_here, close_elsewhere])
def test_opening_and_closing_leaves_no_memory_behind(seam, driver, close):
    def cycle():
        gpu = seam.Gpu()
        engine = gpu.load(b'engine')
        assert_right(engine, 1)
        close(gpu, engine)

    def free_bytes():
        gpu = seam.Gpu()
        with gpu.current():
            free, _ = driver.mem_get_info()
        gpu.close()
        return free

    cycle()
    before = free_bytes()
    for _ in range(20):
        cycle()
    assert before - free_bytes() < LEAK_BYTES


@pytest.mark.parametrize('close', [close_here, close_elsewhere])
def test_the_last_close_gives_the_device_back(seam, libcuda, close):
    """The driver keeps hundreds of megabytes for a context, another program may want them."""
    gpu = seam.Gpu()
    close(gpu, gpu.load(b'engine'))
    flags, active = ctypes.c_uint(), ctypes.c_int()
    assert libcuda.cuDevicePrimaryCtxGetState(0, ctypes.byref(flags), ctypes.byref(active)) == 0
    assert active.value == 0
