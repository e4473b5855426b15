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

"""Scale from other sensors where the floor is not used."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from depth_anything_ros.mapping.point_cloud import PointCloud
from depth_anything_ros.node.messages import cloud_message, depth_message
import numpy as np
import pytest
from robot import CAMERA, CAMERA_HEIGHT_M, Robot, scene_inverse_depth, WALL_M
from sensor_msgs.msg import Image, LaserScan

pytestmark = pytest.mark.system

ANGLES = np.linspace(-0.5, 0.5, 101)


def lidar(robot: Robot) -> None:
    """Publish what a lidar at the camera's place sees of the wall."""
    scan = LaserScan(header=robot.header('laser'), range_min=0.1, range_max=10.0)
    scan.angle_min, scan.angle_increment = float(ANGLES[0]), float(ANGLES[1] - ANGLES[0])
    scan.ranges = array('f', WALL_M / np.cos(ANGLES))
    robot.publish('scan_reference', scan)


def lidar_points(robot: Robot) -> None:
    """Publish points of the wall and the floor."""
    bearing, up = np.meshgrid(ANGLES, np.linspace(-0.3, 0.3, 20))
    points = np.stack([np.full_like(up, WALL_M), WALL_M * np.tan(bearing), up * 0.9], axis=-1)
    cloud = PointCloud(points.astype(np.float32), None)
    robot.publish('points_reference', cloud_message(robot.header('lidar'), cloud))


def depth_sensor(robot: Robot) -> None:
    """Publish what a depth sensor sees."""
    depth = 1 / scene_inverse_depth()
    robot.publish('depth_reference', depth_message(robot.header(), depth, '16UC1'))


@pytest.mark.parametrize('sensor', [lidar_points, depth_sensor])
def test_a_sensor_gives_the_scale(robot: Robot, sensor: Callable[[Robot], None]) -> None:
    depths = robot.hear('depth/image_rect', Image)
    mounting = [0.0, 0.0, CAMERA_HEIGHT_M, 0.0, 0.0, 0.0]
    robot.start(use_floor=False, points_reference_mounting=mounting, reference_max_age_s=0.3)

    def show() -> None:
        sensor(robot)
        robot.show()

    robot.until(lambda: len(depths) > 5, 'depth', show)
    values = np.frombuffer(depths[-1].data, np.float32).reshape(CAMERA.height, CAMERA.width)
    assert np.nanmedian(values[30:60]) == pytest.approx(WALL_M, rel=0.05)


def cloud_of_short_points(robot: Robot) -> None:
    cloud = cloud_message(robot.header('lidar'), PointCloud(np.ones((1, 9, 3), np.float32), None))
    cloud.point_step = 8
    robot.publish('points_reference', cloud)


def depth_of_short_rows(robot: Robot) -> None:
    depth = depth_message(robot.header(), 1 / scene_inverse_depth(), '16UC1')
    depth.step = 7
    robot.publish('depth_reference', depth)


@pytest.mark.parametrize('sensor', [cloud_of_short_points, depth_of_short_rows])
def test_a_reference_that_is_broken_is_named_and_not_used(
    robot: Robot, sensor: Callable[[Robot], None]
) -> None:
    depths = robot.hear('depth/image_rect', Image)
    mounting = [0.0, 0.0, CAMERA_HEIGHT_M, 0.0, 0.0, 0.0]
    robot.start(points_reference_mounting=mounting, reference_max_age_s=0.3)

    def show() -> None:
        sensor(robot)
        robot.show()

    robot.until(lambda: len(depths) > 10, 'depth', show)
    assert sum('_reference is no' in line for line in robot.log) == 1
    assert not robot.deaths


def test_of_several_sensors_that_cannot_be_used_each_is_named(robot: Robot) -> None:
    robot.hear('depth/image_rect', Image)
    robot.start(reference_max_age_s=0.3)

    def show() -> None:
        cloud_of_short_points(robot)
        depth_of_short_rows(robot)
        robot.show()

    def are_named() -> bool:
        lines = [line for line in robot.log if '_reference is no' in line]
        return len({line.partition('_reference')[0] for line in lines}) == 2

    robot.until(are_named, 'two lines', show)


def test_a_sensor_whose_place_is_not_known_is_named(robot: Robot) -> None:
    robot.hear('depth/image_rect', Image)
    robot.start(use_floor=False)

    def show() -> None:
        lidar(robot)
        robot.show()

    def is_named() -> bool:
        return any('where scan_reference is mounted' in line for line in robot.log)

    robot.until(is_named, 'a line', show)


@pytest.mark.parametrize(
    'topic, output',
    [('scan_reference', 'scan'), ('depth_reference', 'depth/image_rect'), ('odom', 'local_grid')],
)
def test_a_node_that_would_hear_itself_does_not_start(
    robot: Robot, topic: str, output: str
) -> None:
    arguments = ['-r', f'{topic}:=/{output}']
    node = robot.start(arguments=arguments, pose_source='odometry')
    assert node.state == 'inactive'
    line = f'{topic} is /{output}, which this node publishes itself'
    robot.until(lambda: any(line in said for said in robot.log), 'the line')


def test_a_lidar_on_scan_is_heard_where_the_output_has_another_name(robot: Robot) -> None:
    arguments = ['-r', 'scan_reference:=/scan', '-r', 'scan:=/camera_scan']
    node = robot.start(arguments=arguments)
    assert node.state == 'active'
    robot.until(lambda: node.count_subscribers('/scan') == 1, 'the subscription')
    assert node.count_publishers('/scan') == 0


def test_a_lidar_whose_clock_is_off_is_named(robot: Robot) -> None:
    robot.hear('depth/image_rect', Image)
    robot.start()

    def show() -> None:
        scan = LaserScan(header=robot.header('laser'), range_min=0.1, range_max=10.0)
        scan.header.stamp.sec -= 3
        robot.publish('scan_reference', scan)
        robot.show()

    def is_named() -> bool:
        return any('nearest message on scan_reference is' in line for line in robot.log)

    robot.until(is_named, 'a line', show)
