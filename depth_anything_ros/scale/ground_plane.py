# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scale from the floor: its inverse depth is known wherever it is seen."""

from __future__ import annotations

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.scale.estimate import ScaleMeasurement
from depth_anything_ros.scale.robust_fit import AffineFit, fit_affine
from depth_anything_ros.scale.thumbnail import Thumbnail
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

FARTHEST_FLOOR_M = 10.0

SMALLEST_SHARE = 0.02
"""Of the image: less floor than this says nothing."""

SMALLEST_SPAN = 1.25
"""Ratio of the inverse depths of the floor's near and far end below which it is not a floor."""

LARGEST_BELOW_SHARE = 0.4
"""Share seen below the floor from which it is none: a table with the floor around it."""

BELOW_COST = 3.0

MOUNT_PITCH_RAD = 0.02
"""Far floor weighs less as if the pitch were this uncertain, against 10 % in the prediction."""

HALF_BASELINE = 2
"""Rows of the thumbnail over which the prediction's slope is taken, up and down."""


def floor_inverse_depth(pinhole: Pinhole, base_from_view: Transform) -> NDArray[np.float64]:
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
    if small.base_from_view is None or small.base_from_view[2, 3] <= 0.02:
        return None
    q = floor_inverse_depth(small.pinhole, small.base_from_view)
    slopes = _slopes(small.values, q)
    candidates = small.seen & (q > 1 / FARTHEST_FLOOR_M) & np.isfinite(slopes)
    if candidates.mean() < SMALLEST_SHARE:
        return None
    soft = MOUNT_PITCH_RAD / 0.1 / small.base_from_view[2, 3]
    fit = fit_affine(
        small.values[candidates],
        q[candidates],
        slopes=slopes[candidates],
        soft=soft,
        below_cost=BELOW_COST,
        with_shift=with_shift,
    )
    if fit is None or not _is_floor(fit, q[candidates], small.values.size):
        return None
    return fit.measurement('floor')


def _slopes(values: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (rows, columns) dd/dq along the column: constant on the floor, 0 on a wall."""
    k = HALF_BASELINE
    rows = np.arange(len(values))
    upper, lower = np.maximum(rows - k, 0), np.minimum(rows + k, len(values) - 1)
    rise = q[lower] - q[upper]
    return np.divide(
        values[lower] - values[upper], rise, where=np.abs(rise) > 1e-6, out=np.full_like(q, np.nan)
    )


def _is_floor(fit: AffineFit, q: NDArray[np.float64], size: int) -> bool:
    inliers = q[fit.inliers]
    if len(inliers) < SMALLEST_SHARE * size or fit.below_share > LARGEST_BELOW_SHARE:
        return False
    far, near = np.quantile(inliers, [0.05, 0.95])
    slope_error = np.sqrt(fit.covariance[0, 0]) / fit.a
    return bool(near / far > SMALLEST_SPAN and slope_error < 0.25)
