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

from __future__ import annotations

from depth_anything_ros.mapping.local_grid import OccupancyGrid
from depth_anything_ros.mapping.point_cloud import PointCloud
from depth_anything_ros.mapping.virtual_scan import VirtualScan
from depth_anything_ros.node.messages import (
    cloud_message,
    color_of,
    depth_message,
    grid_message,
    image_message,
    scan_message,
)
import numpy as np
import pytest
from std_msgs.msg import Header

HEADER = Header(frame_id='map')


def test_image_rows_follow_each_other() -> None:
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    message = image_message(HEADER, image[:, ::2], '32FC1')
    assert (message.height, message.width, message.step) == (4, 3, 12)
    assert np.frombuffer(message.data, np.float32).tolist() == image[:, ::2].ravel().tolist()


def test_millimetres_have_zero_for_what_has_no_number() -> None:
    depth = np.array([[1.2344, np.nan, np.inf, -1.0, 70.0, 0.0]], np.float32)
    message = depth_message(HEADER, depth, '16UC1')
    assert np.frombuffer(message.data, np.uint16).tolist() == [1234, 0, 0, 0, 0, 0]


def test_near_is_red_and_far_is_blue() -> None:
    picture = color_of(np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64))
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    far, near = picture[0, 0].astype(int), picture[-1, -1].astype(int)
    assert near[0] > near[2] and far[2] > far[0]


def test_a_picture_of_nothing_but_one_depth() -> None:
    assert color_of(np.ones((8, 8), np.float32)).shape == (8, 8, 3)


def test_a_cloud_may_be_empty() -> None:
    message = cloud_message(HEADER, PointCloud(np.empty((1, 0, 3), np.float32), None))
    assert (message.height, message.width, len(message.data)) == (1, 0, 0)


def test_cloud_without_color_is_tight() -> None:
    points = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    message = cloud_message(HEADER, PointCloud(points, None))
    assert (message.point_step, message.row_step, message.is_dense) == (12, 24, False)
    assert np.frombuffer(message.data, np.float32).tolist() == points.ravel().tolist()


def test_cloud_packs_color_as_blue_green_red() -> None:
    points = np.array([[[1.0, 2.0, 3.0]]], np.float32)
    rgb = np.array([[[10, 20, 30]]], np.uint8)
    message = cloud_message(HEADER, PointCloud(points, rgb))
    assert [f.name for f in message.fields] == ['x', 'y', 'z', 'rgb']
    assert np.frombuffer(message.data, np.float32, 3).tolist() == [1.0, 2.0, 3.0]
    assert bytes(message.data)[12:] == bytes([30, 20, 10, 0])


def test_scan_ends_at_its_last_ray() -> None:
    scan = VirtualScan(np.array([1, np.inf, np.nan], np.float32), -0.5, 0.5, 0.1, 6.0)
    message = scan_message(HEADER, scan)
    assert (message.angle_min, message.angle_max) == (-0.5, 0.5)
    assert (message.range_min, message.range_max) == pytest.approx((0.1, 6.0))
    assert np.isinf(message.ranges[1]) and np.isnan(message.ranges[2])


def test_grid_rows_are_y() -> None:
    cells = np.array([[0, 50, 100], [-1, -1, -1]], np.int8)
    message = grid_message(HEADER, OccupancyGrid(cells, 0.05, -1.0, 2.0, False))
    assert (message.info.width, message.info.height) == (3, 2)
    assert message.data.tolist() == [0, 50, 100, -1, -1, -1]
    assert (message.info.origin.position.x, message.info.origin.position.y) == (-1.0, 2.0)
    assert message.info.origin.orientation.w == 1.0
