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

from math import radians

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.simulation.driving import BaseState
from depth_anything_ros.simulation.frames import simulate, simulate_in_color, START_NS
from depth_anything_ros.simulation.geometry import box, World
from depth_anything_ros.transforms import base_from_mounted_camera, transform_points
import numpy as np
from opengl import needs_opengl
import pytest

WORLD = World(0, 20.0, 20.0, 2.5, (box(3.0, 0.0, 0.0, 2.5, (1.0, 8.0), 'wall'),))
STATES = [BaseState(0.0, 0.0, 0.0, 0.0, 0.0, 0.0), BaseState(0.04, 1.0, 0.5, 0.3, 0.7, 0.1)]
PINHOLE = Pinhole.from_field_of_view(56, 42, 70.0)
BASE_FROM_CAMERA = base_from_mounted_camera(0.1, 0.0, 0.6, 0.0, radians(10), 0.0)


def test_frames_carry_stamps_and_poses_of_their_states():
    first, second = simulate(WORLD, STATES, PINHOLE, BASE_FROM_CAMERA)
    assert (first.stamp_ns, second.stamp_ns) == (START_NS, START_NS + 40_000_000)
    assert first.image is None
    np.testing.assert_allclose(second.odom_from_base[:3, 3], [1.0, 0.5, 0.0])
    np.testing.assert_array_equal(first.base_from_camera, BASE_FROM_CAMERA)


def test_back_projected_depth_lies_on_the_floor_or_the_wall():
    for frame in simulate(WORLD, STATES, PINHOLE, BASE_FROM_CAMERA):
        odom_from_camera = frame.odom_from_base @ frame.base_from_camera
        points = transform_points(odom_from_camera, frame.pinhole.back_project(frame.depth_m))
        on_floor = np.abs(points[..., 2]) < 1e-4
        on_wall = np.abs(points[..., 0] - 2.5) < 1e-4
        assert np.all(on_floor | on_wall)
        assert on_floor.any() and on_wall.any()


@needs_opengl
def test_in_colour_the_truth_is_the_same():
    plain = list(simulate(WORLD, STATES, PINHOLE, BASE_FROM_CAMERA))
    for frame, expected in zip(
        simulate_in_color(WORLD, STATES, PINHOLE, BASE_FROM_CAMERA), plain, strict=True
    ):
        assert frame.image.shape == (42, 56, 3) and frame.image.dtype == np.uint8
        assert np.isclose(frame.depth_m, expected.depth_m, rtol=0.01).mean() > 0.97
        assert frame.stamp_ns == expected.stamp_ns


def test_a_camera_that_looks_away_from_the_wall_does_not_see_it():
    away = base_from_mounted_camera(0.0, 0.0, 0.6, 0.0, radians(30), radians(180))
    (frame,) = simulate(WORLD, STATES[:1], PINHOLE, away)
    assert frame.depth_m[-1, 28] == pytest.approx(
        0.6
        / np.sin(radians(30) + np.arctan(PINHOLE.ray_y[-1]))
        * np.cos(np.arctan(PINHOLE.ray_y[-1])),
        rel=1e-5,
    )
