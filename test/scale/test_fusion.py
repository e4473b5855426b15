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

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import SparseReference
from depth_anything_ros.scale.estimate import LOST, ScaleHealth
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.ground_plane import measure_floor
from depth_anything_ros.scale.thumbnail import thumbnail
from depth_anything_ros.transforms import base_from_mounted_camera, transform_from
import numpy as np
import pytest
from scenes import FLOOR, MOUNT, PINHOLE, prediction, relative, ROOM, Scene, smooth_noise

DEPTH = ROOM.depth(MOUNT)
POINTS = PINHOLE.back_project(DEPTH.astype(np.float32))
WALL = Scene(planes=[(1, 0, 0, 1.2)]).depth(MOUNT)
RATE_HZ = 10.0


class Stream:
    """Predictions of true depth at 10 Hz, and how far the estimator's scale is off."""

    def __init__(self, config=None, noise=0.03):
        self.estimator = ScaleEstimator(config or ScaleConfig())
        self.rng = np.random.default_rng(0)
        self.noise = noise
        self.count = 0

    def feed(self, depth=DEPTH, a=0.02, b=0.05, **kwargs):
        """Return the estimate for the next frame and its median relative error."""
        values = relative(depth, a, b, self.noise, self.rng)
        step = prediction(values, stamp_s=self.count / RATE_HZ, **kwargs)
        self.count += 1
        estimate = self.estimator.update(step)
        clean = (1 / depth - b) / a
        found = np.maximum(estimate.a * clean + estimate.b, 1e-3)
        return estimate, np.median(np.abs(1 / found / depth - 1))


def forward(metres):
    return transform_from(np.eye(3), np.array([metres, 0.0, 0.0]))


def scan(stamp_s, points=POINTS[110]):
    return SparseReference('scan', round(stamp_s * 1e9), points.reshape(-1, 3))


def test_one_frame_is_enough():
    estimate, error = Stream().feed()
    assert error < 0.02
    assert (estimate.source, estimate.age_s, estimate.health) == ('floor', 0.0, ScaleHealth.GOOD)
    assert 0.001 < estimate.sigma < 0.05
    assert 0.3 < estimate.inlier_share <= 1.0


def test_nothing_known_is_lost():
    estimate, _ = Stream().feed(WALL)
    assert estimate is LOST
    estimate, _ = Stream(ScaleConfig(use_floor=False)).feed()
    assert estimate is LOST


def test_a_wall_that_fills_the_view_is_lost_in_time():
    stream = Stream(ScaleConfig(scale_timeout_s=1.0))
    for _ in range(10):
        stream.feed()
    estimates = [stream.feed(WALL)[0] for _ in range(12)]
    assert not estimates[-1].is_metric
    assert estimates[-1].age_s > 1.0
    assert all(estimate.age_s > 0 for estimate in estimates)


def test_a_lost_scale_is_found_after_three_frames():
    stream = Stream(ScaleConfig(scale_timeout_s=1.0))
    for depth in [DEPTH] * 3 + [WALL] * 12:
        stream.feed(depth)
    found = [stream.feed() for _ in range(4)]
    assert [estimate.is_metric for estimate, _ in found] == [False, False, True, True]
    assert found[-1][1] < 0.05


def test_slipping_wheels_do_not_lose_the_scale_for_good():
    stream, travelled = Stream(noise=0.0), 0.0
    before_a_wall = Scene(planes=[FLOOR, (1, 0, 0, 3.0)]).depth(MOUNT)
    for count in range(100):
        travelled += 0.03 if 10 <= count < 30 else 0.0  # 0.3 m/s, while the picture stands still
        estimate, error = stream.feed(before_a_wall, grid_from_base=forward(travelled))
    assert estimate.health is ScaleHealth.GOOD
    assert error < 0.02


