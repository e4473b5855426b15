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

from depth_anything_ros.estimation.backend import BackendError, BackendInfo
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
from depth_anything_ros.estimation.proof import (
    Agreement,
    agreement,
    prove,
    Reference,
    reference_image,
    reference_of,
    reference_path,
    write_reference,
)
import numpy as np
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx


def depth_of(images):
    return images.mean(axis=3, dtype=np.float32) / 255


IMAGE = reference_image(HEIGHT, WIDTH)
REFERENCE = Reference(IMAGE, depth_of(IMAGE))


class Double:
    """A backend whose answers are given; `answer(images, call)`."""

    def __init__(self, answer, precision='fp16', batch=1):
        self.info = BackendInfo(
            'tensorrt', 'Orin', 'small', precision, batch, HEIGHT, WIDTH, False, 1.0
        )
        self.answer = answer
        self.calls = 0

    def infer(self, batch):
        self.calls += 1
        return self.answer(batch, self.calls).astype(np.float32)


def test_a_right_backend_is_proven():
    proof = prove(Double(lambda images, _: depth_of(images)), REFERENCE)
    assert proof == Agreement(pytest.approx(1.0), pytest.approx(0.0, abs=1e-6))


@pytest.mark.parametrize(
    'answer',
    [
        lambda images, _: 1 - depth_of(images),
        lambda images, call: np.random.default_rng(call).random(images.shape[:3]),
        lambda images, _: depth_of(images) * 3,
        lambda images, _: depth_of(images) + np.where(images[..., 0] > 100, np.nan, 0),
        lambda images, _: depth_of(images)[:, ::-1],
    ],
    ids=['inverted', 'noise', 'scaled', 'nan', 'upside down'],
)
def test_wrong_depth_is_refused_with_cause_and_cure(answer):
    with pytest.raises(BackendError, match=r'depth is wrong.*update TensorRT.*precision: fp32'):
        prove(Double(answer), REFERENCE)


def test_a_backend_that_is_right_once_is_refused():
    once = Double(lambda images, call: depth_of(images) if call == 1 else images[..., 0] * 0.0)
    with pytest.raises(BackendError, match='depth is wrong'):
        prove(once, REFERENCE)


def test_a_backend_that_answers_the_same_to_everything_is_refused():
    with pytest.raises(BackendError, match='does not depend on its input'):
        prove(Double(lambda images, _: REFERENCE.depth), REFERENCE)


def test_every_image_of_a_batch_must_be_right():
    def only_first(images, _):
        depth = depth_of(images)
        depth[1] = 0
        return depth

    with pytest.raises(BackendError, match='depth is wrong'):
        prove(Double(only_first, batch=2), REFERENCE)


def test_a_reference_of_another_size_is_refused():
    image = reference_image(14, 14)
    with pytest.raises(BackendError, match='export the model again'):
        prove(Double(lambda images, _: depth_of(images)), Reference(image, depth_of(image)))


def test_the_coarsest_precision_sets_the_tolerance():
    noisy = Agreement(0.99, 0.1)
    assert noisy.holds('fp32+bf16')
    assert not noisy.holds('fp16')
    assert not Agreement(0.97, 0.1).holds('int8+bf16')


def test_agreement_of_hand_computed_values():
    reference = np.array([[1.0, 2.0, 3.0, 4.0]], np.float32)
    found = agreement(np.array([[1.0, 3.0, 2.0, 4.0]], np.float32), reference)
    # Spearman: 1 − 6·Σd²/(n(n² − 1)) = 1 − 6·2/60. Error: mean 0.5, mean distance to 2.5 is 1.
    assert found == Agreement(pytest.approx(0.8), pytest.approx(0.5))


def test_a_stored_reference_is_read_back(tmp_path):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    write_reference(model, REFERENCE)
    stored = reference_of(model)
    np.testing.assert_array_equal(stored.depth, REFERENCE.depth)
    np.testing.assert_array_equal(stored.image, REFERENCE.image)


def test_a_foreign_model_gets_its_reference_once(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    computed = reference_of(model)
    np.testing.assert_allclose(computed.depth, depth_of(computed.image), atol=1e-6)
    monkeypatch.setattr(OpenVinoBackend, '__init__', None)
    np.testing.assert_array_equal(reference_of(model).depth, computed.depth)


def test_a_foreign_model_whose_depth_is_not_finite_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    monkeypatch.setattr(
        OpenVinoBackend, 'infer', lambda _, batch: np.full(batch.shape[:3], np.inf, np.float32)
    )
    for _ in range(2):
        with pytest.raises(BackendError, match=r'm\.onnx gives depth that is not finite'):
            reference_of(model)


def test_the_reference_of_another_onnx_is_refused(tmp_path):
    first = ModelFile.open(write_tiny_onnx(tmp_path / 'a.onnx'))
    write_reference(first, REFERENCE)
    other = write_tiny_onnx(tmp_path / 'b.onnx', properties={'name': 'other'})
    reference_path(first.path).rename(reference_path(other))
    with pytest.raises(BackendError, match='belongs to another ONNX'):
        reference_of(ModelFile.open(other))


@pytest.mark.parametrize('damage', [b'', b'PK\x03\x04 no zip', None])
def test_a_damaged_reference_is_refused(tmp_path, damage):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    write_reference(model, REFERENCE)
    path = reference_path(model.path)
    path.write_bytes(path.read_bytes()[:-300] if damage is None else damage)
    with pytest.raises(BackendError, match=r'does not prove m\.onnx: it is damaged'):
        reference_of(model)


def test_a_reference_of_altered_bytes_is_refused(tmp_path):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    write_reference(model, REFERENCE)
    path = reference_path(model.path)
    whole = path.read_bytes()
    for start in range(0, len(whole) - 200, 20):
        stop = start + 20
        altered = bytes(byte ^ 0xFF for byte in whole[start:stop])
        path.write_bytes(whole[:start] + altered + whole[stop:])
        with pytest.raises(BackendError, match=r'does not prove m\.onnx'):
            reference_of(model)


@pytest.mark.parametrize(
    ('image', 'depth', 'message'),
    [
        (IMAGE, REFERENCE.depth[:, :10, :10], r'has no depth of \(1, 10, 10\)'),
        (IMAGE[0, :, :, 0], REFERENCE.depth, 'has no depth'),
        (np.uint8(3), np.float32(4), 'has no depth'),
        (IMAGE[:0], REFERENCE.depth[:0], 'has no depth'),
        (IMAGE.astype(np.float32), REFERENCE.depth, 'holds float32 and float32'),
        (IMAGE, REFERENCE.depth * np.nan, 'not finite'),
    ],
)
def test_a_reference_of_another_form_is_refused(tmp_path, image, depth, message):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    np.savez(reference_path(model.path), image=image, depth=depth, onnx_sha256=model.sha256)
    with pytest.raises(BackendError, match=f'does not prove.*{message}.*export both again'):
        reference_of(model)


def test_a_precision_that_nobody_knows_is_refused():
    unknown = Double(lambda images, _: depth_of(images), precision='bogus+fp16')
    with pytest.raises(BackendError, match="small states the precision 'bogus'"):
        prove(unknown, REFERENCE)


def test_a_reference_with_pickled_code_is_refused(tmp_path):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'm.onnx'))
    hostile = np.array([{'code': print}], dtype=object)
    np.savez(reference_path(model.path), image=hostile, depth=hostile, onnx_sha256=model.sha256)
    with pytest.raises(BackendError, match='does not prove'):
        reference_of(model)
