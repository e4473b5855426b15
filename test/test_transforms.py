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

from depth_anything_ros.transforms import (
    base_from_mounted_camera,
    between,
    inverse,
    quaternion_from_rotation,
    rotation_from_quaternion,
    rotation_from_rpy,
    transform_from,
    transform_points,
)
from hypothesis import given, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

angles = st.floats(-3.1, 3.1)
metres = st.floats(-50.0, 50.0)


def test_positive_yaw_turns_left_and_positive_pitch_looks_down():
    forward = np.array([1.0, 0.0, 0.0])
    assert_allclose(rotation_from_rpy(0, 0, np.pi / 2) @ forward, [0, 1, 0], atol=1e-12)
    assert_allclose(rotation_from_rpy(0, np.pi / 2, 0) @ forward, [0, 0, -1], atol=1e-12)


def test_level_camera_sees_forward_along_its_optical_axis():
    base_from_camera = base_from_mounted_camera(0.2, 0.1, 0.5, 0, 0, 0)
    points = np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 0.5, 2.0]])
    expected = [[2.2, 0.1, 0.5], [2.2, -0.9, 0.5], [2.2, 0.1, 0.0]]
    assert_allclose(transform_points(base_from_camera, points), expected, atol=1e-12)


def test_camera_pitched_down_45_degrees_hits_the_floor_at_its_height():
    base_from_camera = base_from_mounted_camera(0, 0, 1.0, 0, np.pi / 4, 0)
    on_floor = transform_points(base_from_camera, np.array([0.0, 0.0, np.sqrt(2)]))
    assert_allclose(on_floor, [1, 0, 0], atol=1e-12)


def test_quarter_turn_quaternion():
    rotation = rotation_from_quaternion(0, 0, np.sqrt(0.5), np.sqrt(0.5))
    assert_allclose(rotation, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)


@pytest.mark.parametrize('quaternion', [(0, 0, 0, 0), (np.nan, 0, 0, 1), (0, np.inf, 0, 1)])
def test_what_is_no_rotation_is_refused(quaternion):
    with pytest.raises(ValueError, match='is not a rotation'):
        rotation_from_quaternion(*quaternion)


@given(angles, angles, angles)
def test_quaternion_round_trip(roll, pitch, yaw):
    rotation = rotation_from_rpy(roll, pitch, yaw)
    assert_allclose(
        rotation_from_quaternion(*quaternion_from_rotation(rotation)), rotation, atol=1e-9
    )


@given(angles, angles, angles, metres, metres, metres)
def test_inverse_undoes_a_transform(roll, pitch, yaw, x, y, z):
    transform = transform_from(rotation_from_rpy(roll, pitch, yaw), np.array([x, y, z]))
    assert_allclose(inverse(transform) @ transform, np.eye(4), atol=1e-9)


@given(angles, angles, angles, metres, metres, metres)
def test_between_is_the_inverse_of_one_times_the_other(roll, pitch, yaw, x, y, z):
    target = transform_from(rotation_from_rpy(roll, pitch, yaw), np.array([x, y, z]))
    source = transform_from(rotation_from_rpy(yaw, roll, pitch), np.array([z, x, y]))
    assert_allclose(between(target, source), inverse(target) @ source, atol=1e-9)
