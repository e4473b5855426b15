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
from typing import NamedTuple

from depth_anything_ros.kernel import kernel
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

    covariance: (2, 2) of (a, b); inliers: (N,) bool; residual: robust, relative.
    """

    a: float
    b: float
    covariance: Floats
    inliers: NDArray[np.bool_]
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
    best = _best_line(d, q, slopes, alphas, betas, below_cost)
    line = _refined(d, q, slopes, soft, alphas[best], betas[best], with_shift)
    if not line.alpha > 0:
        return None
    scatter = line.spread**2 * max(1.0, line.inliers.sum() / EFFECTIVE_SAMPLES)
    covariance = _turned_over(scatter * inverse_2x2(line.information), line.alpha, line.beta)
    a, b = 1 / line.alpha, -line.beta / line.alpha
    if with_shift:
        a, b = shrink_shift(a, b, covariance, SHIFT_SPREAD * median(q))
    return AffineFit(a, b, covariance, line.inliers, line.spread)


@kernel
def median(values: Floats) -> float:
    """Return the upper median of (N,) finite values, N > 0; np.median takes five times as long."""
    half = values.size // 2
    middle: float = np.partition(values, half)[half]
    return middle


@kernel
def inverse_2x2(matrix: Floats) -> Floats:
    """Return the inverse of a (2, 2) matrix; np.linalg.inv takes twenty times as long."""
    (a, b), (c, d) = matrix[0], matrix[1]
    inverse: Floats = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    return inverse


def shrink_shift(
    a: float, b: float, covariance: Floats, spread: float, expected: float = 0.0
) -> tuple[float, float]:
    """Return (a, b) after b was also seen to be expected ± spread."""
    step = (expected - b) / (covariance[1, 1] + spread**2)
    return float(a + covariance[0, 1] * step), float(b + covariance[1, 1] * step)


@kernel
def _hypotheses(d: Floats, q: Floats, slopes: Floats, with_shift: bool) -> tuple[Floats, Floats]:
    """Return α and β of the lines through drawn pairs of samples; none where all are useless."""
    none = np.empty(0)
    middle = median(d) if len(d) else 0.0
    if middle <= 0:
        return none, none
    flat = slopes < 0.2 * middle / median(q)
    usable = np.flatnonzero(~flat & (d > 0))
    if len(usable) == 0:
        return none, none
    first = usable[(DRAWS[0] * len(usable)).astype(np.int64)]
    second = usable[(DRAWS[1] * len(usable)).astype(np.int64)]
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


@kernel
def _best_line(
    d: Floats, q: Floats, slopes: Floats, alphas: Floats, betas: Floats, below_cost: float
) -> int:
    """Return which line has the least MSAC cost; what stands upright below it is mirrored."""
    step = math.ceil(len(d) / SEARCHED_SAMPLES)
    tolerances = TOLERANCE * np.maximum(d, 0.2 * median(d))
    best, least = 0, np.inf
    for k in range(len(alphas)):
        cost = 0.0
        for i in range(0, len(d), step):
            residual = (d[i] - alphas[k] * q[i] - betas[k]) / tolerances[i]
            if residual < -1.0 and not slopes[i] < LEAST_SLOPE / 2 * alphas[k]:
                cost += below_cost
            elif _is_astray(slopes[i], alphas[k]):
                cost += 1.0
            else:
                cost += min(residual * residual, 1.0)
        if cost < least:
            best, least = k, cost
    return best


@kernel
def _is_astray(slope: float, alpha: float) -> bool:
    """Return whether a local slope is known and contradicts the line's."""
    return slope < LEAST_SLOPE * alpha or slope > LARGEST_SLOPE * alpha


class _Line(NamedTuple):
    """d = α·q + β after IRLS, its (2, 2) information in units of 1/spread²; no line if α ≤ 0."""

    alpha: float
    beta: float
    information: Floats
    inliers: NDArray[np.bool_]
    spread: float


@kernel
def _refined(
    d: Floats,
    q: Floats,
    slopes: Floats,
    soft: float,
    alpha: float,
    beta: float,
    with_shift: bool,
) -> _Line:
    """Return the line after three rounds of weights; a whole array of each would be slower."""
    weights, near = np.empty(len(d)), np.empty(len(d))
    information: Floats = np.zeros((2, 2))
    spread = 0.0
    for _ in range(3):
        count = 0
        for i in range(len(d)):
            residual = abs(d[i] - alpha * q[i] - beta) / _noise(q[i], soft, alpha, beta)
            if residual < 2 * TOLERANCE and not _is_astray(slopes[i], alpha):
                near[count] = residual
                count += 1
        spread = _spread(near[:count])
        for i in range(len(d)):
            noise = _noise(q[i], soft, alpha, beta)
            residual = (d[i] - alpha * q[i] - beta) / noise / spread
            weights[i] = (not _is_astray(slopes[i], alpha)) * _tukey(residual) / noise**2
        alpha, beta, information = _weighted_line(d, q, weights, spread, with_shift)
        if not alpha > 0:
            break
    return _Line(alpha, beta, information, weights > 0, spread)


@kernel
def _noise(q: float, soft: float, alpha: float, beta: float) -> float:
    return alpha * (q + soft) + max(beta, 0.0)


@kernel
def _tukey(residual: float) -> float:
    scaled = residual / (NEARER_CUT if residual > 0 else FARTHER_CUT)
    return max(1.0 - scaled * scaled, 0.0) ** 2


@kernel
def _spread(residuals: Floats) -> float:
    """Return 1.4826 · median of absolute residuals, drawn to the expected one where few."""
    count = len(residuals)
    seen = 1.4826 * median(residuals) if count else 0.0
    return math.sqrt((count * seen**2 + 4 * EXPECTED_RESIDUAL**2) / (count + 4))


@kernel
def _weighted_line(
    d: Floats, q: Floats, weights: Floats, spread: float, with_shift: bool
) -> tuple[float, float, Floats]:
    """Return α, β of d = α·q + β and their (2, 2) information; α = 0 without any weight."""
    s, sq, sqq = weights.sum(), (weights * q).sum(), (weights * q * q).sum()
    sd, sqd = (weights * d).sum(), (weights * q * d).sum()
    information = np.array([[sqq, sq], [sq, s]])
    if s <= 0:
        return 0.0, 0.0, information
    if not with_shift:
        information[1, 1] += 1e12 * s
        return sqd / sqq, 0.0, information
    # Samples of one depth leave a direction open: it is known to ten times the value, by decree.
    open_spread = spread / (10 * sd / s)
    information[0, 0] += (open_spread * sq / s) ** 2
    information[1, 1] += open_spread**2
    determinant = information[0, 0] * information[1, 1] - sq * sq
    alpha = (information[1, 1] * sqd - sq * sd) / determinant
    return alpha, (information[0, 0] * sd - sq * sqd) / determinant, information


def _turned_over(covariance: Floats, alpha: float, beta: float) -> Floats:
    """Return the covariance of a = 1/α, b = −β/α."""
    jacobian = np.array([[-1 / alpha**2, 0.0], [beta / alpha**2, -1 / alpha]])
    result: Floats = jacobian @ covariance @ jacobian.T
    return result