def visitor(distance, share):
    """Return the room's depth behind somebody as wide as that share of the view."""
    half, front = distance * math.tan(math.radians(35.0)) * share, MOUNT[0, 3] + distance
    body = ((front, -half, 0.0), (front + 0.3, half, 1.8))
    return Scene(ROOM.planes, [*ROOM.boxes, body]).depth(MOUNT)


@pytest.mark.parametrize('grid_from_base', [None, np.eye(4)], ids=['no pose', 'pose'])
@pytest.mark.parametrize('share', [0.4, 0.6])
def test_who_comes_near_is_not_taken_for_flicker(share, grid_from_base):
    stream, errors = Stream(), []
    for distance in [*np.linspace(2.0, 0.4, 16), *[0.4] * 10]:
        depth = visitor(distance, share)
        estimate, error = stream.feed(depth, grid_from_base=grid_from_base)
        errors.append(error)
        assert estimate.health is ScaleHealth.GOOD
    assert max(errors) < 0.1


def test_who_comes_near_until_no_floor_is_seen_makes_the_scale_unknown_at_once():
    stream = Stream()
    for distance in np.linspace(2.0, 0.3, 16):
        estimate, error = stream.feed(visitor(distance, 1.0), grid_from_base=np.eye(4))
        assert error < 0.3 or not estimate.is_metric
    assert estimate.health is ScaleHealth.LOST


@pytest.mark.parametrize('grid_from_base', [None, np.eye(4)], ids=['no pose', 'pose'])
@pytest.mark.parametrize('share', [0.6, 0.8, 1.0])
def test_the_floor_is_found_again_when_who_hid_it_has_left(share, grid_from_base):
    stream = Stream(ScaleConfig(scale_timeout_s=1.0))
    comes = np.linspace(2.0, 0.3, 16)
    for distance in [*comes, *[0.3] * 20, *comes[::-1]]:
        stream.feed(visitor(distance, share), grid_from_base=grid_from_base)
    for _ in range(15):
        estimate, error = stream.feed(grid_from_base=grid_from_base)
    assert estimate.health is ScaleHealth.GOOD
    assert error < 0.05


@pytest.mark.parametrize('grip', [0.0, 0.7])
def test_sigma_knows_that_slipping_wheels_go_on_to(grip):
    stream = Stream(ScaleConfig(use_floor=False, scale_timeout_s=10.0))
    for i in range(10):
        stream.feed(grid_from_base=np.eye(4), references=[scan(i / RATE_HZ)])
    for i in range(1, 16):
        depth = ROOM.depth(forward(grip * 0.06 * i) @ MOUNT)
        estimate, error = stream.feed(depth, grid_from_base=forward(0.06 * i))
        assert error < 1.5 * estimate.sigma
    assert error > 0.05


def test_a_source_slower_than_the_camera_finds_a_lost_scale_again():
    config = ScaleConfig(scale_timeout_s=0.5)
    stream = Stream(config)
    healths = []
    for i in range(40):
        seen = i % 2 == 0 and not 10 <= i < 20
        references = [scan(i / RATE_HZ)] if seen else []
        estimate, _ = stream.feed(base_from_camera=None, references=references)
        healths.append(estimate.health)
    assert healths[19] is ScaleHealth.LOST
    assert healths[30] is ScaleHealth.GOOD


def test_hold_goes_on_without_sources():
    stream = Stream(ScaleConfig(on_scale_loss='hold', scale_timeout_s=0.5))
    stream.feed()
    for _ in range(10):
        estimate, error = stream.feed(base_from_camera=None)
    assert estimate.health is ScaleHealth.HELD
    assert estimate.is_metric and error < 0.05
    assert stream.estimator.update(prediction(np.zeros_like(DEPTH, np.float32))).sigma > 0.2


def test_without_sources_the_scale_times_out():
    stream = Stream(ScaleConfig(scale_timeout_s=0.5))
    stream.feed()
    healths = [stream.feed(base_from_camera=None)[0].health for _ in range(7)]
    assert healths == [ScaleHealth.GOOD] * 5 + [ScaleHealth.LOST] * 2


