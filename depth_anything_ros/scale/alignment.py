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

"""How the network's own affine changed from one prediction to the next."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

from depth_anything_ros.camera import Lens, moved_pixel, Pinhole
from depth_anything_ros.kernel import kernel
from depth_anything_ros.scale.robust_fit import (
    EFFECTIVE_SAMPLES,
    inverse_2x2,
    median,
    shrink_shift,
)
from depth_anything_ros.scale.thumbnail import Thumbnail
from depth_anything_ros.transforms import between, Transform
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMALLEST_INVERSE_DEPTH = 0.02
LARGEST_MISFIT = 0.2
SMALLEST_MISFIT = 1e-4
LEAST_CORRELATION = 0.3

SHIFT_STEP = 0.1
"""Prior standard deviation of the change of b in a frame, of the median inverse depth."""

SMALLEST_SHARE = 0.2

SAME_FOCAL = 2e-3
"""Relative change of the focal length beyond which pixels are not the same rays any more."""

MEDIAN_SAMPLES = 400
"""As many are enough for the medians, which are most of the time."""

EFFECTIVE_SAMPLES_UNPOSED = 20
"""Without a pose the scene's own motion looks like flicker, all of it in one direction."""


@dataclass(frozen=True)
class Alignment:
    """(a, b) of the new prediction that keeps the last inverse depths, and its (2, 2) noise."""

    a: float
    b: float
    covariance: Floats


def align(
    last: Thumbnail, a: float, b: float, now: Thumbnail, with_shift: bool
) -> Alignment | None:
    """
    Return the scale of `now` under which it agrees with `last`, of which 1/z = a·d + b is known.

    A value of 0 is saturated, such as sky, and left out.
    The last inverse depths are warped by the poses where both have one. None where the two have
    too little in common, or the camera was zoomed or calibrated anew. Both predictions are equally
    noisy, so the line is the reduced major axis (the ratio of standard deviations), which least
    squares would bend; IRLS with Tukey's weights.
    """
    if last.values.shape != now.values.shape or not _is_same_lens(last.pinhole, now.pinhole):
        return None
    grid_from_last, grid_from_now = last.view.grid_from_view, now.view.grid_from_view
    if grid_from_last is None or grid_from_now is None:
        values, known = _in_place(last.values, a, b, now.values)
        samples = EFFECTIVE_SAMPLES_UNPOSED
    else:
        now_from_last = between(grid_from_now, grid_from_last)
        values, known = _warped(last.values, a, b, now.values, now.pinhole.lens, now_from_last)
        samples = EFFECTIVE_SAMPLES
    if len(values) < SMALLEST_SHARE * last.values.size:
        return None
    return _major_axis(values, known, b, samples, with_shift)


def _is_same_lens(last: Pinhole, now: Pinhole) -> bool:
    pairs = ((last.fx, now.fx), (last.fy, now.fy))
    return all(math.isclose(before, after, rel_tol=SAME_FOCAL) for before, after in pairs)


@kernel
def _in_place(last: Floats, a: float, b: float, now: Floats) -> tuple[Floats, Floats]:
    """Return (N,) values of now, and the inverse depth of the same pixels in the last image."""
    known = a * last.ravel() + b
    good = (last.ravel() > 0) & (now.ravel() > 0) & (known > SMALLEST_INVERSE_DEPTH)
    return now.ravel()[good], known[good]


@kernel
def _warped(
    last: Floats, a: float, b: float, now: Floats, lens: Lens, now_from_last: Transform
) -> tuple[Floats, Floats]:
    """Return (N,) values of now, and the inverse depth that the last image's points have there."""
    values, known, count = np.empty(last.size), np.empty(last.size), 0
    for i in range(last.shape[0]):
        for j in range(last.shape[1]):
            inverse_depth = a * last[i, j] + b
            if not (last[i, j] > 0 and inverse_depth > SMALLEST_INVERSE_DEPTH):
                continue
            u, v, depth = moved_pixel(i, j, 1 / inverse_depth, now_from_last, lens)
            value = _bilinear(now, u, v)
            if 1 / depth > SMALLEST_INVERSE_DEPTH and value > 0:
                values[count], known[count] = value, 1 / depth
                count += 1
    return values[:count], known[:count]


