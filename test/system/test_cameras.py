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

"""Several cameras in one node."""

from __future__ import annotations

from pathlib import Path
import time

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import OccupancyGrid, Odometry
import numpy as np
import pytest
from rclpy.duration import Duration
from rclpy.time import Time
from robot import CAMERA_HEIGHT_M, HEIGHT, LATCHED, Robot, WIDTH
from sensor_msgs.msg import Image, PointCloud2

pytestmark = pytest.mark.system

CAMERAS = ('front', 'left', 'right')
MOUNTINGS = {
    f'{name}.{setting}': value
    for name, yaw in zip(CAMERAS, (0.0, 1.5, -1.5), strict=True)
    for setting, value in (('camera_height_m', CAMERA_HEIGHT_M), ('camera_yaw_rad', yaw))
}


def status_of(diagnostics: list[DiagnosticArray], name: str) -> DiagnosticStatus:
    """Return the newest status of a camera."""
    found = [s for m in diagnostics for s in m.status if s.name.endswith(f': {name}')]
    return found[-1] if found else DiagnosticStatus()


def test_one_batch_for_all_and_one_that_dies_and_returns_otherwise(robot: Robot) -> None:
    depths = {name: robot.hear(f'{name}/depth/image_rect', Image) for name in CAMERAS}
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.backend.seconds = 0.05
    robot.start(cameras=list(CAMERAS), **MOUNTINGS)

    def all_show() -> None:
        for name in CAMERAS:
            robot.show(f'{name}/')

    robot.until(lambda: all(depths.values()) and grids, 'depth of all and a grid', all_show)
    robot.until(lambda: max(robot.backend.batches) > 1, 'a batch of several', all_show)

    def front_is_dead() -> None:
        for name in CAMERAS[1:]:
            robot.show(f'{name}/')

    dead = DiagnosticStatus.STALE
    robot.until(lambda: status_of(diagnostics, 'front').level == dead, 'a report', front_is_dead)
    for name in CAMERAS:
        depths[name].clear()
    robot.until(lambda: len(depths['left']) > 5, 'depth of the others', front_is_dead)
    assert len(depths['right']) > 2 and not depths['front']

    def front_is_back() -> None:
        front_is_dead()
        robot.show('front/', size=(2 * WIDTH, 2 * HEIGHT))

    robot.until(lambda: depths['front'], 'depth of the one that returned', front_is_back)
    robot.until(lambda: status_of(diagnostics, 'front').level != dead, 'life', front_is_back)


def test_a_camera_of_nonsense_does_not_stop_the_others(robot: Robot) -> None:
    depths = robot.hear('left/depth/image_rect', Image)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.hear('front/depth/image_rect', Image)
    robot.start(cameras=['front', 'left'], **MOUNTINGS)

    def show() -> None:
        robot.show('front/', encoding='nonsense')
        robot.show('left/')

    bad = DiagnosticStatus.ERROR
    robot.until(lambda: status_of(diagnostics, 'front').level == bad, 'a report', show)
    assert 'nonsense' in status_of(diagnostics, 'front').message
    assert status_of(diagnostics, 'front').name == f'{robot.name}: front'
    robot.until(lambda: len(depths) > 10, 'depth of the other', show)


def test_a_body_mask_that_goes_costs_its_own_camera_only(robot: Robot, tmp_path: Path) -> None:
    for name in ('front', 'left'):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((4, 4), np.uint8))
    depths = {name: robot.hear(f'{name}/depth/image_rect', Image) for name in ('front', 'left')}
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    mask = str(tmp_path / '{camera}.png')
    robot.backend.seconds = 0.1  # so that both are in one step
    node = robot.start(cameras=['front', 'left'], body_mask=mask, **MOUNTINGS)

    def show() -> None:
        robot.show('front/')
        robot.show('left/')

    robot.until(lambda: all(depths.values()), 'depth of both', show)
    (tmp_path / 'front.png').unlink()
    node.trigger_deactivate()
    node.trigger_activate()
    bad = DiagnosticStatus.ERROR
    robot.until(lambda: status_of(diagnostics, 'front').level == bad, 'a report', show)
    assert 'front.png is not an image' in status_of(diagnostics, 'front').message
    for messages in (*depths.values(), grids):
        messages.clear()
    robot.until(lambda: len(depths['left']) > 10 and len(grids) > 10, 'the other', show)
    assert not depths['front']
    assert status_of(diagnostics, 'left').level != bad
    cv2.imwrite(str(tmp_path / 'front.png'), np.zeros((4, 4), np.uint8))
    robot.until(lambda: depths['front'], 'depth once the mask is back', show)


def test_a_quality_of_service_that_does_not_exist_costs_its_own_camera_only(
    robot: Robot,
) -> None:
    name = 'qos_overrides./front/view_0/depth/color.publisher.reliability'
    width = {'front.horizontal_fov_deg': 130.0, 'left.horizontal_fov_deg': 70.0}
    clouds = robot.hear('front/depth/points', PointCloud2)
    depths = robot.hear('left/depth/image_rect', Image)
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.backend.seconds = 0.1  # so that both are in one step
    robot.start(cameras=['front', 'left'], **MOUNTINGS, **width, **{name: 'good'})

    def show() -> None:
        robot.show('front/', info=False)
        robot.show('left/', info=False)

    robot.until(lambda: len(depths) > 10 and len(grids) > 10, 'the other', show)
    assert not clouds
    assert any('front: ' in line and '`good`' in line for line in robot.log)
    assert not any('left: ' in line and '`good`' in line for line in robot.log)


def left_of(grid: OccupancyGrid) -> int:
    """Return the cell two metres left of the odometry's origin."""
    origin, step = grid.info.origin.position, grid.info.resolution
    row, column = int((2.0 - origin.y) / step), int((0.14 - origin.x) / step)
    return int(grid.data[row * grid.info.width + column])


def test_what_a_dead_camera_saw_free_is_unknown_soon(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(cameras=['front', 'left'], pose_source='odometry', **MOUNTINGS)

    def show(*cameras: str) -> None:
        odometry = Odometry(header=robot.header('odom'))
        odometry.pose.pose.orientation.w = 1.0
        robot.publish('odom', odometry)
        for camera in cameras:
            robot.show(f'{camera}/')

    robot.until(
        lambda: grids and 0 <= left_of(grids[-1]) < 35,
        'free space',
        lambda: show('front', 'left'),
    )
    robot.until(lambda: left_of(grids[-1]) == -1, 'nothing known there', lambda: show('front'))


@pytest.mark.parametrize('rate_hz', [0.0, 5.0])
def test_a_camera_that_is_late_takes_no_grid_back_in_time(robot: Robot, rate_hz: float) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(cameras=['front', 'left'], grid_rate_hz=rate_hz, **MOUNTINGS)

    def show() -> None:
        robot.show('front/')
        time.sleep(1 / 60)
        header = robot.header()
        late = Time.from_msg(header.stamp) - Duration(seconds=0.15)
        header.stamp = late.to_msg()
        robot.show('left/', header=header)

    robot.until(lambda: len(grids) > 10, 'grids', show)
    stamps = [Time.from_msg(grid.header.stamp).nanoseconds / 1e9 for grid in grids]
    gaps = np.diff(stamps)
    assert gaps.min() >= (0.89 / rate_hz if rate_hz else 0.0)