def test_a_jump_of_the_networks_scale_is_followed_at_once():
    stream = Stream()
    for _ in range(8):
        stream.feed(grid_from_base=np.eye(4))
    for a in (0.06, 0.02, 0.02 / 3):
        _, error = stream.feed(a=a, grid_from_base=np.eye(4), base_from_camera=None)
        assert error < 0.03


@pytest.mark.parametrize('grid_from_base', [None, np.eye(4)], ids=['no pose', 'pose'])
def test_a_flickering_network_gives_a_static_scene(grid_from_base):
    """Spread of metric depth at fixed pixels, against a fit a frame and against none."""
    rng = np.random.default_rng(1)
    estimator, static = ScaleEstimator(ScaleConfig()), 1 + 0.03 * smooth_noise(rng)
    depths = {'fused': [], 'per frame': [], 'fixed': []}
    for i in range(45):
        a, b = 0.02 * (1 + rng.uniform(-0.1, 0.1)), 0.05 + rng.uniform(-0.02, 0.02)
        values = (relative(DEPTH, a, b, 0.05, rng) * static).astype(np.float32)
        step = prediction(values, stamp_s=i / RATE_HZ, grid_from_base=grid_from_base)
        fused, single = estimator.update(step), measure_floor(thumbnail(step), with_shift=True)
        clean = ((1 / DEPTH - b) / a)[20::40, 20::40]
        depths['fused'].append(1 / (fused.a * clean + fused.b))
        depths['per frame'].append(1 / (single.a * clean + single.b))
        depths['fixed'].append(1 / (0.02 * clean + 0.05))
    spread = {
        name: np.median(np.std(np.diff(np.log(z[15:]), axis=0), axis=0))
        for name, z in depths.items()
    }
    assert spread['fused'] < spread['per frame'] / 3
    assert spread['fused'] < spread['fixed'] / 3


@pytest.mark.parametrize('fov_deg', [55.0, 85.0])
def test_a_camera_that_zooms_keeps_its_metres(fov_deg):
    stream = Stream(noise=0.0)
    for i in range(10):
        stream.feed(grid_from_base=forward(0.02 * i))
    zoomed = Pinhole.from_field_of_view(PINHOLE.width, PINHOLE.height, fov_deg)
    depth = ROOM.depth(forward(0.2) @ MOUNT, zoomed)
    step = prediction(relative(depth), stamp_s=1.0, grid_from_base=forward(0.2))
    estimate = stream.estimator.update(replace(step, view=replace(step.view, pinhole=zoomed)))
    assert estimate.health is ScaleHealth.GOOD
    assert 1 / (estimate.a * (1 / 2.0 - 0.05) / 0.02 + estimate.b) == pytest.approx(2.0, rel=0.02)


def test_a_moving_robot_is_not_lagged():
    stream, errors = Stream(), []
    for i in range(40):
        pose = forward(0.06 * i)
        depth = ROOM.depth(pose @ MOUNT)
        errors.append(stream.feed(depth, 0.02 + 0.002 * (i % 2), grid_from_base=pose)[1])
    assert max(errors) < 0.05


def test_a_ramp_does_not_become_the_floor():
    tangent = math.tan(math.radians(10))
    stream, errors = Stream(), []
    for i in range(25):
        pose = forward(0.06 * i)
        ramp = Scene([FLOOR, (-tangent, 0, 1, -3.0 * tangent), (1, 0, 0, 8)])
        depth = np.minimum(ramp.depth(pose @ MOUNT), 12.0)
        errors.append(stream.feed(depth, grid_from_base=pose)[1])
    assert max(errors) < 0.1


def test_a_table_that_comes_under_the_lens_does_not_become_the_floor():
    table = Scene(ROOM.planes, [((-0.6, -2.0, 0.0), (1.2, 2.0, 0.25))])
    stream, errors = Stream(ScaleConfig(scale_timeout_s=1.0)), []
    for i in range(30):
        pose = forward(0.06 * i - 2.4)
        estimate, error = stream.feed(table.depth(pose @ MOUNT), grid_from_base=pose)
        errors += [error] * estimate.is_metric
    assert len(errors) > 20
    assert max(errors) < 0.1


