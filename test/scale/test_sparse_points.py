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

from dataclasses import replace
import math

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.frame import SparseReference
from depth_anything_ros.scale.sparse_points import measure_points
from depth_anything_ros.transforms import base_from_mounted_camera, inverse, transform_points
import numpy as np
import pytest
from scenes import MOUNT, PINHOLE, prediction, relative, ROOM, Scene

DEPTH = ROOM.depth(MOUNT)
POINTS = PINHOLE.back_project(DEPTH.astype(np.float32))


def scan(points, source='scan'):
    return SparseReference(source, 0, np.asarray(points, dtype=np.float32).reshape(-1, 3))


def noisy(noise=0.05, seed=0, **kwargs):
    return prediction(relative(DEPTH, noise=noise, rng=np.random.default_rng(seed)), **kwargs)


def scale_error(measurement, depth=DEPTH, a=0.02, b=0.05):
    values = (1 / depth - b) / a
    return np.median(np.abs(1 / (measurement.a * values + measurement.b) / depth - 1))


@pytest.mark.parametrize(
    'columns',
    [slice(None), slice(None, None, 11), slice(256, None)],
    ids=['336 points', '31 points', 'right of a square'],
)
def test_a_row_of_the_image_is_enough(columns):
    errors = [
        scale_error(measure_points(noisy(seed=s), scan(POINTS[110, columns]))) for s in range(9)
    ]
    assert np.median(errors) < 0.03


def test_forty_percent_outliers():
    errors = []
    for seed in range(9):
        rng = np.random.default_rng(seed)
        points = POINTS[110].copy()
        wrong = rng.permutation(len(points))[: int(0.4 * len(points))]
        points[wrong] *= rng.uniform(0.3, 3.0, (len(wrong), 1))
        errors.append(scale_error(measure_points(noisy(seed=seed), scan(points))))
    assert np.median(errors) < 0.03


def test_nan_zero_and_infinite_points_are_left_out():
    bad = np.array([[np.nan] * 3, [0, 0, 0], [np.inf] * 3, [0, 0, -1], [0, 0, 0.01]])
    points = np.concatenate([POINTS[110], np.repeat(bad, 100, axis=0)])
    assert scale_error(measure_points(noisy(), scan(points))) < 0.02


@pytest.mark.parametrize(
    'points',
    [np.empty((0, 3)), np.zeros((50, 3)), np.full((50, 3), np.nan), POINTS[110, :9]],
    ids=['none', 'zero', 'nan', 'nine'],
)
def test_too_few_points_say_nothing(points):
    assert measure_points(noisy(), scan(points)) is None


def test_points_that_agree_with_nothing_say_nothing():
    points = POINTS[::9, ::9].reshape(-1, 3).copy()
    points *= np.random.default_rng(1).uniform(0.1, 10.0, (len(points), 1))
    assert measure_points(noisy(), scan(points)) is None


def test_a_laser_that_sees_over_an_obstacle():
    scene = Scene(ROOM.planes, [((1.4, -0.4, 0), (2.0, 0.25, 0.62))])
    depth = scene.depth(MOUNT)
    level = base_from_mounted_camera(0.0, 0.0, 0.7, 0, 0, 0)
    row = Pinhole(width=240, height=1, fx=130.0, fy=130.0, cx=119.5, cy=0.0)
    seen = row.back_project(scene.depth(level, row).astype(np.float32)).reshape(-1, 3)
    points = transform_points(inverse(MOUNT) @ level, seen)
    pixels = np.rint(PINHOLE.project(points)).astype(int)
    inside = ((pixels >= 0) & (pixels < (336, 252))).all(axis=1)
    at = depth[pixels[inside, 1], pixels[inside, 0]]
    assert 0.15 < (at < 0.9 * points[inside, 2]).mean() < 0.5
    values = relative(depth, noise=0.05, rng=np.random.default_rng(2))
    assert scale_error(measure_points(prediction(values), scan(points)), depth) < 0.03


def test_points_hidden_behind_others_do_not_count():
    hidden = POINTS[100:140:2, ::2].reshape(-1, 3) * 1.5
    points = np.concatenate([POINTS[100:140:2, ::2].reshape(-1, 3), hidden])
    measurement = measure_points(noisy(0.0), scan(points, 'points'))
    assert measurement.inlier_share > 0.95
    assert measurement.source == 'points'


