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

from depth_anything_ros.simulation.batches import Views
import numpy as np
import pytest


@pytest.fixture
def views(tmp_path):
    """Return views whose inverse depth is a ramp from left to right, and so is their red."""
    ramp = np.tile(np.linspace(0.1, 1.0, 56, dtype=np.float32), (42, 1))
    image = np.zeros((3, 42, 56, 3), np.uint8)
    image[..., 0] = 200 * ramp
    image[..., 1:] = 90
    np.savez(tmp_path / 'a.npz', image=image, inverse_depth=np.stack([ramp] * 3, dtype=np.float16))
    return Views(tmp_path)


def test_a_folder_without_views_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='render-views'):
        Views(tmp_path)


@pytest.mark.parametrize('damage', [b'', b'no archive', None])
def test_a_damaged_shard_is_named(views, tmp_path, damage):
    whole = (tmp_path / 'a.npz').read_bytes()
    (tmp_path / 'b.npz').write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(ValueError, match=r'b\.npz cannot be read: remove it'):
        Views(tmp_path)


def test_a_plain_view_is_resized_and_scaled(views):
    image, inverse_depth = views.plain(1, 28, 42)
    assert len(views) == 3
    assert image.shape == (28, 42, 3) and image.dtype == np.float32
    assert inverse_depth.shape == (28, 42) and inverse_depth.dtype == np.float32
    assert image[0, 0, 1] == pytest.approx(90 / 255)


@pytest.mark.parametrize('seed', range(10))
def test_image_and_depth_are_cropped_and_flipped_together(views, seed):
    images, inverse_depths = views.batch(np.random.default_rng(seed), 4, 42, 56)
    assert images.shape == (4, 42, 56, 3) and inverse_depths.shape == (4, 42, 56)
    assert images.min() >= 0 and images.max() <= 1
    for image, inverse_depth in zip(images, inverse_depths, strict=True):
        red, truth = image[..., 0].mean(axis=0), inverse_depth.mean(axis=0)
        assert np.corrcoef(red, truth)[0, 1] > 0.9


def test_the_same_generator_makes_the_same_batch(views):
    first, second = (views.batch(np.random.default_rng(5), 2, 42, 56) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
