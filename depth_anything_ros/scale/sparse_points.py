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

"""Scale from metric points that another sensor saw: lidar, depth camera, range sensor, marker."""

from __future__ import annotations

import math

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.frame import Prediction, SparseReference
from depth_anything_ros.scale.estimate import ScaleMeasurement
from depth_anything_ros.scale.robust_fit import fit_affine, median
from depth_anything_ros.scale.thumbnail import inverse_values
import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 1500
FEWEST_PAIRS = 12
LEAST_INLIER_SHARE = 0.4

LARGEST_SLOPE_ERROR = 0.25
"""Relative error of a line's slope beyond which its points are as good as one."""

NEAREST_M = 0.05

CELL_PX = 8
BEHIND = 1.15
"""A point this much farther than the nearest one within its cell of the image is hidden."""

BELOW_COST = 2.0
"""The camera may see an obstacle before a point, but seldom something behind it."""


def measure_points(prediction: Prediction, reference: SparseReference) -> ScaleMeasurement | None:
    """
    Return the scale under which the prediction agrees with a reference.

    None where fewer than 12 points are seen, or fewer than 40 % of them agree. Points of one depth
    and a cone (`cone_half_angle_rad` > 0) give one pair: it fixes the scale, and leaves the shift
    open.
    """
    points = _in_view(prediction, reference.points)
    if reference.cone_half_angle_rad > 0:
        return _measure_cone(prediction, points, reference)
    pixels, depth = _visible(prediction.view.pinhole, points)
    d = inverse_values(prediction)[pixels[:, 1], pixels[:, 0]].astype(np.float64)
    good = np.isfinite(d)
    if good.sum() < FEWEST_PAIRS:
        return None
    d, q, with_shift = d[good], 1 / depth[good], not prediction.is_metric
    fit = fit_affine(d, q, below_cost=BELOW_COST, with_shift=with_shift)
    if fit is None or fit.inliers.mean() < LEAST_INLIER_SHARE:
        return None
    if math.sqrt(fit.covariance[0, 0]) > LARGEST_SLOPE_ERROR * fit.a:
        pair = (np.array([median(values[fit.inliers])]) for values in (d, q))
        fit = fit_affine(*pair, with_shift=with_shift)
    return None if fit is None else fit.measurement(reference.source)


def _in_view(prediction: Prediction, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (N, 3) finite points of the view's optical frame before the camera."""
    step = max(1, len(points) // MOST_POINTS)
    some = points[::step].astype(np.float64)
    turned = some[np.isfinite(some).all(axis=1)] @ prediction.view.camera_from_view
    return turned[turned[:, 2] > NEAREST_M]


def _visible(
    pinhole: Pinhole, points: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return (N, 2) pixels and (N,) depths of the points that no other point hides."""
    pixels = np.rint(pinhole.project(points)).astype(np.intp)
    limits = (pinhole.width, pinhole.height)
    inside = ((pixels >= 0) & (pixels < limits)).all(axis=1)
    pixels, depth = pixels[inside], points[inside, 2]
    cells = pixels[:, 1] // CELL_PX * pinhole.width + pixels[:, 0] // CELL_PX
    nearest = np.full(pinhole.width * pinhole.height, np.inf)
    np.minimum.at(nearest, cells, depth)
    shown = depth < BEHIND * nearest[cells]
    return pixels[shown], depth[shown]


def _measure_cone(
    prediction: Prediction, points: NDArray[np.float64], reference: SparseReference
) -> ScaleMeasurement | None:
    """
    Return what the nearest thing in the cone says, by its distance, which is not its depth.

    None where the axis is out of the view, for the nearest thing may be, too.
    """
    pinhole = prediction.view.pinhole
    if len(points) != 1:
        return None
    (u, v), distance = pinhole.project(points)[0], float(np.linalg.norm(points[0]))
    if not (0 <= u <= pinhole.width - 1 and 0 <= v <= pinhole.height - 1):
        return None
    values = cv2.blur(inverse_values(prediction), (5, 5))
    ray_x, ray_y = pinhole.ray_x, pinhole.ray_y[:, None]
    lengths = np.sqrt(ray_x**2 + (ray_y**2 + 1))
    x, y, z = (points[0] / distance).astype(np.float32)
    half_angle = max(reference.cone_half_angle_rad, 1 / pinhole.fx)
    is_inside = ray_x * x + (ray_y * y + z) >= math.cos(half_angle) * lengths
    seen = np.where(is_inside & np.isfinite(values), values / lengths, -1.0)
    nearest = int(seen.argmax())
    if seen.flat[nearest] < 0:
        return None
    d = np.array([values.flat[nearest]], np.float64)
    inverse_depth = np.array([lengths.flat[nearest] / distance], np.float64)
    fit = fit_affine(d, inverse_depth, with_shift=not prediction.is_metric)
    return None if fit is None else fit.measurement(reference.source)
