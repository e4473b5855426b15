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

"""Test where the points are."""

from __future__ import annotations

from dataclasses import replace

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import CloudConfig
from depth_anything_ros.mapping.point_cloud import point_cloud
import numpy as np
import pytest
from ray_scenes import make_view

PINHOLE = Pinhole(4, 3, 2.0, 2.0, 1.0, 1.0)
VIEW = make_view(PINHOLE)
RANGE_MAX = 6.0


def test_one_pixel() -> None:
    depth = np.full((3, 4), np.nan, np.float32)
    depth[2, 3] = 4.0  # one down and two right of the centre: (2/2, 1/2, 1) · 4
    cloud = point_cloud([VIEW], [depth], CloudConfig(), RANGE_MAX)
    assert cloud.points.shape == (3, 4, 3)
    assert cloud.rgb is None
    np.testing.assert_allclose(cloud.points[2, 3], [4.0, 2.0, 4.0])
    assert np.isnan(np.delete(cloud.points.reshape(-1, 3), 11, axis=0)).all()


@pytest.mark.parametrize('wanted', [True, False])
def test_rays_that_meet_nothing_end_at_the_range(wanted: bool) -> None:
    depth = np.full((3, 4), np.inf, np.float32)
    config = CloudConfig(cloud_free_space=wanted)
    points = point_cloud([VIEW], [depth], config, RANGE_MAX).points
    if wanted:
        np.testing.assert_allclose(points[1, 1], [0.0, 0.0, 6.0])
    else:
        assert np.isnan(points).all()


def test_the_views_of_a_camera_lie_side_by_side_in_its_frame() -> None:
    to_the_right = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    right = make_view(PINHOLE, camera_from_view=to_the_right)
    depth = np.full((3, 4), 2.0, np.float32)
    colored = CloudConfig(cloud_color=True)
    cloud = point_cloud([VIEW, right], [depth, depth], colored, RANGE_MAX)
    points = cloud.points
    assert points.shape == (3, 8, 3)
    assert cloud.rgb is not None and cloud.rgb.shape == (3, 8, 3)
    np.testing.assert_allclose(points[1, 1], [0.0, 0.0, 2.0])
    np.testing.assert_allclose(points[1, 5], [2.0, 0.0, 0.0], atol=1e-6)


def test_points_carry_the_color_of_their_pixel() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    depth = np.full((3, 4), 2.0, np.float32)
    view = replace(VIEW, image=image)
    cloud = point_cloud([view], [depth], CloudConfig(cloud_color=True), RANGE_MAX)
    assert cloud.rgb is not None
    np.testing.assert_array_equal(cloud.rgb, image)


def test_thinning_keeps_the_first_point_of_each_cube() -> None:
    depth = np.full((3, 4), 2.0, np.float32)
    depth[0] = np.nan
    config = CloudConfig(cloud_voxel_m=1.0, cloud_color=True)
    cloud = point_cloud([VIEW], [depth], config, RANGE_MAX)
    # Rows at y = 0 and 1, columns at x = −1, 0, 1, 2: eight cubes of one point each.
    assert cloud.points.shape == (1, 8, 3)
    assert cloud.rgb is not None and cloud.rgb.shape == (1, 8, 3)
    coarse = point_cloud([VIEW], [depth], CloudConfig(cloud_voxel_m=10.0), RANGE_MAX)
    # One cube each side of x = 0.
    np.testing.assert_allclose(coarse.points, [[[-1.0, 0.0, 2.0], [0.0, 0.0, 2.0]]])


def test_thinning_nothing_leaves_nothing() -> None:
    depth = np.full((3, 4), np.nan, np.float32)
    cloud = point_cloud([VIEW], [depth], CloudConfig(cloud_voxel_m=0.1), RANGE_MAX)
    assert cloud.points.shape == (1, 0, 3)
