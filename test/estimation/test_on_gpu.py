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

"""What only an NVIDIA GPU with TensorRT and pycuda can show: `pytest -m gpu` on the robot."""

from concurrent.futures import ThreadPoolExecutor
import logging

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.engine_cache import engine_path
from depth_anything_ros.estimation.load import open_backend
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import exports_of
from depth_anything_ros.estimation.private_cache import read_private, write_private
from depth_anything_ros.estimation.tensorrt_backend import open_gpu, TensorRtBackend
import numpy as np
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx

pytestmark = pytest.mark.gpu
BATCH = 2
LEAK_BYTES = 32e6


@pytest.fixture(autouse=True)
def cuda(driver, tmp_path, monkeypatch):
    """Give each test a cache of its own; return pycuda's driver, or skip without TensorRT."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    try:
        import tensorrt  # noqa: F401
    except ImportError as error:
        pytest.skip(f'needs TensorRT: {error}')
    return driver


@pytest.fixture
def tiny(tmp_path):
    """Return a model of which each pixel of the answer is known: the mean of the channels."""
    properties = {'name': 'tiny', 'size': f'{HEIGHT}x{WIDTH}', 'precision': 'fp32'}
    path = write_tiny_onnx(tmp_path / 'tiny.onnx', batch=BATCH, properties=properties)
    return ModelFile.open(path)


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8)


def assert_right(backend, batch):
    np.testing.assert_allclose(backend.infer(batch), batch.mean(axis=3) / 255, atol=2e-3)


def free_bytes(cuda):
    gpu = open_gpu()
    with gpu.current():
        free, _ = cuda.mem_get_info()
    gpu.close()
    return free


def test_the_demo_model_is_built_once_and_proven_at_each_start():
    (file,) = exports_of('demo')
    starts = []
    for _ in range(2):
        shares = []
        starts.append(shares)
        backend = open_backend(file, 'tensorrt', EstimationConfig(), shares.append)
        assert (backend.info.backend, backend.info.precision) == ('tensorrt', 'fp32')
        backend.close()
    assert starts[0] == sorted(starts[0])
    assert 0.5 < starts[0][-1] <= 1
    assert starts[1] == []


@pytest.mark.parametrize('count', [1, BATCH, 2 * BATCH + 1])
def test_any_number_of_images_is_answered(tiny, count):
    backend = TensorRtBackend(tiny, open_gpu())
    assert_right(backend, images(count))
    backend.close()


def test_each_frame_is_one_graph(tiny, caplog):
    with caplog.at_level(logging.WARNING):
        backend = TensorRtBackend(tiny, open_gpu())
    assert not [record for record in caplog.records if 'no CUDA graph' in record.message]
    for seed in range(20):
        assert_right(backend, images(BATCH, seed))
    backend.close()


@pytest.mark.parametrize('damage', [lambda engine: engine[: len(engine) // 2], lambda _: b'none'])
def test_a_damaged_engine_is_built_anew(tiny, damage):
    gpu = open_gpu()
    path = engine_path(tiny, gpu.identity)
    TensorRtBackend(tiny, gpu).close()
    engine = read_private(path)
    write_private(path, damage(engine))
    backend = TensorRtBackend(tiny, open_gpu())
    assert_right(backend, images(1))
    backend.close()
    assert len(read_private(path)) > len(engine) // 2


def test_threads_share_the_gpu(tiny):
    """The node loads in one thread and infers in another, and two nodes may share a process."""
    backends = [TensorRtBackend(tiny, open_gpu()) for _ in range(2)]

    def work(backend):
        for seed in range(50):
            assert_right(backend, images(BATCH, seed))

    with ThreadPoolExecutor(len(backends)) as pool:
        list(pool.map(work, backends))
        pool.submit(backends[0].close).result()
    assert_right(backends[1], images(1))
    backends[1].close()


def test_loading_and_closing_leaves_no_memory_behind(tiny, cuda):
    def cycle():
        backend = TensorRtBackend(tiny, open_gpu())
        backend.infer(images(1))
        backend.close()

    keeper = open_gpu()
    cycle()
    before = free_bytes(cuda)
    for _ in range(20):
        cycle()
    assert before - free_bytes(cuda) < LEAK_BYTES
    keeper.close()


def test_a_failed_load_leaves_the_gpu_usable(tiny, tmp_path):
    broken = tmp_path / 'broken.onnx'
    broken.write_bytes(tiny.path.read_bytes()[:-40])
    gpu = open_gpu()
    with pytest.raises(BackendError, match='cannot read the ONNX'):
        gpu.build(broken.read_bytes(), b'', lambda _: None)
    with pytest.raises(BackendError):
        gpu.load(b'no engine')
    gpu.close()
    backend = TensorRtBackend(tiny, open_gpu())
    assert_right(backend, images(1))
    backend.close()
