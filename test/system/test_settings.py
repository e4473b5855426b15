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

"""Parameters and QoS, as an integrator sets them."""

from __future__ import annotations

from typing import Any

from depth_anything_ros.config import SettingError
from depth_anything_ros.node.calibration import message_of_pinhole
from nav_msgs.msg import OccupancyGrid, Odometry
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.exceptions import InvalidParameterValueException
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from robot import BEST_EFFORT, CAMERA, LATCHED, RELIABLE, Robot
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

pytestmark = pytest.mark.system


def set_parameters(robot: Robot, **values: Any) -> str:
    """Return why the values were refused, '' where they were taken."""
    assert robot.node is not None
    parameters = [Parameter(name, value=value) for name, value in values.items()]
    return str(robot.node.set_parameters_atomically(parameters).reason)


def test_settings_change_while_the_node_runs(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start()
    robot.keep_showing(lambda: depths, 'depth')
    assert set_parameters(robot, depth_encoding='16UC1', range_max_m=3) == ''
    robot.keep_showing(lambda: depths[-1].encoding == '16UC1', 'depth in millimetres')
    assert robot.node is not None
    assert robot.node.parameters.configs.pipeline.cleaning.range_max_m == 3.0


def test_the_tolerance_of_poses_changes_while_the_node_runs(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(pose_source='odometry')

    def show() -> None:
        odometry = Odometry(header=robot.header('odom'))
        odometry.header.stamp.sec -= 2
        odometry.pose.pose.orientation.w = 1.0
        robot.publish('odom', odometry)
        robot.show()

    robot.until(lambda: grids, 'a grid of one step', show)
    assert grids[-1].header.frame_id == 'base_link'
    assert set_parameters(robot, pose_tolerance_s=5.0) == ''
    robot.until(lambda: grids[-1].header.frame_id == 'odom', 'a grid that moves', show)


def send_parameter(robot: Robot, name: str, value: Any) -> str:
    """Return why the service refused a value, '' where it was taken."""
    client = robot.peer.create_client(SetParameters, f'/{robot.name}/set_parameters')
    robot.until(client.service_is_ready, 'set_parameters')
    message = Parameter(name, value=value).to_parameter_msg()
    future = client.call_async(SetParameters.Request(parameters=[message]))
    robot.until(future.done, 'an answer')
    return str(future.result().results[0].reason)


@pytest.mark.parametrize(
    'name, values',
    [
        ('footprint', [0.1, 0.1, 0.1, -0.1, -0.1, 0.0]),
        ('footprint', []),
        ('body_polygon', [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]),
        ('scan_reference_mounting', [0.1, 0.0, 0.2, 0.0, 0.0, 0.0]),
        ('footprint', [1, 1, 1, -1, -1, 0]),
    ],
)
def test_lists_are_set_by_service(robot: Robot, name: str, values: list[float]) -> None:
    node = robot.start()
    assert send_parameter(robot, name, values) == ''
    assert send_parameter(robot, 'range_max_m', 3.0) == ''
    configs = node.parameters.configs
    parts = (configs.node, configs.pipeline.grid, configs.pipeline.cleaning)
    assert [getattr(part, name) for part in parts if hasattr(part, name)] == [tuple(values)]


def test_a_list_cannot_be_taken_away(robot: Robot) -> None:
    robot.start()
    assert 'footprint must be a list of numbers' in send_parameter(robot, 'footprint', None)


@pytest.mark.parametrize(
    'footprint, corners', [('[]', 0), ('[0.1, 0.1, 0.1, -0.1, -0.1, 0.0]', 3)]
)
def test_lists_are_set_at_start(robot: Robot, footprint: str, corners: int) -> None:
    node = robot.start(arguments=['-p', f'footprint:={footprint}', '-p', 'body_polygon:=[]'])
    assert len(node.parameters.configs.pipeline.grid.footprint) == 2 * corners
    assert set_parameters(robot, range_max_m=3.0) == ''
    assert len(node.parameters.configs.pipeline.grid.footprint) == 2 * corners
    assert node.parameters.configs.pipeline.cleaning.body_polygon == ()


REFUSED = [
    ({'range_min_m': 3.0, 'range_max_m': 2.0}, 'range_min_m (3) must be less than'),
    ({'model': 'other.onnx'}, 'model takes effect when the node is configured'),
    ({'depth_size': 'large'}, 'depth_size must be one of network, camera'),
    ({'max_age_s': 'old'}, "max_age_s must be a number, not 'old'"),
    ({'scan_reference_mounting': [1.0]}, 'scan_reference_mounting must have 6 numbers, not 1'),
    ({'footprint': [0.0, 1.0, 2.0]}, 'footprint must be three corners or more'),
    ({'footprint': [1e12, 0.0, 0.0, 1.0, 1.0, 0.0]}, 'footprint must be at most 100 m'),
    ({'body_polygon': [float('inf')] * 6}, 'body_polygon must be finite'),
    ({'range_reference_mounting': [float('nan')] * 6}, 'range_reference_mounting must be finite'),
    ({'camera_height_m': float('nan')}, 'camera_height_m'),
]


def test_settings_that_cannot_be_are_refused_with_the_reason(robot: Robot) -> None:
    node = robot.start()
    before = node.parameters.configs
    for values, reason in REFUSED:
        assert reason in set_parameters(robot, **values)
    assert node.parameters.configs == before


def test_what_is_not_dynamic_can_be_set_before_the_node_is_configured(robot: Robot) -> None:
    node = robot.start(activate=False)
    assert set_parameters(robot, model='other.onnx', cameras=['a', 'b']) == ''
    node.trigger_configure()
    assert node.has_parameter('b.camera_height_m')


@pytest.mark.parametrize(
    'settings', [{'range_max_m': 1000.0}, {'depth_size': 'large'}, {'cameras': ['a', 'a/b']}]
)
def test_wrong_settings_at_start_end_with_a_reason(robot: Robot, settings: dict[str, Any]) -> None:
    with pytest.raises((SettingError, InvalidParameterValueException), match=next(iter(settings))):
        robot.start(**settings)


@pytest.mark.parametrize(
    'settings',
    [
        {'grid_frame': 'base_link', 'pose_source': 'tf'},
        {'grid_frame': '', 'pose_source': 'tf'},
        {'base_frame': ''},
    ],
)
def test_frames_that_cannot_be_end_with_a_reason(robot: Robot, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f'{next(iter(settings))} must be'):
        robot.start(**settings)


def test_without_a_pose_the_frames_may_be_one(robot: Robot) -> None:
    assert robot.start(grid_frame='base_link', pose_source='none').state == 'active'


@pytest.mark.parametrize('offered', [BEST_EFFORT, RELIABLE])
def test_images_arrive_however_the_camera_offers_them(robot: Robot, offered: QoSProfile) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start()
    robot.image_qos = offered
    robot.keep_showing(lambda: depths, 'depth')


def test_a_camera_whose_quality_of_service_does_not_fit_is_named(robot: Robot) -> None:
    name = 'qos_overrides./image_raw.subscription.reliability'
    robot.start(**{name: 'reliable'})
    robot.peer.create_publisher(Image, 'image_raw', BEST_EFFORT)
    robot.until(lambda: any(f'set {name}' in line for line in robot.log), 'the line')


def test_a_calibration_that_was_published_once_is_heard_where_asked_for(robot: Robot) -> None:
    publisher = robot.peer.create_publisher(CameraInfo, 'camera_info', LATCHED)
    publisher.publish(message_of_pinhole(CAMERA))
    depths = robot.hear('depth/image_rect', Image)
    name = 'qos_overrides./camera_info.subscription.'
    robot.start(**{f'{name}durability': 'transient_local', f'{name}reliability': 'reliable'})
    robot.keep_showing(lambda: depths, 'depth', info=False)


@pytest.mark.parametrize('topic', ['/image_raw.subscription', '/scan.publisher'])
def test_a_quality_of_service_that_does_not_exist_is_named(robot: Robot, topic: str) -> None:
    node = robot.start(**{f'qos_overrides.{topic}.reliability': 'good'})
    assert node.state in ('inactive', 'unconfigured')
    robot.until(lambda: any('`good`' in line for line in robot.log), 'the line')
    assert not any('Traceback' in line for line in robot.log)


def test_a_quality_of_service_of_a_view_that_does_not_exist_is_named(robot: Robot) -> None:
    name = 'qos_overrides./view_0/depth/color.publisher.reliability'
    robot.start(horizontal_fov_deg=130.0, **{name: 'good'})
    clouds = robot.hear('depth/points', PointCloud2)

    def is_named() -> bool:
        return any('`good`' in line for line in robot.log)

    robot.until(is_named, 'the line', lambda: robot.show(info=False))
    assert set_parameters(robot, horizontal_fov_deg=70.0) == ''
    clouds.clear()
    robot.until(lambda: clouds, 'a cloud of one view', lambda: robot.show(info=False))
    assert not robot.deaths


def test_a_listener_that_asks_for_more_than_is_offered_is_named(robot: Robot) -> None:
    name = 'qos_overrides./depth/image_rect.publisher.reliability'
    robot.start(**{name: 'best_effort'})
    reliable = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    robot.hear('depth/image_rect', Image, reliable)
    robot.until(lambda: any(f'set {name}' in line for line in robot.log), 'the line')
