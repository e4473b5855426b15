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
from depth_anything_ros.replay.depth_truth import depth_errors, truth_in_view
import numpy as np
import pytest

TRUE = np.full((10, 20), 2.0, np.float32)


def test_truth_of_the_same_camera_is_unchanged() -> None:
    camera = Pinhole.from_field_of_view(5, 3, 70)
    truth = np.arange(15, dtype=np.float32).reshape(3, 5)
    np.testing.assert_array_equal(truth_in_view(truth, camera, camera), truth)


def test_truth_is_sampled_along_the_rays_of_the_view() -> None:
    camera = Pinhole(4, 2, fx=2.0, fy=2.0, cx=1.5, cy=0.5)
    view = Pinhole(2, 1, fx=1.0, fy=1.0, cx=0.25, cy=0.25)
    truth = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.float32)
    assert truth_in_view(truth, camera, view).tolist() == [[1.0, 3.0]], 'columns 1, 3 of row 0'


def test_rays_that_the_true_camera_does_not_see_are_nan() -> None:
    camera = Pinhole(2, 1, fx=1.0, fy=1.0, cx=0.5, cy=0.0)
    view = Pinhole(4, 1, fx=1.0, fy=1.0, cx=1.5, cy=0.0)
    sampled = truth_in_view(np.ones((1, 2), np.float32), camera, view)
    np.testing.assert_array_equal(sampled, [[np.nan, 1, 1, np.nan]])


def test_perfect_depth_has_no_errors() -> None:
    errors = depth_errors(TRUE, TRUE)
    assert (errors.abs_rel, errors.delta1, errors.scale_percent, errors.coverage) == (0, 1, 0, 1)


def test_errors_are_those_of_the_definitions() -> None:
    predicted = TRUE.copy()
    predicted[:, :5] = 3.0
    errors = depth_errors(predicted, TRUE)
    assert errors.abs_rel == pytest.approx(0.25 * 0.5)
    assert errors.delta1 == pytest.approx(0.75)
    assert errors.scale_percent == pytest.approx(0.0), 'the median pixel is right'


def test_too_small_a_scale_is_as_wrong_as_too_large() -> None:
    assert depth_errors(TRUE * 0.9, TRUE).scale_percent == pytest.approx(10.0, rel=1e-5)
    assert depth_errors(TRUE * 1.1, TRUE).scale_percent == pytest.approx(10.0, rel=1e-5)
    assert depth_errors(TRUE * 1.24, TRUE).delta1 == 1
    assert depth_errors(TRUE / 1.26, TRUE).delta1 == 0


def test_pixels_without_prediction_lower_the_coverage_only() -> None:
    predicted = TRUE.copy()
    predicted[:2] = np.nan
    errors = depth_errors(predicted, TRUE)
    assert (errors.abs_rel, errors.delta1, errors.coverage) == (0, 1, 0.8)


def test_beyond_range_where_there_is_something_is_not_within() -> None:
    predicted = TRUE.copy()
    predicted[:2] = np.inf
    errors = depth_errors(predicted, TRUE)
    assert (errors.abs_rel, errors.delta1, errors.coverage) == (0, 0.8, 1)


def test_truth_beyond_its_range_does_not_count() -> None:
    truth = TRUE.copy()
    truth[:2], truth[2], truth[3] = 12.0, np.nan, 0.0
    errors = depth_errors(np.where(truth == 2, truth, 1.0).astype(np.float32), truth)
    assert (errors.abs_rel, errors.coverage) == (0, 1)


@pytest.mark.parametrize('bad', [np.nan, np.inf, 0.0])
def test_nothing_to_compare_is_none(bad: float) -> None:
    assert depth_errors(np.full_like(TRUE, bad), TRUE) is None