def test_several_sources_agree():
    stream = Stream()
    estimate, error = stream.feed(references=[scan(0.0)])
    floor_alone, _ = Stream().feed()
    assert error < 0.02
    assert estimate.sigma < floor_alone.sigma


def test_a_scan_replaces_the_floor():
    stream = Stream()
    estimate, error = stream.feed(base_from_camera=None, references=[scan(0.02)])
    assert (estimate.source, estimate.health) == ('scan', ScaleHealth.GOOD)
    assert error < 0.05


@pytest.mark.parametrize('offset_s', [-0.2, 0.06])
def test_a_reference_of_another_time_does_not_count(offset_s):
    stream = Stream()
    stream.count = 10
    estimate, _ = stream.feed(base_from_camera=None, references=[scan(1.0 + offset_s)])
    assert estimate is LOST


def test_a_reference_counts_once():
    config = ScaleConfig(reference_max_age_s=1.0)
    stream = Stream(config)
    ages = [stream.feed(base_from_camera=None, references=[scan(0.0)])[0].age_s for _ in range(3)]
    assert ages == pytest.approx([0.0, 0.1, 0.2])


def test_references_shifted_in_time_do_not_spoil_the_scale():
    """A robot that turns sees, in a scan 0.3 s old, what was elsewhere."""
    stream = Stream(ScaleConfig(reference_max_age_s=0.5))
    for _ in range(8):
        stream.feed()
    shifted = np.roll(POINTS[110], 60, axis=0).copy()
    shifted[:, :2] = POINTS[110][:, :2] / POINTS[110][:, 2:] * shifted[:, 2:]
    for i in range(10):
        _, error = stream.feed(references=[scan(stream.count / RATE_HZ - 0.3 + 1e-3 * i, shifted)])
    assert error < 0.05


def test_a_single_range_keeps_the_scale_with_the_last_shift():
    stream = Stream(ScaleConfig(scale_timeout_s=0.5))
    for _ in range(5):
        stream.feed()
    cone = np.hypot(*np.meshgrid(PINHOLE.ray_x, PINHOLE.ray_y)) < math.tan(0.1)
    nearest = np.linalg.norm(POINTS, axis=-1)[cone].min()
    for i in range(5, 25):
        axis = np.array([[0, 0, nearest]], np.float32)
        reference = SparseReference('range', i * 100_000_000, axis, 0.1)
        a = 0.02 * (1 + 0.2 * (i % 3))
        estimate, error = stream.feed(a=a, base_from_camera=None, references=[reference])
    assert (estimate.source, estimate.health) == ('range', ScaleHealth.GOOD)
    assert error < 0.06


@pytest.mark.parametrize('noise', [0.0, 0.001])
def test_references_of_one_depth_claim_no_more_than_they_know(noise):
    stream = Stream(ScaleConfig(use_floor=False))
    rng = np.random.default_rng(1)
    face = POINTS[150, 100:140].reshape(-1, 3)  # the front of a box, and nothing else
    for i in range(50):
        points = (face * (1 + noise * rng.standard_normal((len(face), 1)))).astype(np.float32)
        estimate, error = stream.feed(references=[scan(i / RATE_HZ + 1e-9, points)])
    assert error < 0.15
    # An inverse depth of 1/m is another than the references', and no better known than b is.
    d = (1.0 - estimate.b) / estimate.a
    row = np.array([d, 1.0])
    assert math.sqrt(row @ estimate.covariance @ row) > 0.2


