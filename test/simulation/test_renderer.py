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

from math import cos, pi, radians, sin

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.simulation.geometry import box, cylinder, Solid, World
from depth_anything_ros.simulation.renderer import open_renderer, RayCaster
from depth_anything_ros.simulation.worlds import make_world, TEST_SEEDS
from depth_anything_ros.transforms import (
    base_from_mounted_camera,
    rotation_from_rpy,
    transform_from,
)
import numpy as np
from opengl import needs_opengl
import pytest

PINHOLE = Pinhole.from_field_of_view(56, 42, 70.0)
WALL = box(2.0, 0.0, 0.0, 2.5, (0.2, 6.0), 'wall')  # its face is at x = 1.9


def world_of(*solids):
    return World(0, 20.0, 20.0, 2.5, solids)


def test_a_wall_across_the_view_is_as_far_everywhere():
    pose = base_from_mounted_camera(0.0, 0.0, 1.2, 0.0, 0.0, 0.0)
    depth_m = RayCaster(world_of(WALL)).depth(PINHOLE, pose)
    np.testing.assert_allclose(depth_m[5:37], 1.9, atol=1e-5)


def test_the_floor_is_where_the_height_and_tilt_of_the_camera_put_it():
    height, pitch = 0.6, radians(20)
    pose = base_from_mounted_camera(0.0, 0.0, height, 0.0, pitch, 0.0)
    depth_m = RayCaster(world_of()).depth(PINHOLE, pose)
    down = pitch + np.arctan(PINHOLE.ray_y[30:])
    expected = height / np.sin(down) * np.cos(down - pitch)
    np.testing.assert_allclose(depth_m[30:, 20], expected, rtol=1e-5)


def test_lidar_measures_walls_at_every_bearing():
    angles = np.array([0.0, pi / 6, -pi / 6, pi])
    ranges = RayCaster(world_of(WALL)).lidar(
        transform_from(np.eye(3), np.array([0, 0, 0.3])), angles
    )
    np.testing.assert_allclose(ranges[:3], [1.9, 1.9 / cos(pi / 6), 1.9 / cos(pi / 6)], rtol=1e-6)
    assert np.isinf(ranges[3])


def test_lidar_turns_with_the_robot_and_sees_a_thin_pole():
    pole = cylinder(0.0, 3.0, 0.0, 1.5, 0.02, 'metal')
    pose = transform_from(rotation_from_rpy(0, 0, pi / 2), np.array([0, 0, 0.3]))
    ranges = RayCaster(world_of(pole)).lidar(pose, np.array([0.0, 0.05]))
    assert ranges[0] == pytest.approx(3.0 - 0.02)
    assert np.isinf(ranges[1])


def test_a_turned_box_is_met_at_its_edge():
    turned = Solid('box', (2.0, 0.0, 0.5), (0.5, 0.5, 0.5), yaw=pi / 4)
    pose = transform_from(np.eye(3), np.array([0, 0, 0.3]))
    ranges = RayCaster(world_of(turned)).lidar(pose, np.array([0.0]))
    assert ranges[0] == pytest.approx(2.0 - 0.5 / sin(pi / 4), rel=1e-5)


@needs_opengl
@pytest.mark.parametrize('seed', TEST_SEEDS[:3])
def test_depth_by_opengl_is_depth_by_rays(seed):
    world = make_world(seed)
    pose = base_from_mounted_camera(0.1, 0.2, 0.9, radians(3), radians(15), 0.7)
    pinhole = Pinhole(112, 84, 90.0, 80.0, 50.0, 45.0)  # off centre, pixels not square
    by_rays = RayCaster(world).depth(pinhole, pose)
    with open_renderer(world, 112, 84) as renderer:
        by_opengl = renderer.depth(pinhole, pose)
    # Edges fall on one side of a pixel or the other, and rendered cylinders have corners.
    agree = np.isclose(by_opengl, by_rays, rtol=0.01)
    assert agree.mean() > 0.97


@needs_opengl
def test_pictures_have_texture_and_are_the_same_every_time():
    world = make_world(TEST_SEEDS[0])
    pose = base_from_mounted_camera(0.0, 0.0, 0.9, 0.0, radians(15), 0.0)
    images = []
    for _ in range(2):
        with open_renderer(world, 56, 42) as renderer:
            images.append(renderer.color(PINHOLE, pose))
    np.testing.assert_array_equal(images[0], images[1])
    assert images[0].shape == (42, 56, 3) and images[0].std() > 10
