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

"""
The robust line through pairs of prediction and known inverse depth.

The noise is the prediction's, so d = α·q + β is fitted (q = 1/z is known) and turned over into
1/z = a·d + b: regressing q on a noisy d would bend a toward zero.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from depth_anything_ros.scale.estimate import ScaleMeasurement
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HYPOTHESES = 96
SEARCHED_SAMPLES = 200
DRAWS = np.random.default_rng(0).random((2, HYPOTHESES))
"""The same for every fit: equal input gives equal output."""

TOLERANCE = 0.12
"""Share of the prediction within which a sample agrees with a line while it is searched."""

LARGEST_OFFSET = 0.6
"""A line has d = β at infinite distance; networks keep it below this share of the median d."""

SMALLEST_OFFSET = -2.0

LEAST_SLOPE, LARGEST_SLOPE = 0.5, 1.8
"""Local slopes, in the line's, between which a sample may support it."""

EFFECTIVE_SAMPLES = 60
"""Errors of a network are correlated over the image: more samples than these tell nothing new."""

EXPECTED_RESIDUAL = 0.05

SHIFT_SPREAD = 0.3
"""Prior standard deviation of b around 0, as a share of the median inverse depth."""

NEARER_CUT, FARTHER_CUT = 3.0, 5.0
"""Residuals, in robust standard deviations, from which samples weigh nothing."""


@dataclass(frozen=True)
class AffineFit:
    """
    1/z = a·d + b with what supports it.

    covariance: (2, 2) of (a, b); inliers: (N,) bool; below_share: samples farther than the line,
    over those and the inliers; residual: robust, relative.
    """

    a: float
    b: float
    covariance: Floats
    inliers: NDArray[np.bool_]
    below_share: float
    residual: float

    def measurement(self, source: str) -> ScaleMeasurement:
        """Return the fit as what a source measured."""
        share = float(self.inliers.mean())
        return ScaleMeasurement(self.a, self.b, self.covariance, share, self.residual, source)


def fit_affine(
    d: Floats,
    q: Floats,
    *,
    slopes: Floats | None = None,
    soft: float = 0.0,
    below_cost: float = 1.0,
    with_shift: bool = True,
) -> AffineFit | None:
    """
    Return the best 1/z = a·d + b of N pairs, None where there is none.

    d, q: (N,) finite predictions and inverse depths (q > 0). slopes: (N,) local dd/dq where it is
    known: samples whose slope contradicts the line do not support it. soft: 1/m, inverse depth
    below which pairs lose weight. below_cost: price of a sample farther than the line (d too
    small) against one nearer. RANSAC with the MSAC cost (Torr and Zisserman 2000), then IRLS with
    Tukey's weights, narrower on the nearer side.
    """
    slopes = np.full(len(d), np.nan) if slopes is None else slopes
    alphas, betas = _hypotheses(d, q, slopes, with_shift)
    if len(alphas) == 0:
        return None
    some = slice(None, None, math.ceil(len(d) / SEARCHED_SAMPLES))
    costs = _costs(d[some], q[some], slopes[some], alphas, betas, below_cost)
    best = int(np.argmin(costs))
    return _refine(d, q, slopes, soft, alphas[best], betas[best], with_shift)


def median(values: Floats) -> float:
    """Return the upper median of (N,) finite values, N > 0; np.median takes five times as long."""
    half = values.size // 2
    return float(np.partition(values, half)[half])


def shrink_shift(
    a: float, b: float, covariance: Floats, spread: float, expected: float = 0.0
) -> tuple[float, float]:
    """Return (a, b) after b was also seen to be expected ± spread."""
    step = (expected - b) / (covariance[1, 1] + spread**2)
    return float(a + covariance[0, 1] * step), float(b + covariance[1, 1] * step)


def _hypotheses(d: Floats, q: Floats, slopes: Floats, with_shift: bool) -> tuple[Floats, Floats]:
    middle = median(d) if len(d) else 0.0
    if middle <= 0:
        return np.empty(0), np.empty(0)
    flat = slopes < 0.2 * middle / median(q)
    usable = np.flatnonzero(~flat & (d > 0))
    if len(usable) == 0:
        return np.empty(0), np.empty(0)
    first, second = usable[(DRAWS * len(usable)).astype(np.intp)]
    if not with_shift or len(d) == 1:
        return d[first] / q[first], np.zeros(HYPOTHESES)
    apart = np.abs(q[first] - q[second]) > 0.02 * q[first]
    first, second = first[apart], second[apart]
    alphas = (d[first] - d[second]) / (q[first] - q[second])
    betas = d[first] - alphas * q[first]
    low, high = SMALLEST_OFFSET * middle, LARGEST_OFFSET * middle
    good = (alphas > 0) & (betas > low) & (betas < high)
    proportional = median(d[usable] / q[usable])
    return np.append(alphas[good], proportional), np.append(betas[good], 0.0)