def test_a_marker_in_the_image_gives_metres():
    config = ScaleConfig(use_floor=False, marker_size_m=0.4)
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    side = round(0.4 * PINHOLE.fx / 2.0)
    image = np.full((252, 336, 3), 255, np.uint8)
    draw = getattr(cv2.aruco, 'generateImageMarker', None) or cv2.aruco.drawMarker  # before 4.7
    black = draw(family, 5, side)[..., None]
    bottom, right = 90 + side, 140 + side
    image[90:bottom, 140:right] = black
    depth = np.full((252, 336), 2.0)
    estimate, error = Stream(config).feed(depth, b=0.0, image=image)
    assert (estimate.source, estimate.health) == ('marker', ScaleHealth.GOOD)
    assert error < 0.03


def test_metric_predictions_pass_through():
    estimator = ScaleEstimator(ScaleConfig())
    for i in range(3):
        step = prediction(DEPTH.astype(np.float32), None, stamp_s=100.0 * i, is_metric=True)
        estimate = estimator.update(step)
    assert (estimate.a, estimate.b, estimate.source) == (1.0, 0.0, 'network')
    assert estimate.health is ScaleHealth.GOOD
    assert estimate.age_s == math.inf


def test_metric_predictions_are_corrected():
    estimator = ScaleEstimator(ScaleConfig())
    for i in range(10):
        step = prediction((1.2 * DEPTH).astype(np.float32), stamp_s=i / RATE_HZ, is_metric=True)
        estimate = estimator.update(step)
    assert estimate.a == pytest.approx(1.2, rel=0.02)
    assert estimate.source == 'floor'


@pytest.mark.parametrize('factor', [2.0, 3.0, 0.3])
def test_a_metric_network_that_the_floor_contradicts_is_not_believed(factor):
    estimator = ScaleEstimator(ScaleConfig())
    for i in range(80):
        depth = (factor * DEPTH).astype(np.float32)
        estimate = estimator.update(prediction(depth, stamp_s=i / RATE_HZ, is_metric=True))
        is_right = abs(estimate.a / factor - 1) < 0.05
        assert i < 20 or is_right or estimate.health is ScaleHealth.LOST
    assert is_right
    assert estimate.health is ScaleHealth.GOOD


@pytest.mark.parametrize('pitch', [-0.1, -0.03, 0.0, 0.1])
def test_sky_over_half_the_image_leaves_the_scale_good(pitch):
    mount = base_from_mounted_camera(0.0, 0.0, 0.5, 0.0, pitch, 0.0)
    values = relative(Scene().depth(mount), 0.02, 0.0)
    estimate = ScaleEstimator(ScaleConfig()).update(prediction(values, mount))
    assert estimate.health is ScaleHealth.GOOD
    assert estimate.a == pytest.approx(0.02, rel=0.01)


def test_metric_predictions_are_corrected_for_the_focal_length():
    """Twice the focal length it was trained with shows everything twice as large."""
    focal = PINHOLE.fy / PINHOLE.height
    estimator = ScaleEstimator(ScaleConfig(training_focal=focal / 2))
    half = prediction((DEPTH / 2).astype(np.float32), None, is_metric=True)
    assert estimator.update(half).a == pytest.approx(0.5)


@pytest.mark.parametrize('values', [np.nan, 0.0, 5.0], ids=['nan', 'zero', 'constant'])
def test_a_broken_prediction_is_lost_and_forgiven(values):
    stream = Stream()
    stream.feed()
    broken = np.full_like(DEPTH, values, dtype=np.float32)
    estimate = stream.estimator.update(prediction(broken, stamp_s=0.1))
    assert not estimate.is_metric
    stream.count = 2
    for _ in range(3):
        estimate, error = stream.feed()
    assert estimate.is_metric and error < 0.05


def test_reset_forgets():
    stream = Stream()
    stream.feed()
    stream.estimator.reset()
    assert stream.feed(base_from_camera=None)[0] is LOST


def test_time_that_jumps_back_starts_afresh():
    stream = Stream()
    stream.count = 50
    stream.feed()
    stream.count = 0
    assert stream.feed(base_from_camera=None)[0] is LOST
