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
How wrong the mount is: pitch and height of the camera from the floor's motion in the image.

A prediction known up to scale and shift cannot tell: the height goes into a, the pitch into b. But
between two images the odometry says how far the floor moved in metres, so its texture must move by
n/h of the true mount (the homography of a plane, Hartley and Zisserman 2004, 13.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math
from typing import Any

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.frame import View
from depth_anything_ros.scale.ground_plane import floor_inverse_depth, LOWEST_CAMERA_M
from depth_anything_ros.transforms import (
    between,
    Transform,
    transform_from,
    transform_points,
)
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHORTEST_BASELINE = 0.6
"""Motion between two compared images, in camera heights."""

LONGEST_BASELINE = 2.5
"""The same, in shortest baselines."""

LARGEST_TURN_RAD = 0.3
FARTHEST_FLOOR_M = 4.0
MOST_FEATURES = 60
FEWEST_FEATURES = 12
LEAST_INLIER_SHARE = 0.5

PITCH_SPREAD_RAD = 0.035
HEIGHT_SPREAD = 0.1
"""Standard deviations of an unrefined mount; the height's relative."""

LEAST_PIXEL_ERROR = 0.1
EFFECTIVE_FEATURES = 10
"""The errors of the odometry are common to all features."""

GATE = 16.0
STEP = 1e-4


@dataclass(frozen=True)
class MountEstimate:
    """
    What to add to the stated mount.

    pitch_rad: about the camera's x axis, positive looks down; height_m: up; the sigmas are their
    standard deviations.
    """

    pitch_rad: float
    height_m: float
    pitch_sigma_rad: float
    height_sigma_m: float

    def applied(self, base_from_camera: Transform) -> Transform:
        """Return the pose of the camera's optical frame with the offsets added."""
        return _moved(base_from_camera, np.array([self.pitch_rad, self.height_m]))


@dataclass(frozen=True)
class _Image:
    """A view whose poses are known."""

    gray: NDArray[np.uint8]
    pinhole: Pinhole
    camera_from_view: Transform
    base_from_camera: Transform
    grid_from_base: Transform

    def base_from_view(self, offset: Floats) -> Transform:
        return _moved(self.base_from_camera, offset) @ self.camera_from_view


class MountRefiner:
    """The mount of one view's camera, from pairs of images between which the robot moved."""

    def __init__(self) -> None:
        """Start from the stated mount."""
        self._offset: NDArray[np.float64] = np.zeros(2)
        self._covariance: Floats | None = None
        self._key: tuple[_Image, NDArray[np.float32]] | None = None

    @property
    def estimate(self) -> MountEstimate:
        """Return the offsets so far."""
        pitch, height = map(float, self._offset)
        if self._covariance is None:
            return MountEstimate(pitch, height, math.inf, math.inf)
        sigmas = np.sqrt(np.diag(self._covariance))
        return MountEstimate(pitch, height, float(sigmas[0]), float(sigmas[1]))

    def update(self, view: View, inverse_depth: Floats) -> None:
        """
        Look at a view of a stated mount; inverse_depth: (rows, columns) of it, small, 1/m.

        Nothing happens without a pose over the floor, or before the robot has moved.
        """
        frame = view.frame
        if frame.base_from_camera is None or frame.grid_from_base is None:
            return
        if frame.base_from_camera[2, 3] < LOWEST_CAMERA_M:
            return
        if self._key is not None:
            key, features = self._key
            share = _motion_share(key.grid_from_base, frame.grid_from_base, key.base_from_camera)
            if share < 1.0:
                return
        gray = np.asarray(cv2.cvtColor(view.image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        turned = transform_from(view.camera_from_view, np.zeros(3))
        image = _Image(gray, view.pinhole, turned, frame.base_from_camera, frame.grid_from_base)
        is_near = self._key is not None and share < LONGEST_BASELINE
        if is_near and key.gray.shape == gray.shape:  # input_size: auto takes another at any time
            self._compare(key, features, image)
        self._key = image, _floor_features(image, inverse_depth)

    def _compare(self, key: _Image, features: NDArray[np.float32], now: _Image) -> None:
        before, after = _track(key, features, now, self._offset)
        fit = _fit_offset(key, before, now, after, self._offset)
        if fit is None:
            return
        offset, noise = fit
        if self._covariance is None:
            height_sigma = HEIGHT_SPREAD * key.base_from_camera[2, 3]
            self._covariance = np.diag([PITCH_SPREAD_RAD**2, height_sigma**2])
        certainty = np.linalg.inv(self._covariance + noise)
        difference = offset - self._offset
        if difference @ certainty @ difference < GATE:
            gain = self._covariance @ certainty
            self._offset = self._offset + gain @ difference
            self._covariance = (np.eye(2) - gain) @ self._covariance


def refined_view(view: View, mount: MountEstimate) -> View:
    """Return the view with the pose of its camera corrected."""
    base_from_camera = view.frame.base_from_camera
    if base_from_camera is None:
        return view
    frame = replace(view.frame, base_from_camera=mount.applied(base_from_camera))
    return replace(view, frame=frame)


def _moved(base_from_camera: Transform, offset: Floats) -> Transform:
    c, s = math.cos(offset[0]), math.sin(offset[0])
    pitch = np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])
    moved = base_from_camera @ transform_from(pitch, np.zeros(3))
    moved[2, 3] += offset[1]
    return moved


def _motion_share(before: Transform, now: Transform, base_from_camera: Transform) -> float:
    """Return how far the base moved over what a comparison needs; inf where it turned too far."""
    motion = between(now, before)
    if (np.trace(motion[:3, :3]) - 1) / 2 < math.cos(LARGEST_TURN_RAD):
        return math.inf
    baseline = float(np.linalg.norm(motion[:3, 3]))
    return baseline / (SHORTEST_BASELINE * float(base_from_camera[2, 3]))


def _floor_features(image: _Image, inverse_depth: Floats) -> NDArray[np.float32]:
    """Return (N, 2) corners of what lies where the floor should."""
    rows, columns = inverse_depth.shape
    pinhole = image.pinhole
    floor = floor_inverse_depth(pinhole.resized(columns, rows), image.base_from_view(np.zeros(2)))
    flat = (np.abs(inverse_depth - floor) < 0.15 * floor) & (floor > 1 / FARTHEST_FLOOR_M)
    size = (pinhole.width, pinhole.height)
    mask = cv2.resize(flat.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    corners: Any = cv2.goodFeaturesToTrack(image.gray, MOST_FEATURES, 0.01, 5, mask=mask)
    found = np.empty((0, 2)) if corners is None else corners.reshape(-1, 2)
    return np.asarray(found, dtype=np.float32)


def _track(
    key: _Image, features: NDArray[np.float32], now: _Image, offset: Floats
) -> tuple[Floats, Floats]:
    """Return (N, 2) pixels of the features that were found again, in the key and now."""
    expected = _floor_pixels(key, features.astype(np.float64), now, offset)
    limits = (now.pinhole.width - 1, now.pinhole.height - 1)
    inside = ((expected >= 0) & (expected <= limits)).all(axis=1)
    if inside.sum() < FEWEST_FEATURES:
        return np.empty((0, 2)), np.empty((0, 2))
    before = features[inside].reshape(-1, 1, 2)
    start = expected[inside].astype(np.float32).reshape(-1, 1, 2)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        key.gray,
        now.gray,
        before,
        start,
        winSize=(15, 15),
        maxLevel=2,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    kept = status.ravel() == 1
    return (
        before.reshape(-1, 2)[kept].astype(np.float64),
        found.reshape(-1, 2)[kept].astype(np.float64),
    )


def _floor_pixels(key: _Image, pixels: Floats, now: _Image, offset: Floats) -> Floats:
    """Return (N, 2) pixels in `now` of the floor seen at (N, 2) pixels of `key`; NaN for none."""
    base_from_view, p = key.base_from_view(offset), key.pinhole
    rays = np.ones((len(pixels), 3))
    rays[:, :2] = (pixels - (p.cx, p.cy)) / (p.fx, p.fy)
    fall = -(rays @ base_from_view[2, :3])
    depth = np.where(fall > 1e-3, base_from_view[2, 3] / np.maximum(fall, 1e-3), np.nan)
    grid_from_key = key.grid_from_base @ base_from_view
    grid_from_now = now.grid_from_base @ now.base_from_view(offset)
    points = transform_points(between(grid_from_now, grid_from_key), rays * depth[:, None])
    return now.pinhole.project(points)


def _fit_offset(
    key: _Image, before: Floats, now: _Image, after: Floats, offset: Floats
) -> tuple[Floats, Floats] | None:
    """Return (pitch, height) offsets and their (2, 2) noise: Gauss-Newton, Tukey's weights."""
    if len(before) < FEWEST_FEATURES:
        return None
    for _ in range(4):
        at = _floor_pixels(key, before, now, offset)
        steps = np.eye(2) * STEP
        moved = [_floor_pixels(key, before, now, offset + step) for step in steps]
        jacobian = (np.stack(moved, axis=-1) - at[..., None]) / STEP
        residuals = after - at
        errors = np.linalg.norm(residuals, axis=1)
        spread = max(float(np.median(errors)), LEAST_PIXEL_ERROR)
        weights = np.maximum(1 - (errors / (4.0 * spread)) ** 2, 0.0) ** 2
        weighted = jacobian * weights[:, None, None]
        information = np.einsum('nij,nik->jk', weighted, jacobian) + 1e-9 * np.eye(2)
        offset = offset + np.linalg.solve(information, np.einsum('nij,ni->j', weighted, residuals))
    if (weights > 0).mean() < LEAST_INLIER_SHARE:
        return None
    excess = max(1.0, float(weights.sum()) / EFFECTIVE_FEATURES)
    return offset, np.asarray(np.linalg.inv(information) * spread**2 * excess)
