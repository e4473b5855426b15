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

"""The true occupancy of a world, from its geometry."""

from __future__ import annotations

from math import ceil

from depth_anything_ros.replay.grid_truth import GridFrame
from depth_anything_ros.simulation.geometry import Solid, WALL_THICKNESS_M, World
import numpy as np
from numpy.typing import NDArray

FREE, OCCUPIED, UNKNOWN = 0, 100, -1
TOUCH_M = 1e-9
"""A solid that only touches the edge of a cell does not occupy it."""


def occupancy_truth(
    world: World, resolution_m: float, z_min_m: float, z_max_m: float
) -> tuple[NDArray[np.int8], GridFrame]:
    """
    Return (rows, columns) cells, rows along y, as in nav_msgs/OccupancyGrid, and where they lie.

    100: something between the two heights overlaps the cell; 0: nothing does; -1: outside the
    walls. The world's origin is a corner of four cells, so that grids of one resolution coincide.
    """
    rows, columns = (
        2 * ceil((side / 2 + WALL_THICKNESS_M) / resolution_m)
        for side in (world.width, world.length)
    )
    frame = GridFrame(resolution_m, -columns * resolution_m / 2, -rows * resolution_m / 2)
    x = frame.origin_x + (np.arange(columns) + 0.5) * resolution_m
    y = frame.origin_y + (np.arange(rows) + 0.5)[:, None] * resolution_m
    within = (np.abs(x) <= world.length / 2) & (np.abs(y) <= world.width / 2)
    cells = np.where(within, FREE, UNKNOWN).astype(np.int8)
    for solid in world.solids:
        z, half = solid.center[2], solid.half_size[2]
        if z + half > z_min_m and z - half < z_max_m:
            cells[_overlaps(solid, x, y, resolution_m / 2)] = OCCUPIED
    return cells, frame


def _overlaps(
    solid: Solid, x: NDArray[np.floating], y: NDArray[np.floating], half_cell: float
) -> NDArray[np.bool_]:
    """Return which square cells, by their centres, a solid's footprint overlaps."""
    dx, dy = np.abs(x - solid.center[0]), np.abs(y - solid.center[1])
    half_x, half_y, _ = solid.half_size
    if solid.shape == 'cylinder':
        gap = np.hypot(np.maximum(dx - half_cell, 0), np.maximum(dy - half_cell, 0))
        return np.asarray(gap < half_x - TOUCH_M)
    # Two rectangles are apart where a side of one of them separates them.
    cos, sin = np.cos(solid.yaw), np.sin(solid.yaw)
    along = np.abs(cos * (x - solid.center[0]) + sin * (y - solid.center[1]))
    across = np.abs(cos * (y - solid.center[1]) - sin * (x - solid.center[0]))
    cos, sin = abs(cos), abs(sin)
    turned_cell = half_cell * (cos + sin) - TOUCH_M
    return np.asarray(
        (dx < half_x * cos + half_y * sin + half_cell - TOUCH_M)
        & (dy < half_x * sin + half_y * cos + half_cell - TOUCH_M)
        & (along < half_x + turned_cell)
        & (across < half_y + turned_cell)
    )
