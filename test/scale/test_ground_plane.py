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

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.scale.ground_plane import floor_inverse_depth, measure_floor
from depth_anything_ros.scale.thumbnail import thumbnail
from depth_anything_ros.transforms import base_from_mounted_camera
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scenes import FLOOR, MOUNT, prediction, relative, ROOM, Scene, smooth_noise

CLUTTERED = Scene(
    planes=[FLOOR, (1, 0, 0, 4.5), (0, 1, 0, 2.5), (0, -1, 0, 2.0)],
    boxes=[((0.75, -3, 0), (2.1, 0.15, 0.7)), ((1.1, 0.3, 0), (3.2, 2.4, 0.9))],
)
WALL = Scene(planes=[(1, 0, 0, 0.8)])


def scale_error(measurement, depth, a=0.02, b=0.05):
    values = (1 / depth - b) / a
    return np.median(np.abs(1 / (measurement.a * values + measurement.b) / depth - 1))


def floor_of(values, mount=MOUNT):
    return measure_floor(thumbnail(prediction(values, mount)), with_shift=True)


def test_floor_of_a_level_camera_by_hand():
    pinhole = Pinhole(width=3, height=5, fx=4.0, fy=4.0, cx=1.0, cy=2.0)
    inverse = floor_inverse_depth(pinhole, base_from_mounted_camera(0, 0, 0.5, 0, 0, 0))
    np.testing.assert_allclose(inverse[:, 0], [-1.0, -0.5, 0.0, 0.5, 1.0], atol=1e-6)
    np.testing.assert_allclose(inverse[:, 0], inverse[:, 2], atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 3.0), st.floats(-0.3, 0.3), st.floats(-0.2, 0.8), st.floats(-3.0, 3.0))
def test_inverse_depth_is_what_rays_find(height, roll, pitch, yaw):
    pinhole = Pinhole.from_field_of_view(28, 21, 80.0)
    mount = base_from_mounted_camera(0.3, -0.1, height, roll, pitch, yaw)
    inverse, depth = floor_inverse_depth(pinhole, mount), Scene().depth(mount, pinhole)
    np.testing.assert_allclose(1 / depth, np.maximum(inverse, 0), atol=1e-4 / height)


@pytest.mark.parametrize('noise', [0.0, 0.05, 0.1])
@pytest.mark.parametrize('scene', [ROOM, CLUTTERED], ids=['room', '7 % floor'])
def test_white_noise_costs_little(scene, noise):
    depth = scene.depth(MOUNT)
    values = relative(np.minimum(depth, 12), noise=noise, rng=np.random.default_rng(2))
    assert scale_error(floor_of(values), np.minimum(depth, 12)) < 0.02


def test_correlated_errors_of_a_network_cost_less_than_they_are():
    depth, errors = ROOM.depth(MOUNT), []
    for seed in range(12):
        values = relative(depth) * (1 + 0.1 * smooth_noise(np.random.default_rng(seed)))
        errors.append(scale_error(floor_of(values.astype(np.float32)), depth))
    assert np.median(errors) < 0.06


@pytest.mark.parametrize('roll', [-0.8, -0.15, 0.15, 0.8])
def test_a_rolled_camera(roll):
    mount = base_from_mounted_camera(0, 0, 0.8, roll, 0.3, 0)
    depth = ROOM.depth(mount)
    assert scale_error(floor_of(relative(depth), mount), depth) < 0.02


@pytest.mark.parametrize(
    'values',
    [
        relative(WALL.depth(MOUNT), noise=0.05, rng=np.random.default_rng(3)),
        relative(Scene(planes=[(0.9, 0.4, 0, 1.5)]).depth(MOUNT)),
        np.full((252, 336), 7, np.float32),
        np.zeros((252, 336), np.float32),
        np.full((252, 336), np.nan, np.float32),
        np.random.default_rng(4).uniform(0, 9, (252, 336)).astype(np.float32),
    ],
    ids=['wall', 'slanted wall', 'constant', 'zero', 'nan', 'noise'],
)
def test_what_is_no_floor_gives_nothing(values):
    assert floor_of(values) is None


def test_no_floor_without_a_pose_or_above_the_horizon():
    values = relative(ROOM.depth(MOUNT))
    assert floor_of(values, None) is None
    assert floor_of(values, base_from_mounted_camera(0, 0, 0.5, 0, -0.8, 0)) is None
    assert floor_of(values, base_from_mounted_camera(0, 0, 0.0, 0, 0.2, 0)) is None


@pytest.mark.parametrize(('width', 'length'), [(1.2, 1.1), (2.0, 2.2)])
def test_a_table_is_not_the_floor_where_the_floor_is_seen_around_it(width, length):
    table = ((0.8, -width / 2, 0.2), (0.8 + length, width / 2, 0.25))
    scene = Scene(planes=[FLOOR, (1, 0, 0, 4.5)], boxes=[table])
    depth = scene.depth(MOUNT)
    values = relative(depth, noise=0.03, rng=np.random.default_rng(5))
    assert scale_error(floor_of(values), depth) < 0.05


def test_mirrored_obstacles_in_a_glossy_floor():
    depth = ROOM.depth(MOUNT)
    mirrored = Scene([], [((x, y, -z), (u, v, 0.0)) for (x, y, _), (u, v, z) in ROOM.boxes])
    floor = np.isclose(depth, Scene().depth(MOUNT))
    shown = np.where(floor, np.minimum(mirrored.depth(MOUNT), 1e3), np.inf)
    glossy = np.where(shown < 1e3, shown, depth)
    assert 0.05 < (glossy > depth).mean() / floor.mean() < 0.5
    values = relative(glossy, noise=0.03, rng=np.random.default_rng(6))
    assert scale_error(floor_of(values), depth) < 0.03


def test_metric_predictions_get_a_factor_only():
    depth = ROOM.depth(MOUNT)
    wrong = prediction((1.2 * depth).astype(np.float32), is_metric=True)
    measurement = measure_floor(thumbnail(wrong), with_shift=False)
    assert measurement.a == pytest.approx(1.2, rel=0.01)
    assert measurement.b == 0.0
