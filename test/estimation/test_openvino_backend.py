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

import sys

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
import numpy as np
from onnx import TensorProto
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx


def load(path):
    return OpenVinoBackend(ModelFile.open(path), threads=1, exact=True)


def images(count):
    return np.random.default_rng(count).integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize(('model_batch', 'count'), [(1, 1), (1, 3), (2, 2), (2, 3), (4, 1)])
def test_any_number_of_images_runs_through_a_network_of_any_batch(tmp_path, model_batch, count):
    backend = load(write_tiny_onnx(tmp_path / 'tiny.onnx', batch=model_batch))
    batch = images(count)
    np.testing.assert_allclose(backend.infer(batch), batch.mean(axis=3) / 255, atol=1e-6)


def test_a_result_stays_when_the_next_is_computed(tmp_path):
    backend = load(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    first = backend.infer(images(1))
    kept = first.copy()
    backend.infer(np.zeros((1, HEIGHT, WIDTH, 3), np.uint8))
    np.testing.assert_array_equal(first, kept)


def test_the_info_says_what_runs(tmp_path):
    properties = {'name': 'small', 'precision': 'fp32', 'prediction': 'metric'}
    info = load(write_tiny_onnx(tmp_path / 'tiny.onnx', properties=properties)).info
    assert (info.backend, info.model, info.precision) == ('openvino', 'small', 'fp32')
    assert (info.batch, info.height, info.width) == (1, HEIGHT, WIDTH)
    assert info.is_metric
    assert info.first_inference_ms > 0


@pytest.mark.parametrize(
    ('threads', 'cores', 'fills'), [(0, 2, True), (1, 2, False), (3, 2, True)]
)
def test_the_info_says_whether_inference_leaves_a_core(
    tmp_path, monkeypatch, threads, cores, fills
):
    monkeypatch.setattr('os.sched_getaffinity', lambda pid: set(range(cores)))
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    assert OpenVinoBackend(model, threads).info.fills_cpu == fills


@pytest.mark.parametrize(
    'wrong', [{'channels': 4}, {'input_type': TensorProto.FLOAT}, {'batch': 17}]
)
def test_a_model_of_the_wrong_shape_is_refused(tmp_path, wrong):
    with pytest.raises(BackendError, match=r'wrong shape|too large'):
        load(write_tiny_onnx(tmp_path / 'tiny.onnx', **wrong))


def test_what_looks_like_onnx_but_is_none_is_refused(tmp_path):
    (tmp_path / 'foreign.onnx').write_bytes(b'\x0a\x04abcd')
    with pytest.raises(BackendError, match=r'not an ONNX model|cannot compile'):
        load(tmp_path / 'foreign.onnx')


def test_images_of_another_size_are_refused(tmp_path):
    backend = load(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    with pytest.raises(ValueError, match='the network takes'):
        backend.infer(np.zeros((1, 14, 14, 3), np.uint8))


def test_a_closed_backend_says_so(tmp_path):
    backend = load(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    backend.close()
    with pytest.raises(BackendError, match='closed'):
        backend.infer(images(1))


def test_missing_openvino_names_the_extra(tmp_path, monkeypatch):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(BackendError, match=r"pip install 'depth_anything_ros\[cpu\]'"):
        load(path)
