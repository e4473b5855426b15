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

"""Test how far depth is trusted."""

from __future__ import annotations

from dataclasses import replace

from depth_anything_ros.config import CleaningConfig
from depth_anything_ros.frame import Prediction
from depth_anything_ros.mapping.confidence import ConfidenceEstimator
from depth_anything_ros.scale.estimate import LOST, ScaleEstimate
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray
import pytest
from ray_scenes import good_scale, make_view, PINHOLE, uniform

CONFIG = CleaningConfig(range_max_m=6.0)


def judge(
    depth: NDArray[np.float32],
    scale: ScaleEstimate | None = None,
    estimator: ConfidenceEstimator | None = None,
    is_metric: bool = False,
    level: int = 128,
    pose: Transform | None = None,
    stamp_ns: int = 0,
) -> NDArray[np.float32]:
    """Return the confidence of a prediction that says 1/depth."""
    view = make_view(grid_from_base=pose, stamp_ns=stamp_ns, level=level)
    with np.errstate(divide='ignore'):
        values = depth if is_metric else (1 / depth).astype(np.float32)
    estimator = estimator or ConfidenceEstimator(CONFIG)
    return estimator.estimate(Prediction(view, values, is_metric), depth, scale or good_scale())


def test_it_falls_with_the_error_of_the_scale() -> None:
    # A gain off by 10 % and a network off by 1 %: relative variance 0.0101, half is at 0.01.
    assert judge(uniform(2.0), good_scale(0.1))[60, 60] == pytest.approx(1 / 2.01, rel=1e-4)


def test_it_falls_with_errors_that_a_and_b_share() -> None:
    # Of 1/z = d at d = 1/2: 0.01/4 + 2 · 0.002/2 + 0.001 and a network off by 1 %, times z² = 4.
    scale = replace(good_scale(), covariance=np.array([[0.01, 0.002], [0.002, 0.001]]))
    assert judge(uniform(2.0), scale)[60, 60] == pytest.approx(1 / (1 + 2.21), rel=1e-4)


def test_it_falls_with_range_as_the_network_errs_by_a_constant() -> None:
    depth = uniform(1.0)
    depth[:, 100:] = 4.0
    confidence = judge(depth)
    # The error is 1 % of the largest prediction, 1: 0.01 · z relative.
    assert confidence[60, 40] == pytest.approx(1 / (1 + 0.01), rel=1e-3)
    assert confidence[60, 140] == pytest.approx(1 / (1 + 0.16), rel=1e-3)


def test_metric_predictions_err_relatively() -> None:
    # 3 % of the network: 0.0009 of 0.01, and 0.01 of a scale that is off by 10 %.
    confidence = judge(uniform(5.0), is_metric=True)
    assert confidence[60, 60] == pytest.approx(1 / 1.09, rel=1e-3)
    confidence = judge(uniform(5.0), good_scale(0.1), is_metric=True)
    assert confidence[60, 60] == pytest.approx(1 / 2.09, rel=1e-3)


def test_beyond_range_it_is_that_of_the_range() -> None:
    depth = uniform(6.0)
    depth[:, :80] = 1.0
    far = depth.copy()
    far[:, 100:] = 30.0
    assert judge(far)[60, 140] == pytest.approx(judge(depth)[60, 140])


def test_edges_are_trusted_less() -> None:
    depth = uniform(4.0)
    depth[:, 80:] = 2.0
    confidence = judge(depth)
    assert confidence[60, 79] < 0.6 * confidence[60, 40]
    assert confidence[60, 80] < 0.6 * confidence[60, 120]
    depth = uniform(4.0)
    depth[80:] = 2.0
    confidence = judge(depth)
    assert (confidence[79] < 0.6 * confidence[40]).all()
    assert (confidence[80] < 0.6 * confidence[110]).all()


@pytest.mark.parametrize('value', [np.nan, 0.0, -1.0, -np.inf])
def test_invalid_depth_is_not_trusted(value: float) -> None:
    depth = uniform(2.0)
    depth[50:60, 50:60] = value
    confidence = judge(depth)
    assert np.isfinite(confidence).all()
    assert not confidence[50:60, 50:60].any()
    assert confidence[40, 40] > 0.9


