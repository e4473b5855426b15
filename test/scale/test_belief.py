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

import math

from depth_anything_ros.scale.alignment import Alignment
from depth_anything_ros.scale.belief import Belief, SOURCE_SPREAD
from depth_anything_ros.scale.estimate import ScaleMeasurement
from depth_anything_ros.scale.fusion import LARGEST_SIGMA
from depth_anything_ros.scale.robust_fit import fit_affine
import numpy as np
import pytest

BELIEF = Belief(np.array([0.02, 0.0]), np.diag([1e-6, 1e-4]))


def measured(a, b=0.0, spread=1e-9):
    return ScaleMeasurement(a, b, np.eye(2) * spread, 1.0, 0.01, 'floor')


def test_a_measurement_brings_the_error_of_its_source():
    belief = Belief.of(measured(0.02, 0.1, spread=0.0), middle=50.0)
    expected = np.array([[4e-4, 2e-3], [2e-3, 0.01 + 1.0]]) * SOURCE_SPREAD**2
    np.testing.assert_allclose(belief.covariance, expected)


def test_carrying_moves_the_line_and_its_errors():
    """A prediction of half the values and 1 more: d = 2·d' − 2, so a' = 2·a, b' = −2·a."""
    carried = BELIEF.carried(Alignment(0.04, -0.04, np.zeros((2, 2))), drift=0.0)
    np.testing.assert_allclose(carried.state, [0.04, -0.04])
    step = np.array([[2.0, 0.0], [-2.0, 1.0]])
    np.testing.assert_allclose(carried.covariance, step @ BELIEF.covariance @ step.T)


def test_a_shift_is_no_larger_than_what_it_shifts():
    wide = Belief(np.array([0.5, 0.0]), np.array([[25.0, -50.0], [-50.0, 100.0]]))
    likely = wide.with_possible_shift(4.0)  # 1/z is 2 at the median
    assert likely.covariance[1, 1] == pytest.approx(100 * 4 / 104)
    assert likely.covariance[0, 1] == pytest.approx(-50 * 4 / 104)
    np.testing.assert_array_equal(likely.state, wide.state)


def test_drift_is_relative():
    still = Alignment(0.02, 0.0, np.zeros((2, 2)))
    grown = BELIEF.carried(still, drift=0.1).covariance - BELIEF.covariance
    np.testing.assert_allclose(grown, [[4e-6, 0.0], [0.0, 0.0]], atol=1e-15)


def test_a_correction_lies_between_and_is_surer():
    corrected = BELIEF.corrected(measured(0.021), middle=50.0)
    assert 0.02 < corrected.state[0] < 0.021
    assert corrected.sigma(50.0) < BELIEF.sigma(50.0)
    np.testing.assert_allclose(corrected.covariance, corrected.covariance.T)


@pytest.mark.parametrize('a', [0.05, 0.005])
def test_what_contradicts_is_refused(a):
    assert BELIEF.corrected(measured(a), middle=50.0) is None


@pytest.mark.parametrize('seed', range(3))
def test_pairs_of_one_distance_do_not_become_a_line(seed):
    """A range sensor before one thing: what lies at half its distance stays unknown."""
    rng, belief = np.random.default_rng(seed), None
    for d in 10.0 * (1 + 0.05 * rng.standard_normal(400)):
        pair = fit_affine(np.array([d]), np.array([1.0])).measurement('range')
        if belief is None:
            belief = Belief.of(pair, middle=20.0).with_possible_shift(20.0)
        belief = belief.corrected(pair, middle=20.0) or belief
    error = abs(np.array([20.0, 1.0]) @ belief.state / 2.0 - 1)
    assert belief.sigma(20.0) > max(LARGEST_SIGMA, error)


def test_a_loosened_belief_listens():
    loosened = BELIEF.loosened(0.02, 0.5)
    assert loosened.corrected(measured(0.05), middle=50.0).state[0] == pytest.approx(
        0.05, rel=0.05
    )


def test_sigma_by_hand():
    assert BELIEF.sigma(50.0) == pytest.approx(math.sqrt(50.0**2 * 1e-6 + 1e-4) / 1.0)
    assert BELIEF.sigma(0.0) == math.inf