def _costs(
    d: Floats, q: Floats, slopes: Floats, alphas: Floats, betas: Floats, below_cost: float
) -> Floats:
    """Return the (K,) MSAC cost of each line; what stands upright below it is a mirror image."""
    tolerance = TOLERANCE * np.maximum(d, 0.2 * median(d))
    residuals = (d - alphas[:, None] * q - betas[:, None]) / tolerance
    costs = np.minimum(residuals * residuals, 1.0)
    costs[_astray(slopes, alphas[:, None])] = 1.0
    upright = slopes < LEAST_SLOPE / 2 * alphas[:, None]
    costs[(residuals < -1.0) & ~upright] = below_cost
    return np.asarray(costs.sum(axis=1))


def _astray(slopes: Floats, alpha: Floats | float) -> NDArray[np.bool_]:
    """Return where a local slope is known and contradicts the line's."""
    return np.asarray((slopes < LEAST_SLOPE * alpha) | (slopes > LARGEST_SLOPE * alpha))


def _refine(
    d: Floats,
    q: Floats,
    slopes: Floats,
    soft: float,
    alpha: float,
    beta: float,
    with_shift: bool,
) -> AffineFit | None:
    for _ in range(3):
        noise = alpha * (q + soft) + max(beta, 0.0)
        residuals = (d - alpha * q - beta) / noise
        steep = ~_astray(slopes, alpha)
        near = np.abs(residuals[steep & (np.abs(residuals) < 2 * TOLERANCE)])
        spread = _spread(near)
        weights = _tukey(residuals / spread) * steep / noise**2
        if not weights.any():
            return None
        alpha, beta, information = _weighted_line(d, q, weights, spread, with_shift)
        if alpha <= 0:
            return None
    inliers = weights > 0
    scatter = spread**2 * max(1.0, float(inliers.sum()) / EFFECTIVE_SAMPLES)
    covariance = _turned_over(scatter * _inverse(information), alpha, beta)
    a, b = 1 / alpha, -beta / alpha
    if with_shift:
        a, b = shrink_shift(a, b, covariance, SHIFT_SPREAD * median(q))
    below = float((steep & (residuals < -FARTHER_CUT * spread)).sum())
    return AffineFit(a, b, covariance, inliers, below / (below + inliers.sum()), spread)


def _tukey(residuals: Floats) -> Floats:
    scaled: Floats = np.where(residuals > 0, residuals / NEARER_CUT, residuals / FARTHER_CUT)
    weights: Floats = np.maximum(1 - scaled**2, 0.0) ** 2
    return weights


def _spread(residuals: Floats) -> float:
    """Return 1.4826 · median of absolute residuals, drawn to the expected one where few."""
    count = len(residuals)
    seen = 1.4826 * median(residuals) if count else 0.0
    return math.sqrt((count * seen**2 + 4 * EXPECTED_RESIDUAL**2) / (count + 4))


def _weighted_line(
    d: Floats, q: Floats, weights: Floats, spread: float, with_shift: bool
) -> tuple[float, float, Floats]:
    """Return α, β of d = α·q + β and their (2, 2) information in units of 1/spread²."""
    s, sq, sqq = weights.sum(), weights @ q, weights @ (q * q)
    sd, sqd = weights @ d, weights @ (q * d)
    information = np.array([[sqq, sq], [sq, s]])
    if not with_shift:
        return float(sqd / sqq), 0.0, information + np.diag([0.0, 1e12 * s])
    # Samples of one depth leave a direction open: it is known to ten times the value, by decree.
    open_spread = spread / (10 * sd / s)
    information += np.diag([(open_spread * sq / s) ** 2, open_spread**2])
    alpha, beta = np.linalg.solve(information, [sqd, sd])
    return float(alpha), float(beta), information


def _turned_over(covariance: Floats, alpha: float, beta: float) -> Floats:
    """Return the covariance of a = 1/α, b = −β/α."""
    jacobian = np.array([[-1 / alpha**2, 0.0], [beta / alpha**2, -1 / alpha]])
    result: Floats = jacobian @ covariance @ jacobian.T
    return result


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
