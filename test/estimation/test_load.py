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

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation import load
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.ladder_backend import LadderBackend
from depth_anything_ros.estimation.load import choose_backend, load_backend, rungs
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import export_path
from depth_anything_ros.estimation.proof import Reference, reference_image, write_reference
from depth_anything_ros.estimation.sizes import WINDOW
import numpy as np
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def add_export(size, precision='fp32', batch='1'):
    properties = {'name': 'small', 'size': size, 'precision': precision, 'batch': batch}
    height, width = map(int, size.split('x'))
    path = export_path('small', height, width, precision, int(batch))
    return write_tiny_onnx(path, properties=properties)


def chosen(kind='openvino', **settings):
    return [f.path.name for f in rungs(EstimationConfig(model='small', **settings), kind)]


def test_a_model_runs_and_is_proven(tmp_path):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    backend = load_backend(EstimationConfig(model=str(path), backend='openvino'))
    image = np.full((1, HEIGHT, WIDTH, 3), 51, np.uint8)
    np.testing.assert_allclose(backend.infer(image), 0.2, rtol=0.01)


def test_a_model_whose_proof_fails_is_refused(tmp_path):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    image = reference_image(HEIGHT, WIDTH)
    wrong = Reference(image, 1 - image.mean(axis=3, dtype=np.float32) / 255)
    write_reference(model, wrong)
    with pytest.raises(BackendError, match='depth is wrong'):
        load_backend(EstimationConfig(model=str(model.path), backend='openvino'))


def test_a_noncommercial_model_is_refused_unless_accepted(tmp_path):
    path = write_tiny_onnx(
        tmp_path / 'base.onnx', properties={'name': 'base', 'license': 'cc-by-nc-4.0'}
    )
    with pytest.raises(BackendError, match='accept_noncommercial_license'):
        load_backend(EstimationConfig(model=str(path), backend='openvino'))
    load_backend(
        EstimationConfig(model=str(path), backend='openvino', accept_noncommercial_license=True)
    )


def test_sizes_are_sorted_by_area_one_file_each():
    for size in ('252x336', '98x98', '168x224'):
        add_export(size)
    add_export('168x224', 'fp16')
    assert chosen() == [
        'small-98x98-fp32.onnx',
        'small-168x224-fp32.onnx',
        'small-252x336-fp32.onnx',
    ]


def test_each_backend_prefers_its_precision_and_takes_the_other():
    add_export('168x224', 'fp32')
    add_export('168x224', 'fp16')
    add_export('98x98', 'fp32')
    add_export('98x98', 'int8')
    assert chosen('tensorrt') == ['small-98x98-fp32.onnx', 'small-168x224-fp16.onnx']
    assert chosen('openvino') == ['small-98x98-fp32.onnx', 'small-168x224-fp32.onnx']
    assert chosen(precision='int8') == ['small-98x98-int8.onnx']


def test_a_size_and_a_batch_are_taken_where_asked_for():
    add_export('168x224')
    add_export('98x98')
    add_export('98x98', batch='4')
    assert chosen(input_size='168x224') == ['small-168x224-fp32.onnx']
    assert chosen(inference_batch=4) == ['small-98x98-fp32-batch4.onnx']


def test_what_is_not_exported_says_what_is():
    add_export('168x224')
    with pytest.raises(BackendError, match=r'252x336.*small-168x224-fp32\.onnx.*model export'):
        chosen(input_size='252x336')


def test_without_a_gpu_auto_is_openvino(monkeypatch):
    monkeypatch.setattr(load, 'has_nvidia_gpu', lambda: False)
    assert choose_backend('auto') == 'openvino'
    assert choose_backend('tensorrt') == 'tensorrt'


def test_with_a_gpu_that_tensorrt_cannot_use_auto_says_so(monkeypatch, caplog):
    def fail():
        raise BackendError('no driver')

    monkeypatch.setattr(load, 'has_nvidia_gpu', lambda: True)
    monkeypatch.setattr(load, 'open_gpu', fail)
    assert choose_backend('auto') == 'openvino'
    assert 'the CPU is used: no driver' in caplog.text


class Rung:
    """A backend of one size that takes a given time, by a clock the test owns."""

    def __init__(self, file, clock):
        self.info = type('Info', (), {'batch': 1, 'height': file.height, 'width': 4})()
        self.file, self.clock, self.closed = file, clock, False

    def infer(self, batch):
        self.clock[0] += self.file.time_ms / 1e3
        return np.zeros(batch.shape[:3], np.float32)

    def close(self):
        self.closed = True


class File:
    """A model file that runs in a stated time."""

    def __init__(self, height, time_ms):
        self.height, self.time_ms = height, time_ms
        self.metadata = type('Metadata', (), {'size': f'{height}x4'})()


@pytest.fixture
def ladder(monkeypatch):
    clock, loaded = [0.0], []
    monkeypatch.setattr(
        'depth_anything_ros.estimation.ladder_backend.time.perf_counter', lambda: clock[0]
    )

    def load_rung(file):
        loaded.append(Rung(file, clock))
        return loaded[-1]

    files = [File(14, 10.0), File(28, 30.0), File(42, 60.0), File(56, 120.0)]
    return LadderBackend(files, load_rung, target_rate_hz=20), files, loaded


def test_the_ladder_times_upward_until_too_slow_and_takes_what_fits(ladder):
    backend, _, loaded = ladder
    assert [rung.file.height for rung in loaded] == [14, 28, 42, 28]
    assert [rung.closed for rung in loaded] == [True, True, True, False]
    assert backend.info.height == 28


def test_an_overrun_loads_the_smaller_size_and_frees_the_larger(ladder):
    backend, files, loaded = ladder
    files[1].time_ms = 70.0
    batch = np.zeros((1, 28, 4, 3), np.uint8)
    for _ in range(WINDOW):
        assert backend.infer(batch).shape == (1, 28, 4)
    assert backend.info.height == 14
    assert [rung.closed for rung in loaded[-2:]] == [True, False]


def test_a_backend_that_nobody_knows_is_refused():
    with pytest.raises(BackendError, match="'bogus' is none of auto, openvino, tensorrt"):
        choose_backend('bogus')
