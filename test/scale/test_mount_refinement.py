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

from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import SparseReference
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.mount_refinement import MountEstimate, refined_view
from depth_anything_ros.transforms import base_from_mounted_camera, transform_from
import numpy as np
import pytest
from scenes import MOUNT, PINHOLE, prediction, relative, ROOM, textured


def drive(estimator, true_mount, count=13, step_m=0.06, with_pose=True, image=textured):
    """Feed the estimator a straight drive of a camera whose stated mount is MOUNT."""
    for i in range(count):
        grid_from_base = transform_from(np.eye(3), np.array([step_m * i - 1.0, 0.0, 0.0]))
        pose = grid_from_base @ true_mount
        values = relative(ROOM.depth(pose))
        estimate = estimator.update(
            prediction(
                values,
                stamp_s=0.1 * i,
                grid_from_base=grid_from_base if with_pose else None,
                image=image(ROOM, pose),
            )
        )
    return values, estimate, ROOM.depth(pose)


@pytest.fixture(scope='module')
def wrong():
    """Return what a drive tells of a mount that is 1° and 2 cm off, and is refined."""
    estimator = ScaleEstimator(ScaleConfig(refine_mount=True))
    true_mount = base_from_mounted_camera(0.1, 0.0, 0.52, 0.0, 0.15 + math.radians(1), 0.0)
    return estimator, true_mount, *drive(estimator, true_mount)


def test_offsets_move_the_mount():
    moved = MountEstimate(0.1, 0.02, 0.0, 0.0).applied(MOUNT)
    expected = base_from_mounted_camera(0.1, 0.0, 0.52, 0.0, 0.25, 0.0)
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_a_wrong_mount_is_found(wrong):
    mount = wrong[0].mount
    assert mount.pitch_rad == pytest.approx(math.radians(1), abs=math.radians(0.25))
    assert mount.height_m == pytest.approx(0.02, abs=0.006)
    assert abs(mount.pitch_rad - math.radians(1)) < 2 * mount.pitch_sigma_rad
    assert mount.height_sigma_m < 0.03


def test_the_refined_mount_makes_the_scale_right(wrong):
    _, _, values, estimate, depth = wrong
    found = 1 / (estimate.a * values + estimate.b)
    assert np.median(np.abs(found / depth - 1)) < 0.02


def test_a_scale_that_the_stated_mount_misled_is_left_at_once():
    estimator = ScaleEstimator(ScaleConfig(refine_mount=True))
    true_mount = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.15 + math.radians(3.5), 0.0)
    values, estimate, depth = drive(estimator, true_mount, count=6, step_m=0.08)
    error = np.median(np.abs(1 / (estimate.a * values + estimate.b) / depth - 1))
    assert error < 0.05


def test_the_refined_view_has_the_true_pose(wrong):
    estimator, true_mount, values, *_ = wrong
    view = prediction(values).view
    np.testing.assert_allclose(estimator.refined(view).base_from_view, true_mount, atol=0.006)
    assert ScaleEstimator(ScaleConfig()).refined(view) is view
    no_pose = prediction(values, base_from_camera=None).view
    assert refined_view(no_pose, estimator.mount) is no_pose


def test_sigma_tells_of_a_wrong_mount_that_is_used():
    true_mount = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.15 + math.radians(3), 0.0)
    values, wrong, depth = drive(ScaleEstimator(ScaleConfig()), true_mount)
    error = np.median(np.abs(1 / (wrong.a * values + wrong.b) / depth - 1))
    assert 0.1 < error < 2 * wrong.sigma
    _, right, _ = drive(ScaleEstimator(ScaleConfig()), MOUNT)
    assert right.sigma < 0.03


def test_a_true_mount_is_left_alone():
    estimator = ScaleEstimator(ScaleConfig())
    drive(estimator, MOUNT, count=9)
    mount = estimator.mount
    assert mount.pitch_rad == pytest.approx(0.0, abs=math.radians(0.4))
    assert mount.height_m == pytest.approx(0.0, abs=0.01)
    assert abs(mount.pitch_rad) < 2 * mount.pitch_sigma_rad < math.radians(2)


@pytest.mark.parametrize(
    'how',
    [
        {'with_pose': False},
        {'step_m': 0.0},
        {'image': lambda *_: np.full((252, 336, 3), 99, np.uint8)},
    ],
    ids=['no pose', 'standing', 'bare floor'],
)
def test_nothing_is_known_of_the_mount(how):
    estimator = ScaleEstimator(ScaleConfig())
    drive(estimator, MOUNT, count=5, **how)
    assert estimator.mount == MountEstimate(0.0, 0.0, math.inf, math.inf)


@pytest.mark.parametrize('refine', [False, True])
def test_a_camera_at_the_height_of_the_floor_has_no_mount_to_refine(refine):
    estimator = ScaleEstimator(ScaleConfig(refine_mount=refine))
    flat = MOUNT.copy()
    flat[2, 3] = 0.0
    depth = ROOM.depth(MOUNT)
    points = PINHOLE.back_project(depth.astype(np.float32))[::8, ::8].reshape(-1, 3)
    for i in range(3):
        stamp_s, pose = 0.1 * i + 0.1, transform_from(np.eye(3), np.array([0.4 * i, 0.0, 0.0]))
        lidar = SparseReference('points', round(stamp_s * 1e9), points)
        estimator.update(prediction(relative(depth), flat, stamp_s, pose, [lidar]))
    assert estimator.mount == MountEstimate(0.0, 0.0, math.inf, math.inf)


def test_images_of_another_size_are_not_compared():
    estimator = ScaleEstimator(ScaleConfig())
    small = PINHOLE.resized(252, 196)
    for i, pinhole in enumerate([PINHOLE] * 3 + [small] * 6):
        grid_from_base = transform_from(np.eye(3), np.array([0.12 * i - 1.0, 0.0, 0.0]))
        pose = grid_from_base @ MOUNT
        image, values = textured(ROOM, pose, pinhole), relative(ROOM.depth(pose, pinhole))
        full = prediction(values, stamp_s=0.1 * i, grid_from_base=grid_from_base)
        view = replace(full.view, image=image, pinhole=pinhole)
        estimator.update(replace(full, view=view))
    assert estimator.mount.pitch_sigma_rad < math.inf
