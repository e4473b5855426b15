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

"""Scale from the floor: its inverse depth is known wherever it is seen."""

from __future__ import annotations

import math

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.kernel import kernel
from depth_anything_ros.scale.estimate import ScaleMeasurement
from depth_anything_ros.scale.robust_fit import AffineFit, fit_affine, median
from depth_anything_ros.scale.thumbnail import Thumbnail
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FARTHEST_FLOOR_M = 10.0
MOST_SAMPLES = 500
LOWEST_CAMERA_M = 0.02

SMALLEST_SHARE = 0.045
"""Of the image: less floor than this says nothing."""

SMALLEST_SPAN = 1.3
"""Ratio of the inverse depths of the floor's near and far end below which it is not a floor."""

BELOW_COST = 3.0
"""Of what lies below the floor: so a table that shows as much as the floor around it is none."""

MOUNT_PITCH_RAD = 0.02
"""Far floor weighs less as if the pitch were this uncertain, against 10 % in the prediction."""

HALF_BASELINE = 2
"""Blocks of the thumbnail, to each side, over which slopes are taken."""

FLAT = 0.1
"""Relative error of the inverse depth within which a pixel is floor."""

SAME_FLOOR = 0.6
"""Share of the floor that must have been floor before: less was, of a ramp taken for it."""

LARGEST_ASTRAY = 0.8
"""Tangent of the angle between the gradients of d and q on the floor."""


def floor_inverse_depth(pinhole: Pinhole, base_from_view: Transform) -> Floats:
    """
    Return (height, width) 1/z of the floor, 1/m; negative above the horizon.

    The floor is z = 0 of the base frame, its normal n in the view looks down: 1/z = (n·r) / h.
    """
    height = base_from_view[2, 3]
    normal = -base_from_view[2, :3]
    across = normal[0] * pinhole.ray_x.astype(np.float64)
    down = normal[1] * pinhole.ray_y.astype(np.float64) + normal[2]
    return np.asarray((across[None, :] + down[:, None]) / height, dtype=np.float64)


def measure_floor(small: Thumbnail, with_shift: bool) -> ScaleMeasurement | None:
    """
    Return the scale that makes the floor flat and as far below as the camera is high.

    None where no pose is known or no floor is seen. with_shift: False for metric predictions.
    """
    base_from_view = small.view.base_from_view
    if base_from_view is None or base_from_view[2, 3] < LOWEST_CAMERA_M:
        return None
    if min(small.values.shape) <= 2 * HALF_BASELINE:
        return None
    q = floor_inverse_depth(small.pinhole, base_from_view)
    samples, possible = _candidates(small.values, q)
    if possible < SMALLEST_SHARE * q.size:
        return None
    values, q, slopes = samples
    fit = fit_affine(
        values,
        q,
        slopes=slopes,
        soft=MOUNT_PITCH_RAD / 0.1 / base_from_view[2, 3],
        below_cost=BELOW_COST,
        with_shift=with_shift,
    )
    if fit is None or not _is_floor(fit, q, len(q) / possible * small.values.size):
        return None
    return fit.measurement('floor')


def floor_change(
    last: Thumbnail,
    before: Floats,
    now: Thumbnail,
    carried: Floats,
    floor: ScaleMeasurement,
) -> float:
    """
    Return by how much, relative, an alignment moved what is floor in both images.

    before: (2,) a and b of the last image; carried: (2,) what the alignment made of them; floor:
    measured now. 0 where less of it was floor before, so that the robot's own way changes it.
    """
    base_from_view = now.view.base_from_view
    if base_from_view is None or last.values.shape != now.values.shape:
        return 0.0
    q = floor_inverse_depth(now.pinhole, base_from_view)
    measured = np.array([floor.a, floor.b])
    return _median_change(last.values, before, now.values, carried, measured, q)


@kernel
def _median_change(
    last: Floats, before: Floats, now: Floats, carried: Floats, measured: Floats, q: Floats
) -> float:
    changes, count, flat = np.empty(q.size), 0, 0
    for i in range(q.shape[0]):
        for j in range(q.shape[1]):
            measures = measured[0] * now[i, j] + measured[1]
            if not (q[i, j] > 1 / FARTHEST_FLOOR_M and abs(measures - q[i, j]) < FLAT * q[i, j]):
                continue
            flat += 1
            was = before[0] * last[i, j] + before[1]
            if abs(was - q[i, j]) < FLAT * q[i, j]:
                changes[count] = (carried[0] * now[i, j] + carried[1]) / was - 1
                count += 1
    return median(changes[:count]) if count > SAME_FLOOR * flat else 0.0


@kernel
def _candidates(values: Floats, q: Floats) -> tuple[Floats, int]:
    """
    Return (3, N) value, q and slope of samples that may be floor, and of how many they are drawn.

    values, q: (rows, columns) of the prediction and of the floor, were it there.
    """
    slopes = _slopes(values, q).ravel()
    near = q.ravel() > 1 / FARTHEST_FLOOR_M
    found = np.flatnonzero(near & np.isfinite(slopes) & np.isfinite(values.ravel()))
    some = found[:: max(1, math.ceil(len(found) / MOST_SAMPLES))]
    samples = np.empty((3, len(some)))
    samples[0], samples[1] = values.ravel()[some], q.ravel()[some]
    samples[2] = slopes[some]
    return samples, len(found)


@kernel
def _slopes(values: Floats, q: Floats) -> Floats:
    """
    Return (rows, columns) dd/dq along the gradient of q: constant on the floor.

    0 where d does not rise in that direction: walls, and whatever stands.
    """
    rows, columns = values.shape
    twice = 2 * HALF_BASELINE
    q_down, q_across = q[twice, 0] - q[0, 0], q[0, twice] - q[0, 0]
    steepness = q_down**2 + q_across**2
    slopes = np.empty((rows, columns))
    for i in range(rows):
        lower = min(max(i + HALF_BASELINE, twice), rows - 1)
        for j in range(columns):
            right = min(max(j + HALF_BASELINE, twice), columns - 1)
            d_down = values[lower, j] - values[lower - twice, j]
            d_across = values[i, right] - values[i, right - twice]
            along = (d_down * q_down + d_across * q_across) / steepness
            astray = abs(d_down * q_across - d_across * q_down) / steepness
            slopes[i, j] = 0.0 if astray > LARGEST_ASTRAY * along else along
    return slopes


def _is_floor(fit: AffineFit, q: Floats, size: float) -> bool:
    inliers = np.sort(q[fit.inliers])
    if len(inliers) < SMALLEST_SHARE * size:
        return False
    far, near = inliers[len(inliers) // 20], inliers[-len(inliers) // 20]
    slope_error = np.sqrt(fit.covariance[0, 0]) / fit.a
    return bool(near / far > SMALLEST_SPAN and slope_error < 0.25)
