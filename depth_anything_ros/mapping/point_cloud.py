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

"""Cleaned depth as points in the camera's optical frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from depth_anything_ros.camera import Lens
from depth_anything_ros.config import CloudConfig
from depth_anything_ros.frame import View
from depth_anything_ros.kernel import kernel
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PointCloud:
    """
    Points of one camera, in its optical frame.

    points: (h, w, 3) float32 metres, NaN where a pixel has none; rgb: (h, w, 3) uint8 or None.
    A thinned cloud has one row.
    """

    points: NDArray[np.float32]
    rgb: NDArray[np.uint8] | None


def point_cloud(
    views: Sequence[View],
    cleaned: Sequence[NDArray[np.float32]],
    config: CloudConfig,
    range_max_m: float,
) -> PointCloud:
    """
    Return the cloud of all views of one camera, side by side along the rows.

    cleaned: (h, w) float32 for each view, as Cleaner gives it; +Inf becomes a point at
    range_max_m where free-space returns are wanted.
    """
    clear = np.float32(range_max_m if config.cloud_free_space else np.nan)
    clouds = [
        _back_project(depth, v.pinhole.lens, v.camera_from_view.astype(np.float32), clear)
        for v, depth in zip(views, cleaned, strict=True)
    ]
    points = clouds[0] if len(clouds) == 1 else np.concatenate(clouds, axis=1)
    rgb = np.concatenate([view.image for view in views], axis=1) if config.cloud_color else None
    if config.cloud_voxel_m > 0:
        kept = _first_of_each_voxel(points.reshape(-1, 3), config.cloud_voxel_m)
        points = points.reshape(-1, 3)[kept][None]
        rgb = None if rgb is None else rgb.reshape(-1, 3)[kept][None]
    return PointCloud(points, rgb)


@kernel
def _back_project(
    depth: NDArray[np.float32], lens: Lens, rotation: NDArray[np.float32], clear: np.float32
) -> NDArray[np.float32]:
    """Return (h, w, 3) turned points of (h, w) depths; +Inf counts as the depth `clear`."""
    height, width = depth.shape
    points = np.empty((height, width, 3), np.float32)
    right_x, down_x, ahead_x = rotation[0]
    right_y, down_y, ahead_y = rotation[1]
    right_z, down_z, ahead_z = rotation[2]
    for v in range(height):
        y, z_row, row = lens.ray_y[v], depth[v], points[v].reshape(-1)
        x0, y0, z0 = down_x * y + ahead_x, down_y * y + ahead_y, down_z * y + ahead_z
        for u in range(width):
            x = lens.ray_x[u]
            z = clear if z_row[u] == np.float32(np.inf) else z_row[u]
            row[3 * u] = (right_x * x + x0) * z
            row[3 * u + 1] = (right_y * x + y0) * z
            row[3 * u + 2] = (right_z * x + z0) * z
    return points


@kernel
def _first_of_each_voxel(points: NDArray[np.float32], side: float) -> NDArray[np.int64]:
    """Return the indices of the first finite point of each cube; a hash set, open addressing."""
    size = 1
    while size < 2 * len(points):
        size *= 2
    table = np.full(size, np.int64(-1))
    kept = np.empty(len(points), np.int64)
    count = 0
    for i in range(len(points)):
        x, y, z = points[i]
        if not abs(x + y + z) < np.inf:
            continue
        key = np.int64(0)
        for value in (x, y, z):
            key = (key << 21) | ((np.int64(np.floor(value / side)) + 0x100000) & 0x1FFFFF)
        slot = ((key * 0x9E3779B97F4A7C1) >> 20) & (size - 1)
        while table[slot] != -1 and table[slot] != key:
            slot = (slot + 1) & (size - 1)
        if table[slot] == -1:
            table[slot] = key
            kept[count] = i
            count += 1
    return kept[:count]
