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

from dataclasses import replace

from depth_anything_ros.scale.thumbnail import COLUMNS, inverse_values, Thumbnail, thumbnail
import numpy as np
import pytest
from scenes import MOUNT, PINHOLE, prediction


def test_blocks_are_means_and_their_camera_fits():
    u = np.arange(336, dtype=np.float32)
    small = thumbnail(prediction(np.tile(u, (252, 1))))
    assert small.values.shape == (36, COLUMNS)
    np.testing.assert_allclose(small.values[0], np.arange(COLUMNS) * 8 + 3.5, rtol=1e-5)
    first = (3.5 - PINHOLE.cx) / PINHOLE.fx
    assert small.pinhole.ray_x[0] == pytest.approx(first, rel=1e-5)


def test_metric_values_become_inverse_depth():
    values = inverse_values(prediction(np.array([[2.0, 0.0, -1.0]], np.float32), is_metric=True))
    np.testing.assert_allclose(values, [[0.5, np.nan, np.nan]])


def test_blocks_with_unseen_pixels_are_unseen():
    step = prediction(np.ones((252, 336), np.float32))
    seen = np.ones((252, 336), bool)
    seen[:, :10] = False
    small = thumbnail(replace(step, view=replace(step.view, seen=seen)))
    assert np.isnan(small.values[:, :2]).all() and np.isfinite(small.values[:, 2:]).all()
    assert small.middle == 1.0


def test_the_median_leaves_sky_out():
    values = np.zeros((10, 10))
    values[7:] = [[1.0], [2.0], [3.0]]
    small = Thumbnail(values, None, None)
    assert small.middle == 2.0


def test_the_median_of_nothing_is_zero():
    assert thumbnail(prediction(np.full((252, 336), np.nan, np.float32))).middle == 0.0


def test_poses():
    values, grid_from_base = np.ones((252, 336), np.float32), np.diag([1.0, 1, 1, 1])
    grid_from_base[0, 3] = 2.0
    posed = thumbnail(prediction(values, grid_from_base=grid_from_base))
    np.testing.assert_allclose(posed.view.grid_from_view, grid_from_base @ MOUNT)
    assert thumbnail(prediction(values)).view.grid_from_view is None
    unmounted = prediction(values, None, grid_from_base=np.eye(4))
    assert thumbnail(unmounted).view.grid_from_view is None
