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
Cameras: calibrated ones with their distortion, and the virtual pinhole views cut out of them.

Pixel centres have integer coordinates, as in OpenCV and ROS. Optical frames are x right, y down,
z forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
import math
from typing import get_args, Literal, NamedTuple

import cv2
from depth_anything_ros.kernel import kernel
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

DistortionModel = Literal['plumb_bob', 'rational_polynomial', 'equidistant']

COEFFICIENT_COUNTS: dict[str, tuple[int, ...]] = {
    'plumb_bob': (0, 4, 5),
    'rational_polynomial': (0, 8, 12, 14),
    'equidistant': (0, 4),
}

WIDEST_VIEW_DEG = 100.0
"""A wider camera is split: the network is trained for 50–90° horizontally."""

SPLIT_VIEW_DEG = 85.0

NARROWEST_CAMERA_DEG = 0.5


FOCAL_SHARES = (0.5 / math.tan(math.radians(179.9) / 2), 0.5 / math.tan(math.radians(1.0) / 2))
"""Least and greatest focal length over the longer side of the image: 179.9° and 1° wide."""

FARTHEST_CENTRE = 100.0
"""Image sides that the principal point may lie off the image, as in a cut-out of a large one."""


class CameraError(ValueError):
    """A calibration that cannot be used; the message says what is wrong with it."""


class Lens(NamedTuple):
    """A pinhole for compiled loops: (w,), (h,) x, y of rays at z = 1; the rest in pixels."""

    ray_x: NDArray[np.float32]
    ray_y: NDArray[np.float32]
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True)
class Pinhole:
    """An ideal camera: pixel (u, v) looks along ((u − cx) / fx, (v − cy) / fy, 1)."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_field_of_view(cls, width: int, height: int, horizontal_fov_deg: float) -> Pinhole:
        """Return the centred camera with square pixels and this field of view."""
        focal = width / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
        return cls(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)

    @cached_property
    def ray_x(self) -> NDArray[np.float32]:
        """(width,) x of each column's rays at z = 1."""
        return ((np.arange(self.width) - self.cx) / self.fx).astype(np.float32)

    @cached_property
    def ray_y(self) -> NDArray[np.float32]:
        """(height,) y of each row's rays at z = 1."""
        return ((np.arange(self.height) - self.cy) / self.fy).astype(np.float32)

    @property
    def rays(self) -> NDArray[np.float32]:
        """(height, width, 3) rays of the optical frame, each at z = 1."""
        return self.back_project(np.ones((self.height, self.width), np.float32))

    @property
    def is_plausible(self) -> bool:
        """Whether a lens can have these numbers; never with NaN."""
        side = max(self.width, self.height)
        return all(
            FOCAL_SHARES[0] <= focal / side <= FOCAL_SHARES[1] for focal in (self.fx, self.fy)
        ) and all(abs(centre / side) <= FARTHEST_CENTRE for centre in (self.cx, self.cy))

    @property
    def horizontal_fov_deg(self) -> float:
        """Angle between the outer edges of the first and the last column."""
        left = math.atan((self.cx + 0.5) / self.fx)
        right = math.atan((self.width - 0.5 - self.cx) / self.fx)
        return math.degrees(left + right)

    def resized(self, width: int, height: int) -> Pinhole:
        """Return this camera for its image resized to (height, width)."""
        sx, sy = width / self.width, height / self.height
        return Pinhole(
            width,
            height,
            self.fx * sx,
            self.fy * sy,
            (self.cx + 0.5) * sx - 0.5,
            (self.cy + 0.5) * sy - 0.5,
        )

    @cached_property
    def lens(self) -> Lens:
        """Return it as compiled loops take it."""
        return Lens(self.ray_x, self.ray_y, self.fx, self.fy, self.cx, self.cy)

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (..., 2) pixels of (..., 3) points of the optical frame; NaN where z ≤ 0."""
        z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        u = points[..., 0] / z * self.fx + self.cx
        v = points[..., 1] / z * self.fy + self.cy
        return np.stack([u, v], axis=-1)

    def back_project(self, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (height, width, 3) points of the optical frame for (height, width) depths."""
        points = np.empty((*depth_m.shape, 3), dtype=np.float32)
        np.multiply(depth_m, self.ray_x[None, :], out=points[..., 0])
        np.multiply(depth_m, self.ray_y[:, None], out=points[..., 1])
        points[..., 2] = depth_m
        return points


