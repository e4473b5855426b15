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

from depth_anything_ros.scale.robust_fit import fit_affine, shrink_shift
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest


def pairs(a=0.02, b=0.05, count=200, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    q = rng.uniform(0.25, 2.0, count)
    return (q - b) / a * (1 + noise * rng.standard_normal(count)), q


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-4, 1e3), st.floats(-0.2, 0.2))
def test_exact_pairs_give_their_line_whatever_the_unit_of_the_prediction(a, b):
    d, q = pairs(a, b)
    fit = fit_affine(d, q)
    np.testing.assert_allclose(fit.a * d + fit.b, q, rtol=0.01)
    assert fit.inliers.mean() > 0.95


def test_noise_does_not_bend_the_line_toward_flat():
    slopes = []
    for seed in range(20):
        d, q = pairs(noise=0.1, seed=seed)
        slopes.append(fit_affine(d, q).a)
    least_squares_would_give = 0.95 * 0.02
    assert least_squares_would_give < 0.98 * 0.02 < np.mean(slopes) < 1.025 * 0.02


@pytest.mark.parametrize('count', [30, 300])
def test_forty_percent_of_outliers_change_little(count):
    d, q = pairs(noise=0.03, count=count)
    wrong = np.arange(count) % 5 < 2
    d[wrong] *= np.random.default_rng(1).uniform(0.2, 4.0, wrong.sum())
    fit = fit_affine(d, q)
    np.testing.assert_allclose((fit.a * 50 + fit.b) / 1.05, 1.0, atol=0.05)


def test_samples_farther_than_the_line_cost_more_than_nearer_ones():
    q = np.linspace(0.5, 2.0, 100)
    d = np.concatenate([q * 50, q[:80] * 100])
    q = np.concatenate([q, q[:80]])
    assert fit_affine(d, q, below_cost=3.0).a == pytest.approx(0.02, rel=0.05)
    nearer_ones_are_more = fit_affine(np.append(d, q[:80] * 100), np.append(q, q[:80]))
    assert nearer_ones_are_more.a == pytest.approx(0.01, rel=0.05)
    with_cost = fit_affine(np.append(d, q[:80] * 100), np.append(q, q[:80]), below_cost=3.0)
    assert with_cost.a == pytest.approx(0.02, rel=0.05)


def test_one_pair_fixes_the_scale_and_leaves_the_shift_open():
    fit = fit_affine(np.array([50.0]), np.array([1.0]))
    assert fit.a * 50 + fit.b == pytest.approx(1.0, rel=0.01)
    along, across = np.array([50.0, 1.0]), np.array([1.0, -50.0]) / np.array([1.0, 1.0])
    assert np.sqrt(along @ fit.covariance @ along) < 0.1
    assert np.sqrt(fit.covariance[1, 1]) > 1.0
    assert across @ fit.covariance @ across > along @ fit.covariance @ along


def test_without_shift_only_the_ratio_is_fitted():
    d, q = pairs(b=0.0, noise=0.05)
    fit = fit_affine(d, q, with_shift=False)
    assert fit.b == 0.0
    assert fit.a == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize(
    'd', [np.zeros(20), np.full(20, -1.0), np.empty(0)], ids=['zero', 'negative', 'empty']
)
def test_what_cannot_be_a_prediction_has_no_fit(d):
    assert fit_affine(d, np.linspace(0.5, 1.0, len(d))) is None


def test_shrinking_the_shift_by_hand():
    covariance = np.array([[1.0, -0.5], [-0.5, 1.0]])
    assert shrink_shift(2.0, 4.0, covariance, 1.0) == pytest.approx((3.0, 2.0))
    assert shrink_shift(2.0, 4.0, covariance, 1.0, expected=4.0) == pytest.approx((2.0, 4.0))