@kernel
def _bilinear(values: Floats, u: float, v: float) -> float:
    """Return the value at column u, row v; NaN beyond the outermost pixels' centres."""
    if not (0 <= u <= values.shape[1] - 1 and 0 <= v <= values.shape[0] - 1):
        return np.nan
    column, row = min(int(u), values.shape[1] - 2), min(int(v), values.shape[0] - 2)
    right, down = u - column, v - row
    upper = (1 - right) * values[row, column] + right * values[row, column + 1]
    lower = (1 - right) * values[row + 1, column] + right * values[row + 1, column + 1]
    value: float = (1 - down) * upper + down * lower
    return value


def _major_axis(
    x: Floats, y: Floats, b: float, effective_samples: int, with_shift: bool
) -> Alignment | None:
    """Return the robust line y = A·x + B near B = b, None where it explains too little."""
    line = _robust_axis(x, y, b, with_shift)
    slope, offset = line.slope, line.offset
    if not slope > 0 or line.spread > LARGEST_MISFIT:
        return None
    scatter = line.spread**2 * len(x) / effective_samples
    covariance = inverse_2x2(line.information) * scatter
    if with_shift:
        slope, offset = shrink_shift(slope, offset, covariance, SHIFT_STEP * median(y), b)
    return Alignment(slope, offset, covariance)


class _Axis(NamedTuple):
    """y = slope·x + offset, the relative robust misfit, and (2, 2) sums of weights."""

    slope: float
    offset: float
    spread: float
    information: Floats


@kernel
def _robust_axis(x: Floats, y: Floats, b: float, with_shift: bool) -> _Axis:
    step = 1 + len(x) // MEDIAN_SAMPLES
    least_level = 0.2 * median(y[::step])
    slope, offset = _first_axis(x[::step], y[::step], b, with_shift)
    for _ in range(3):
        weights, _ = _weights(x, y, slope, offset, least_level)
        slope, offset = _axis(x, y, weights, b, with_shift)
    weights, spread = _weights(x, y, slope, offset, least_level)
    wx = (weights * x).sum()
    wxx, w = (weights * x * x).sum() * (1 + 1e-4), weights.sum() * (1 + 1e-4)
    return _Axis(slope, offset, spread, np.array([[wxx, wx], [wx, w]]))


@kernel
def _weights(
    x: Floats, y: Floats, slope: float, offset: float, least_level: float
) -> tuple[Floats, float]:
    """Return (N,) weights, Tukey's over the variance, and the relative robust misfit."""
    fitted = slope * x + offset
    # The mean of both sides: weights of one noisy side alone would favour its small values.
    level = np.maximum((y + fitted) / 2, least_level)
    misfits = np.abs(y - fitted) / level
    step = 1 + len(x) // MEDIAN_SAMPLES
    spread = 1.4826 * median(misfits[::step]) + SMALLEST_MISFIT
    tukey = np.maximum(1 - (misfits / (4.685 * spread)) ** 2, 0.0) ** 2
    return tukey / level**2, spread


@kernel
def _first_axis(x: Floats, y: Floats, b: float, with_shift: bool) -> tuple[float, float]:
    middle_x, middle_y = median(x), median(y)
    spread_x = median(np.abs(x - middle_x))
    if not with_shift or spread_x <= 0.02 * abs(middle_x):
        return (middle_y - b) / middle_x, b
    slope = median(np.abs(y - middle_y)) / spread_x
    return slope, middle_y - slope * middle_x


@kernel
def _axis(
    x: Floats, y: Floats, weights: Floats, b: float, with_shift: bool
) -> tuple[float, float]:
    w = weights / weights.sum()
    if not with_shift:
        return math.sqrt((w * y * y).sum() / (w * x * x).sum()), 0.0
    mean_x, mean_y = (w * x).sum(), (w * y).sum()
    dx, dy = x - mean_x, y - mean_y
    xx, yy, xy = (w * dx * dx).sum(), (w * dy * dy).sum(), (w * dx * dy).sum()
    if xy < LEAST_CORRELATION * math.sqrt(xx * yy) or xx == 0:
        return (mean_y - b) / mean_x, b
    slope = math.sqrt(yy / xx)
    return slope, mean_y - slope * mean_x
