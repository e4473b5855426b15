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

"""Poses from tf2: against a stand-in with its interface, and against tf2 where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import math
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from depth_anything_ros.config import NodeConfig
from depth_anything_ros.node.pose_sources import PoseError, Tf2Poses
from geometry_msgs.msg import TransformStamped
import pytest
from rclpy.time import Time

SECOND = 10**9


class TransformException(Exception):  # noqa: N818 (tf2's name)
    """As tf2's."""


@dataclass
class StandIn:
    """A tf2 buffer that knows transforms up to a stamp."""

    transforms: dict[tuple[str, str], float] = field(default_factory=dict)
    newest_ns: int = 10 * SECOND
    is_cleared: bool = False

    def can_transform(self, target: str, source: str, time: Time) -> bool:
        return (target, source) in self.transforms and time.nanoseconds <= self.newest_ns

    def lookup_transform(self, target: str, source: str, time: Time) -> TransformStamped:
        if (target, source) not in self.transforms:
            raise TransformException(f'{source} does not exist')
        transform = TransformStamped()
        stamp_ns = time.nanoseconds or self.newest_ns
        transform.header.stamp = Time(nanoseconds=stamp_ns).to_msg()
        transform.transform.translation.x = self.transforms[target, source]
        transform.transform.rotation.w = 1.0
        return transform

    def clear(self) -> None:
        self.is_cleared = True


@pytest.fixture
def buffer(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Return the buffer of a tf2_ros that stands in for the real one."""
    buffer = StandIn({('base_link', 'camera'): 0.2, ('odom', 'base_link'): 5.0})
    module = ModuleType('tf2_ros')
    listener: Callable[..., object] = lambda *_: None  # noqa: E731
    parts = {'Buffer': lambda: buffer, 'TransformListener': listener}
    for name, value in {**parts, 'TransformException': TransformException}.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, 'tf2_ros', module)
    return buffer


def node(now_ns: int = 10 * SECOND) -> Any:
    """Return what Tf2Poses needs of a node: its clock."""
    clock = SimpleNamespace(now=lambda: Time(nanoseconds=now_ns))
    return SimpleNamespace(get_clock=lambda: clock)


def poses(now_ns: int = 10 * SECOND, **settings: float) -> Tf2Poses:
    return Tf2Poses(node(now_ns), lambda: NodeConfig(**settings))


def test_camera_and_robot_at_the_stamp(buffer: StandIn) -> None:
    source = poses(base_height_m=0.1)
    camera = source.base_from_sensor('front', 'camera', 9 * SECOND)
    assert camera[:3, 3].tolist() == [0.2, 0.0, 0.1]
    assert source.grid_from_base(9 * SECOND)[0, 3] == 5.0


def test_the_last_pose_holds_within_the_tolerance(buffer: StandIn) -> None:
    source = poses(pose_wait_s=0.0, pose_tolerance_s=0.5)
    assert source.grid_from_base(buffer.newest_ns + SECOND // 4)[0, 3] == 5.0
    with pytest.raises(PoseError, match=r'1\.00 s from the image'):
        source.grid_from_base(buffer.newest_ns + SECOND)


def test_settings_are_those_in_force(buffer: StandIn) -> None:
    settings = {'pose_wait_s': 0.0, 'pose_tolerance_s': 0.5}
    source = Tf2Poses(node(), lambda: NodeConfig(**settings))
    with pytest.raises(PoseError, match='from the image'):
        source.grid_from_base(buffer.newest_ns + SECOND)
    settings |= {'pose_tolerance_s': 2.0, 'base_height_m': 0.3}
    assert source.grid_from_base(buffer.newest_ns + SECOND)[0, 3] == 5.0
    assert source.base_from_sensor('front', 'camera', 9 * SECOND)[2, 3] == 0.3


def test_a_pose_that_arrives_in_time_is_waited_for(buffer: StandIn) -> None:
    asked: list[int] = []

    def can_transform(target: str, source: str, time: Time) -> bool:
        asked.append(time.nanoseconds)
        return len(asked) > 3

    buffer.can_transform = can_transform  # type: ignore[method-assign]
    assert poses(pose_wait_s=5.0).grid_from_base(11 * SECOND)[0, 3] == 5.0
    assert len(asked) == 4


def test_a_frame_that_does_not_exist_is_named(buffer: StandIn) -> None:
    with pytest.raises(PoseError, match='tf has no base_link ← nowhere: nowhere does not exist'):
        poses(pose_wait_s=0.0).base_from_sensor('front', 'nowhere', SECOND)


def test_a_pose_that_is_not_finite_is_none(buffer: StandIn) -> None:
    buffer.transforms['base_link', 'camera'] = math.inf
    with pytest.raises(PoseError, match='base_link ← camera in tf is not finite'):
        poses().base_from_sensor('front', 'camera', 9 * SECOND)


def test_time_that_jumps_empties_the_buffer(buffer: StandIn) -> None:
    poses().clear()
    assert buffer.is_cleared


@pytest.mark.parametrize(('now_s', 'is_cleared'), [(10, False), (8, True)])
def test_what_is_left_of_before_time_went_back_goes(
    buffer: StandIn, now_s: int, is_cleared: bool
) -> None:
    buffer.can_transform = lambda *_: False  # type: ignore[method-assign]
    with pytest.raises(PoseError, match='from the image'):
        poses(now_s * SECOND, pose_wait_s=0.0).grid_from_base(7 * SECOND)
    assert buffer.is_cleared is is_cleared


def test_without_tf2_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    with pytest.raises(PoseError, match='set pose_source: odometry'):
        poses()


def test_the_real_buffer() -> None:
    tf2_ros = pytest.importorskip('tf2_ros', reason='tf2_ros comes with a ROS distribution')
    import rclpy

    rclpy.init()
    node = rclpy.create_node('test_tf2_poses')
    source = Tf2Poses(node, lambda: NodeConfig(pose_wait_s=0.0))
    transform = TransformStamped(child_frame_id='camera')
    transform.header.frame_id = 'base_link'
    transform.transform.translation.x, transform.transform.rotation.w = 0.2, 1.0
    assert isinstance(source._buffer, tf2_ros.Buffer)
    source._buffer.set_transform_static(transform, 'test')
    assert source.base_from_sensor('front', 'camera', SECOND)[0, 3] == 0.2
    with pytest.raises(PoseError, match='tf has no odom'):
        source.grid_from_base(SECOND)
    source.close()
    node.destroy_node()
    rclpy.shutdown()