def test_sky_is_not_trusted_though_the_shift_makes_a_wall_of_it() -> None:
    depth = uniform(2.0)
    depth[:40] = 5.0
    values = (1 / depth).astype(np.float32)
    values[:40] = 0.001
    estimate = ConfidenceEstimator(CONFIG).estimate(
        Prediction(make_view(), values, is_metric=False), depth, good_scale()
    )
    assert not estimate[:40].any()
    assert estimate[50:].all()


@pytest.mark.parametrize('level', [0, 255])
def test_black_and_white_patches_are_hardly_trusted(level: int) -> None:
    confidence = judge(uniform(2.0), level=level)
    assert 0 < confidence.max() <= 0.02


@pytest.mark.parametrize(('level', 'other'), [(0, 128), (255, 128), (0, 255)])
def test_a_patch_that_shows_something_is_trusted(level: int, other: int) -> None:
    view = make_view(level=level)
    view.image[1::4, 1::4, 2] = other
    prediction = Prediction(view, 1 / uniform(2.0), is_metric=False)
    confidence = ConfidenceEstimator(CONFIG).estimate(prediction, uniform(2.0), good_scale())
    assert confidence.min() > 0.9


def test_without_a_scale_nothing_is_trusted() -> None:
    assert not judge(uniform(np.nan), LOST).any()


def test_what_came_nearer_loses_less_than_what_went_away() -> None:
    still = np.eye(4)
    weights = {}
    for name, now in (('same', 3.0), ('nearer', 2.0), ('farther', 4.5)):
        estimator = ConfidenceEstimator(CONFIG)
        judge(uniform(3.0), estimator=estimator, pose=still)
        plain = judge(uniform(now))
        after = judge(uniform(now), estimator=estimator, pose=still, stamp_ns=50_000_000)
        weights[name] = float((after / plain)[60, 60])
    assert weights['same'] == pytest.approx(1.0, abs=1e-3)
    assert weights['nearer'] == pytest.approx(0.7 + 0.3 / (1 + 25), abs=1e-3)  # 50 % off
    assert weights['farther'] == pytest.approx(0.3 + 0.7 / (1 + (1 / 0.3) ** 2), abs=1e-3)


def test_the_last_frame_is_seen_from_the_new_pose() -> None:
    estimator = ConfidenceEstimator(CONFIG)
    moved = np.eye(4)
    moved[:3, 3] = make_view().base_from_view[:3, 2]  # a metre along the optical axis
    judge(uniform(3.0), estimator=estimator, pose=np.eye(4))
    after = judge(uniform(2.0), estimator=estimator, pose=moved, stamp_ns=50_000_000)
    assert after[60, 60] == pytest.approx(judge(uniform(2.0))[60, 60], rel=1e-3)


@pytest.mark.parametrize(
    ('pose', 'later_ns'),
    [
        (None, 50_000_000),
        (np.full((4, 4), np.nan), 50_000_000),
        (np.eye(4), 600_000_000),
        (np.eye(4), -50_000_000),
    ],
)
def test_a_last_frame_of_no_pose_or_another_time_does_not_count(
    pose: Transform | None, later_ns: int
) -> None:
    estimator = ConfidenceEstimator(CONFIG)
    judge(uniform(3.0), estimator=estimator, pose=np.eye(4))
    after = judge(uniform(4.5), estimator=estimator, pose=pose, stamp_ns=later_ns)
    np.testing.assert_array_equal(after, judge(uniform(4.5)))


def test_a_last_frame_of_another_size_does_not_count() -> None:
    estimator = ConfidenceEstimator(CONFIG)
    judge(uniform(3.0), estimator=estimator, pose=np.eye(4))
    view = make_view(PINHOLE.resized(84, 63), grid_from_base=np.eye(4), stamp_ns=50_000_000)
    small = np.full((63, 84), 4.5, np.float32)
    after = estimator.estimate(Prediction(view, 1 / small, False), small, good_scale())
    assert after.min() > 0.8


def test_what_is_not_seen_is_not_trusted() -> None:
    seen = np.arange(PINHOLE.height)[:, None] < 60
    view = replace(make_view(), seen=np.repeat(seen, PINHOLE.width, axis=1))
    prediction = Prediction(view, 1 / uniform(2.0), is_metric=False)
    confidence = ConfidenceEstimator(CONFIG).estimate(prediction, uniform(2.0), good_scale())
    assert not confidence[60:].any()
    assert confidence[:55].all()
