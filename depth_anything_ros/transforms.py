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
Rigid transforms as (4, 4) float64 matrices, named `target_from_source`.

Base frames are x forward, y left, z up (REP 103); optical frames are x right, y down, z forward.
"""

from __future__ import annotations

from typing import TypeAlias

from depth_anything_ros.kernel import kernel
import numpy as np
from numpy.typing import NDArray

Transform: TypeAlias = NDArray[np.float64]
"""(4, 4) homogeneous matrix, metres."""

BASE_FROM_OPTICAL_ROTATION = np.array(
    [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], dtype=np.float64
)
"""Axes of a level, forward-looking optical frame (REP 103) in the base frame."""


def rotation_from_rpy(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation Rz(yaw)·Ry(pitch)·Rx(roll), radians, fixed axes (URDF's rpy)."""
    cr, sr, cp, sp = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)
    cy, sy = np.cos(yaw), np.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rotation_from_quaternion(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """
    Return the (3, 3) rotation of a quaternion, normalised first.

    Raise ValueError where the quaternion is zero or not finite.
    """
    norm = float(np.sqrt(x * x + y * y + z * z + w * w))
    if not np.isfinite(norm) or norm < 1e-9:
        raise ValueError(f'quaternion ({x}, {y}, {z}, {w}) is not a rotation')
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_rotation(rotation: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the quaternion (x, y, z, w), w ≥ 0, of a (3, 3) rotation (Shepperd's method)."""
    m = rotation
    squares = np.array(
        [
            1 + m[0, 0] - m[1, 1] - m[2, 2],
            1 - m[0, 0] + m[1, 1] - m[2, 2],
            1 - m[0, 0] - m[1, 1] + m[2, 2],
            1 + m[0, 0] + m[1, 1] + m[2, 2],
        ]
    )
    largest = int(np.argmax(squares))
    products = np.array(
        [
            [squares[0], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]],
            [m[0, 1] + m[1, 0], squares[1], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]],
            [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], squares[2], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], squares[3]],
        ]
    )
    q = products[largest] / np.linalg.norm(products[largest])
    q = q if q[3] >= 0 else -q
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])


def transform_from(rotation: NDArray[np.float64], translation: NDArray[np.float64]) -> Transform:
    """Return the (4, 4) transform of a (3, 3) rotation and a (3,) translation in metres."""
    transform = np.eye(4)
    transform[:3, :3] = rotation
    transform[:3, 3] = translation
    return transform


def inverse(transform: Transform) -> Transform:
    """Return source_from_target of a rigid target_from_source."""
    rotation = transform[:3, :3].T
    return transform_from(rotation, -rotation @ transform[:3, 3])


@kernel
def between(world_from_target: Transform, world_from_source: Transform) -> Transform:
    """Return target_from_source of the rigid transforms to a third frame."""
    result = np.zeros((4, 4))
    offset = world_from_source[:3, 3] - world_from_target[:3, 3]
    for i in range(3):
        for k in range(3):
            axis = world_from_target[k, i]
            for j in range(3):
                result[i, j] += axis * world_from_source[k, j]
            result[i, 3] += axis * offset[k]
    result[3, 3] = 1.0
    return result


def base_from_mounted_camera(
    x: float, y: float, height: float, roll: float, pitch: float, yaw: float
) -> Transform:
    """
    Return base_from_camera of a camera's optical frame, mounted on the robot.

    x, y, height: its place in the base frame in metres, height over the floor; roll, pitch, yaw:
    radians as in URDF, so a positive pitch looks down and a positive yaw to the left.
    """
    rotation = rotation_from_rpy(roll, pitch, yaw) @ BASE_FROM_OPTICAL_ROTATION
    return transform_from(rotation, np.array([x, y, height]))


def transform_points(transform: Transform, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (..., 3) points, given in the source frame, in the target frame."""
    return points @ transform[:3, :3].T + transform[:3, 3]
