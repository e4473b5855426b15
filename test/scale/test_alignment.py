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

from depth_anything_ros.scale.alignment import align
from depth_anything_ros.scale.thumbnail import thumbnail
from depth_anything_ros.transforms import rotation_from_rpy, transform_from
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scenes import MOUNT, prediction, relative, ROOM, Scene

DEPTH = ROOM.depth(MOUNT)


def small(values, grid_from_base=None):
    return thumbnail(prediction(values, grid_from_base=grid_from_base))


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-3, 10.0), st.floats(-0.1, 0.15), st.floats(0.3, 3.0))
def test_a_flicker_is_undone_whatever_the_unit(a, b, jump):
    last, now = small(relative(DEPTH, a, b)), small(relative(DEPTH, a * jump, b / 2))
    aligned = align(last, a, b, now, with_shift=True)
    # Block means of a cut at d = 0 differ a little.
    assert aligned.a == pytest.approx(a * jump, rel=0.02)
    assert aligned.b == pytest.approx(b / 2, abs=0.01)


def test_equal_noise_does_not_bend_the_axis():
    """A chain of least squares would lose half a percent of the scale a frame."""
    rng = np.random.default_rng(0)
    a, b = 0.02, 0.05
    last = small(relative(DEPTH, noise=0.3, rng=rng))
    for _ in range(60):
        now = small(relative(DEPTH, noise=0.3, rng=rng))
        aligned = align(last, a, b, now, with_shift=True)
        a, b, last = aligned.a, aligned.b, now
    middle = float(np.median(1 / DEPTH))
    assert a * (middle - 0.05) / 0.02 + b == pytest.approx(middle, rel=0.05)
    assert a == pytest.approx(0.02, rel=0.15)


def test_the_robots_motion_is_no_flicker():
    motion = transform_from(rotation_from_rpy(0, 0, 0.05), np.array([0.15, 0.02, 0.0]))
    last = small(relative(DEPTH), np.eye(4))
    moved = relative(ROOM.depth(motion @ MOUNT), 0.018, 0.03)
    aligned = align(last, 0.02, 0.05, small(moved, motion), with_shift=True)
    assert aligned.a == pytest.approx(0.018, rel=0.03)
    assert aligned.b == pytest.approx(0.03, abs=0.02)


def test_the_noise_is_larger_without_a_pose():
    values = relative(DEPTH, noise=0.05, rng=np.random.default_rng(1))
    now = relative(DEPTH, noise=0.05, rng=np.random.default_rng(2))
    posed = align(small(values, np.eye(4)), 0.02, 0.05, small(now, np.eye(4)), True)
    for poses in ((None, None), (None, np.eye(4)), (np.eye(4), None)):
        blind = align(small(values, poses[0]), 0.02, 0.05, small(now, poses[1]), True)
        assert blind.covariance[0, 0] > 2 * posed.covariance[0, 0]


def test_a_metric_prediction_has_a_factor_only():
    last = thumbnail(prediction(DEPTH.astype(np.float32), is_metric=True))
    now = thumbnail(prediction((1.1 * DEPTH).astype(np.float32), is_metric=True))
    aligned = align(last, 1.0, 0.0, now, with_shift=False)
    assert (aligned.a, aligned.b) == (pytest.approx(1.1, rel=1e-3), 0.0)


def test_a_flat_view_keeps_its_shift():
    wall = Scene(planes=[(1, 0, 0, 2.0)]).depth(MOUNT)
    wall[:] = wall.mean()
    rng = np.random.default_rng(3)
    last, now = (small(relative(wall, noise=0.05, rng=rng)) for _ in range(2))
    aligned = align(last, 0.02, 0.05, now, with_shift=True)
    assert aligned.b == pytest.approx(0.05, abs=0.01)


def test_another_scene_or_size_or_nothing_does_not_align():
    last = small(relative(DEPTH))
    noise = np.random.default_rng(4).uniform(0, 100, DEPTH.shape) ** 3
    for values in (noise, np.full_like(DEPTH, np.nan), np.zeros_like(DEPTH)):
        assert align(last, 0.02, 0.05, small(values.astype(np.float32)), True) is None
    assert align(replace(last, values=last.values[:-1]), 0.02, 0.05, last, True) is None


def test_a_zoomed_camera_does_not_align_and_one_that_refocused_does():
    last = small(relative(DEPTH))
    for zoom, aligns in ((1.5, False), (1.0005, True)):
        pinhole = replace(last.pinhole, fx=last.pinhole.fx * zoom, fy=last.pinhole.fy * zoom)
        aligned = align(last, 0.02, 0.05, replace(last, pinhole=pinhole), True)
        assert (aligned is not None) == aligns