def test_points_of_one_depth_leave_the_shift_open():
    wall = POINTS[126, 150:190].reshape(-1, 3)
    d = relative(DEPTH, 0.02, 0.05)
    measurement = measure_points(prediction(d), SparseReference('scan', 0, wall))
    at = np.array([d[126, 170], 1.0])
    known = measurement.a * at[0] + measurement.b
    assert known == pytest.approx(1 / wall[0, 2], rel=1e-3)
    assert math.sqrt(at @ measurement.covariance @ at) < 0.1 * known
    assert math.sqrt(measurement.covariance[1, 1]) > 3 * known


def test_a_turned_view_of_the_camera():
    turned = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.15, 0.5)
    camera_from_view = (inverse(MOUNT) @ turned)[:3, :3]
    straight = prediction(relative(ROOM.depth(turned)))
    view = replace(straight.view, camera_from_view=camera_from_view)
    measurement = measure_points(replace(straight, view=view), scan(POINTS[::8, ::8]))
    assert scale_error(measurement, ROOM.depth(turned)) < 0.01


@pytest.mark.parametrize('noise', [0.0, 0.05])
def test_a_range_sensor_before_a_wall(noise):
    depth = Scene(planes=[(1, 0, 0, 2.1)]).depth(base_from_mounted_camera(0.1, 0, 0.5, 0, 0, 0))
    values = relative(depth, b=0.0, noise=noise, rng=np.random.default_rng(3))
    reference = replace(scan([[0, 0, 2.0]], 'range'), cone_half_angle_rad=0.2)
    measurement = measure_points(prediction(values), reference)
    assert 1 / (measurement.a * (0.5 / 0.02) + measurement.b) == pytest.approx(2.0, rel=0.05)


def test_a_range_sensor_reports_the_nearest_in_its_cone():
    pose = base_from_mounted_camera(0, 0, 0.5, 0, 0, 0)
    beside = ((1.0, 0.135, 0.635), (1.1, 0.2, 0.7))  # in the cone's square, but not in the cone
    scene = Scene(planes=[(1, 0, 0, 4.0)], boxes=[((1.5, 0.1, 0.4), (1.6, 0.3, 0.6)), beside])
    values = relative(scene.depth(pose), b=0.0)
    reference = replace(scan([[0, 0, 1.505]], 'range'), cone_half_angle_rad=0.15)
    measurement = measure_points(prediction(values), reference)
    assert measurement.a == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize('angle', [-0.4, 0.0, 0.4])
def test_a_range_sensor_beside_the_optical_axis_measures_distance(angle):
    rays = PINHOLE.rays
    around = 2.0 / np.linalg.norm(rays, axis=-1)  # everything is 2 m away
    axis = scan([[2.0 * math.sin(angle), 0, 2.0 * math.cos(angle)]], 'range')
    reference = replace(axis, cone_half_angle_rad=0.2)
    measurement = measure_points(prediction(around, is_metric=True), reference)
    assert measurement.a == pytest.approx(1.0, rel=0.02)


def test_a_range_sensor_that_looks_elsewhere_says_nothing():
    reference = replace(scan([[5.0, 0, 0.5]], 'range'), cone_half_angle_rad=0.1)
    assert measure_points(noisy(), reference) is None
    beside = replace(scan([[2.0, 0, 2.0]], 'range'), cone_half_angle_rad=0.3)
    assert measure_points(noisy(), beside) is None


def test_metric_predictions_get_a_factor_only():
    wrong = prediction((0.8 * DEPTH).astype(np.float32), is_metric=True)
    measurement = measure_points(wrong, scan(POINTS[110]))
    assert (measurement.a, measurement.b) == (pytest.approx(0.8, rel=0.01), 0.0)
    wall = replace(scan(POINTS[80, 168], 'range'), cone_half_angle_rad=0.01)
    cone = measure_points(wrong, wall)
    assert (cone.a, cone.b) == (pytest.approx(0.8, rel=0.01), 0.0)
