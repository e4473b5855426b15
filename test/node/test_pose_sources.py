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

from depth_anything_ros.config import NodeConfig
from depth_anything_ros.node.pose_sources import FixedPoses, pose_at, PoseError
import numpy as np
import pytest

HALF = np.sqrt(0.5)
STRAIGHT = np.array([0.0, 0, 0, 0, 0, 0, 1])
TURNED = np.array([2.0, 0, 0, 0, 0, HALF, HALF])


def test_between_two_messages_the_pose_is_interpolated() -> None:
    pose = pose_at([(900, STRAIGHT), (1000, TURNED)], 950, 1.0)
    assert pose[:3] == pytest.approx([1, 0, 0])
    yaw = 2 * np.arctan2(pose[5], pose[6])
    assert yaw == pytest.approx(np.pi / 4)


def test_the_sign_of_a_quaternion_does_not_matter() -> None:
    opposite = np.concatenate([TURNED[:3], -TURNED[3:]])
    pose = pose_at([(0, STRAIGHT), (100, opposite)], 50, 1.0)
    assert 2 * np.arctan2(pose[5], pose[6]) == pytest.approx(np.pi / 4)


@pytest.mark.parametrize('stamp_ns, expected', [(-10, STRAIGHT), (0, STRAIGHT), (130, TURNED)])
def test_outside_them_the_nearest_holds(stamp_ns: int, expected: np.ndarray) -> None:
    assert pose_at([(0, STRAIGHT), (100, TURNED)], stamp_ns, 1.0) == pytest.approx(expected)


@pytest.mark.parametrize('stamp_ns', [-(2 * 10**9), 3 * 10**9])
def test_a_pose_too_far_in_time_is_none(stamp_ns: int) -> None:
    with pytest.raises(PoseError, match='s from the image'):
        pose_at([(0, STRAIGHT), (100, TURNED)], stamp_ns, 1.0)


def test_before_the_first_message_there_is_no_pose() -> None:
    with pytest.raises(PoseError, match='no message on odom yet'):
        pose_at([], 0, 1.0)


def test_fixed_poses_know_where_sensors_are_and_not_where_the_robot_is() -> None:
    poses = FixedPoses(NodeConfig, {'camera': np.eye(4)})
    assert (poses.base_from_sensor('camera', '', 0) == np.eye(4)).all()
    with pytest.raises(PoseError, match='where left is mounted is not known'):
        poses.base_from_sensor('left', '', 0)
    assert poses.grid_from_base(0) is None