@kernel
def moved_pixel(
    row: int, column: int, depth: float, now_from_then: Transform, lens: Lens
) -> tuple[float, float, float]:
    """
    Return column, row and depth, now, of what a pixel of the same camera showed then.

    The pixel is only right where the depth is positive.
    """
    t, x, y = now_from_then, lens.ray_x[column] * depth, lens.ray_y[row] * depth
    z = t[2, 0] * x + t[2, 1] * y + t[2, 2] * depth + t[2, 3]
    u = (t[0, 0] * x + t[0, 1] * y + t[0, 2] * depth + t[0, 3]) / z * lens.fx + lens.cx
    v = (t[1, 0] * x + t[1, 1] * y + t[1, 2] * depth + t[1, 3]) / z * lens.fy + lens.cy
    return u, v, z


@dataclass(frozen=True)
class CameraModel:
    """
    A calibrated camera as sensor_msgs/CameraInfo describes it.

    `pinhole` holds the image size and K, `distortion` the coefficients D of `distortion_model`.
    Raise CameraError where the calibration cannot be one.
    """

    pinhole: Pinhole
    distortion_model: DistortionModel = 'plumb_bob'
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be a calibration."""
        p = self.pinhole
        if p.width <= 0 or p.height <= 0:
            raise CameraError(f'image size {p.width}×{p.height} is empty')
        if not all(map(math.isfinite, (p.fx, p.fy, p.cx, p.cy, *self.distortion))):
            raise CameraError('the calibration has NaN or infinite numbers: recalibrate')
        if p.fx <= 0 or p.fy <= 0:
            raise CameraError(
                f'focal length ({p.fx}, {p.fy}) is not positive: calibrate the camera'
            )
        if not p.is_plausible:
            raise CameraError(
                f'focal length ({p.fx:g}, {p.fy:g}) and principal point ({p.cx:g}, {p.cy:g}) '
                f'cannot be those of a {p.width}×{p.height} image: calibrate the camera'
            )
        if self.distortion_model not in get_args(DistortionModel):
            raise CameraError(
                f'distortion model {self.distortion_model!r} is not supported: '
                f'use one of {", ".join(get_args(DistortionModel))}'
            )
        counts = COEFFICIENT_COUNTS[self.distortion_model]
        if len(self.distortion) not in counts:
            raise CameraError(
                f'{self.distortion_model} with {len(self.distortion)} coefficients: '
                f'expected one of {counts}'
            )

    @property
    def is_distorted(self) -> bool:
        """Whether the image differs from that of `pinhole`."""
        return self.distortion_model == 'equidistant' or any(self.distortion)

    def resized(self, width: int, height: int) -> CameraModel:
        """Return this camera for its image resized to (height, width)."""
        return replace(self, pinhole=self.pinhole.resized(width, height))

    def project(self, rays: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Return (..., 2) pixels of (..., 3) rays or points of the optical frame; NaN where unseen.

        Equidistant: Kannala and Brandt 2006, as cv2.fisheye, but also beyond 90° from the axis.
        """
        if self.distortion_model == 'equidistant':
            return self._project_equidistant(rays)
        flat = np.ascontiguousarray(rays.reshape(-1, 3), dtype=np.float64)
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(flat, zero, zero, self._matrix, np.array(self.distortion))
        result = np.asarray(pixels, dtype=np.float64).reshape(*rays.shape[:-1], 2)
        result[rays[..., 2] <= 0] = np.nan
        return result

    def normalised(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N, 2) coordinates (x/z, y/z) of what (N, 2) pixels see; huge near 90°."""
        points = pixels.reshape(-1, 1, 2)
        if self.distortion_model != 'equidistant':
            result = cv2.undistortPoints(points, self._matrix, np.array(self.distortion))
            return np.asarray(result, dtype=np.float64).reshape(-1, 2)
        p = self.pinhole
        offsets = (pixels - (p.cx, p.cy)) / (p.fx, p.fy)
        radius = np.maximum(np.hypot(offsets[:, 0], offsets[:, 1]), 1e-12)
        angle = np.minimum(self._equidistant_angle(radius), math.radians(89.9))
        return np.asarray(offsets * (np.tan(angle) / radius)[:, None], np.float64)

    @property
    def horizontal_fov_deg(self) -> float:
        """Angle between what the first and the last column see in the row through cy."""
        p = self.pinhole
        if self.distortion_model == 'equidistant':
            edges = np.array([(p.cx + 0.5) / p.fx, (p.width - 0.5 - p.cx) / p.fx])
            return float(np.degrees(self._equidistant_angle(edges)).sum())
        ends = self.normalised(np.array([[-0.5, p.cy], [p.width - 0.5, p.cy]]))
        return float(np.degrees(np.arctan(ends[1, 0]) - np.arctan(ends[0, 0])))

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        p = self.pinhole
        return np.array([[p.fx, 0, p.cx], [0, p.fy, p.cy], [0, 0, 1]], dtype=np.float64)

    def _equidistant_radius(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        powers = np.stack(
            [angle ** (2 * i + 3) for i in range(len(self.distortion))] or [0 * angle]
        )
        coefficients = np.array(self.distortion or (0.0,))
        return angle + np.tensordot(coefficients, powers, axes=1)

    def _equidistant_angle(self, radius: NDArray[np.float64]) -> NDArray[np.float64]:
        angles = np.linspace(0.0, math.radians(130.0), 4096, dtype=np.float64)
        radii = np.maximum.accumulate(self._equidistant_radius(angles))
        return np.asarray(np.interp(radius, radii, angles), np.float64)

    def _project_equidistant(self, rays: NDArray[np.float64]) -> NDArray[np.float64]:
        across = np.hypot(rays[..., 0], rays[..., 1])
        radius = self._equidistant_radius(np.arctan2(across, rays[..., 2]))
        ratio = radius / np.maximum(across, 1e-12)
        p = self.pinhole
        u = rays[..., 0] * ratio * p.fx + p.cx
        v = rays[..., 1] * ratio * p.fy + p.cy
        return np.stack([u, v], axis=-1)


@dataclass(frozen=True)
class VirtualCamera:
    """A pinhole view cut out of a camera; `camera_from_view` is a (3, 3) rotation."""

    pinhole: Pinhole
    camera_from_view: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))

    def remap_tables(
        self, camera: CameraModel
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """
        Return (height, width) tables of the camera's x and y, and where they lie in its image.

        The tables are what cv2.remap takes; the third is False where the camera sees nothing.
        """
        pixels = camera.project(self.pinhole.rays @ self.camera_from_view.T)
        x, y = pixels[..., 0], pixels[..., 1]
        source = camera.pinhole
        seen = (x > -1) & (y > -1) & (x < source.width) & (y < source.height)
        return x.astype(np.float32), y.astype(np.float32), seen


def virtual_cameras(camera: CameraModel, width: int, height: int) -> Sequence[VirtualCamera]:
    """
    Return the pinhole views, each (height, width), that together cover a camera.

    Up to 100° one view covers the largest upright rectangle that the undistorted image fills; a
    wider camera is split into views side by side, each as wide as the network knows it. They
    overlap: narrower ones would be lower too, and see the floor later. Raise CameraError where
    the distortion leaves nothing to see.
    """
    fov = camera.horizontal_fov_deg
    if not fov >= NARROWEST_CAMERA_DEG:  # nor with NaN
        raise _folded()
    if fov <= WIDEST_VIEW_DEG:
        return [VirtualCamera(_inscribed_pinhole(camera, width, height))]
    count = math.ceil(fov / SPLIT_VIEW_DEG)
    pinhole = Pinhole.from_field_of_view(width, height, SPLIT_VIEW_DEG)
    outermost = math.radians(fov - SPLIT_VIEW_DEG) / 2
    yaws = np.linspace(-outermost, outermost, count)
    return [VirtualCamera(pinhole, _rotation_about_y(yaw)) for yaw in yaws]


def _inscribed_pinhole(camera: CameraModel, width: int, height: int) -> Pinhole:
    if not camera.is_distorted:
        return camera.pinhole.resized(width, height)
    p = camera.pinhole
    u, v = np.linspace(-0.5, p.width - 0.5, 33), np.linspace(-0.5, p.height - 0.5, 33)
    left, right = (camera.normalised(np.stack([np.full(33, x), v], 1))[:, 0] for x in u[[0, -1]])
    top, bottom = (camera.normalised(np.stack([u, np.full(33, y)], 1))[:, 1] for y in v[[0, -1]])
    x0, x1, y0, y1 = left.max(), right.min(), top.max(), bottom.min()
    if not (x0 < x1 and y0 < y1):  # nor with NaN
        raise _folded()
    fx, fy = width / (x1 - x0), height / (y1 - y0)
    pinhole = Pinhole(width, height, fx, fy, -x0 * fx - 0.5, -y0 * fy - 0.5)
    if not pinhole.is_plausible:
        raise _folded()
    return pinhole


def _folded() -> CameraError:
    return CameraError('the distortion folds the image over itself: calibrate the camera')


def _rotation_about_y(angle: float) -> NDArray[np.float64]:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
