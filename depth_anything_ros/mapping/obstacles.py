# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What stands on the floor, what the floor is, and where it was seen: by bearing and range.

Bearings and ranges are horizontal, around the camera, with the axes of the base frame. A pixel's
bearing does not depend on its depth, so that both passes over an image only look up tables.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import ObstacleConfig
from depth_anything_ros.frame import DepthMap, Frame
from depth_anything_ros.mapping.kernel import kernel
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

RANGE_STEP_M = 0.05
BEARINGS_PER_SECTOR = 4
RANGES_PER_FLOOR_CELL = 2
"""The floor is fitted in cells of so many bearings and ranges."""

ENOUGH_PIXELS = 2.0
"""Confidence, summed up over pixels, that makes an obstacle."""

MOST_SIGMA = 0.25
"""Relative error of depth beyond which obstacles are not smeared farther."""


@dataclass(frozen=True)
class Surroundings:
    """
    What one view saw, in bins of bearing (rows) and range (columns) around the camera.

    origin: (3,) of the camera in the base frame; row i spans bearings from
    `bearing_min + i·bearing_step`, radians, column k ranges from `k·RANGE_STEP_M`.
    obstacle: (bearings, ranges) float32, summed confidence of the pixels on obstacles. Of each
    bearing: nearest_m of the nearest obstacle, doubt_m of the nearest that may be one, +Inf
    without; floor_from_m…floor_to_m, where floor was seen without a gap, 0…0 without;
    floor_confidence. sigma: relative error of ranges; is_metric: whether they are metres at all.
    """

    frame: Frame
    origin: NDArray[np.float64]
    bearing_min: float
    bearing_step: float
    obstacle: NDArray[np.float32]
    nearest_m: NDArray[np.float32]
    doubt_m: NDArray[np.float32]
    floor_from_m: NDArray[np.float32]
    floor_to_m: NDArray[np.float32]
    floor_confidence: NDArray[np.float32]
    range_max_m: float
    sigma: float
    is_metric: bool


@dataclass(frozen=True)
class _RayTable:
    """Of each pixel of a view: its bearing, and range and height for a metre of depth."""

    bearing: NDArray[np.int16]
    reach: NDArray[np.float32]
    climb: NDArray[np.float32]
    bearing_min: float
    bearing_step: float
    count: int


class ObstacleFinder:
    """Tells obstacles, holes and floor apart for one view; `config` may be replaced."""

    def __init__(self, config: ObstacleConfig) -> None:
        """Look for what `config` calls an obstacle."""
        self.config = config
        self._table_key: tuple[Pinhole, bytes] | None = None
        self._table: _RayTable

    def find(
        self, depth_map: DepthMap, cleaned: NDArray[np.float32], range_max_m: float
    ) -> Surroundings:
        """
        Return what the cleaned depth (h, w) of a view shows up to range_max_m.

        Raise ValueError where the view's place on the robot is unknown or not finite.
        """
        view = depth_map.view
        base_from_view = view.base_from_view
        if base_from_view is None or not np.isfinite(base_from_view).all():
            raise ValueError(f'camera {view.frame.camera!r} has no finite pose on the robot')
        table = self._ray_table(view.pinhole, base_from_view)
        config = self.config
        height = base_from_view[2, 3]
        ranges = math.ceil(range_max_m / RANGE_STEP_M)
        floor = _floor(
            cleaned,
            table.bearing,
            table.reach,
            table.climb,
            height,
            -(-table.count // BEARINGS_PER_SECTOR),
            -(-ranges // RANGES_PER_FLOOR_CELL),
            config.max_step_m,
            math.tan(math.radians(config.max_slope_deg)),
        )
        obstacle, weighted, seen, doubt = _classify(
            cleaned,
            depth_map.depth_m,
            depth_map.confidence,
            table.bearing,
            table.reach,
            table.climb,
            height,
            floor,
            table.count,
            ranges,
            np.array(
                [config.max_step_m, config.obstacle_height_min_m, config.robot_height_m],
                np.float32,
            ),
        )
        sparsity = 2.0 / (view.pinhole.fy * max(height, 0.05))
        nearest, floor_from, floor_to, floor_confidence = _summary(
            obstacle, weighted, seen, sparsity
        )
        return Surroundings(
            view.frame,
            base_from_view[:3, 3],
            table.bearing_min,
            table.bearing_step,
            obstacle,
            nearest,
            doubt,
            floor_from,
            floor_to,
            floor_confidence,
            range_max_m,
            min(depth_map.sigma, MOST_SIGMA),
            depth_map.scale.is_metric,
        )

    def _ray_table(self, pinhole: Pinhole, base_from_view: Transform) -> _RayTable:
        key = pinhole, base_from_view.tobytes()
        if key != self._table_key:
            self._table = _ray_table(pinhole, base_from_view[:3, :3])
            self._table_key = key
        return self._table


def _ray_table(pinhole: Pinhole, rotation: NDArray[np.float64]) -> _RayTable:
    rays = np.ones((pinhole.height, pinhole.width, 3), np.float32)
    rays[..., 0], rays[..., 1] = pinhole.ray_x[None, :], pinhole.ray_y[:, None]
    rays = rays @ rotation.T.astype(np.float32)
    reach = np.hypot(rays[..., 0], rays[..., 1])
    # Where the camera looks to; one that looks straight down has its image's top as forward.
    ahead = rotation[:, 2] if np.hypot(*rotation[:2, 2]) > 0.2 else -rotation[:, 1]
    heading = math.atan2(ahead[1], ahead[0])
    bearing = np.arctan2(rays[..., 1], rays[..., 0]) - np.float32(heading)
    bearing = np.remainder(bearing + np.float32(np.pi), np.float32(2 * np.pi)) - np.float32(np.pi)
    step = 2.0 / pinhole.fx
    least = float(bearing.min())
    index = ((bearing - np.float32(least)) / np.float32(step)).astype(np.int16)
    count = int(index.max()) + 1
    return _RayTable(index, reach, rays[..., 2].copy(), heading + least, step, count)


@kernel
def _floor(
    depth: NDArray[np.float32],
    bearing: NDArray[np.int16],
    reach: NDArray[np.float32],
    climb: NDArray[np.float32],
    camera_height: float,
    sectors: int,
    cells: int,
    max_step: float,
    max_slope: float,
) -> NDArray[np.float32]:
    """
    Return (sectors, cells) float32, the height of the floor over the base frame's z = 0.

    From the robot outwards the lowest points of each cell are floor where a robot that stands on
    the floor before them could go on; elsewhere the floor goes on as it was.
    """
    low = np.full((sectors, cells), np.float32(np.inf))
    per_metre = np.float32(1.0 / (RANGE_STEP_M * RANGES_PER_FLOOR_CELL))
    lift = np.float32(camera_height)
    for v in range(0, depth.shape[0], 2):
        for u in range(0, depth.shape[1], 2):
            z = depth[v, u]
            k = z * reach[v, u] * per_metre
            if k < cells:
                s = bearing[v, u] // BEARINGS_PER_SECTOR
                low[s, int(k)] = min(low[s, int(k)], lift + z * climb[v, u])
    floor = np.empty((sectors, cells), np.float32)
    cell_m = np.float32(1.0) / per_metre
    for s in range(sectors):
        height, gap = np.float32(0.0), 1
        for k in range(cells):
            if low[s, k] < np.float32(np.inf):
                rise = low[s, k] - height
                if abs(rise) <= max_step + max_slope * cell_m * min(gap, 3):
                    height += rise * np.float32(1.0 - 0.5**gap)
                gap = 1
            else:
                gap += 1
            floor[s, k] = height
    return floor


@kernel
def _classify(
    cleaned: NDArray[np.float32],
    depth: NDArray[np.float32],
    confidence: NDArray[np.float32],
    bearing: NDArray[np.int16],
    reach: NDArray[np.float32],
    climb: NDArray[np.float32],
    camera_height: float,
    floor: NDArray[np.float32],
    bearings: int,
    ranges: int,
    heights: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """
    Return (bearings, ranges) float32 of obstacles and floor.

    Confidence of obstacles, summed up; the same times range, in bins; the best confidence of
    floor. The fourth, (bearings,) float32, is the range of the nearest pixel that would be an
    obstacle had it not been cleaned away: nothing is free behind it.
    """
    obstacle = np.zeros((bearings, ranges), np.float32)
    weighted = np.zeros((bearings, ranges), np.float32)
    seen = np.zeros((bearings, ranges), np.float32)
    doubt = np.full(bearings, np.float32(np.inf))
    flat, lowest, robot = heights
    per_metre = np.float32(1.0 / RANGE_STEP_M)
    lift = np.float32(camera_height)
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            z, b, c = depth[v, u], bearing[v, u], confidence[v, u]
            k = z * reach[v, u] * per_metre
            if not 0 <= k < ranges:
                continue
            ground = floor[b // BEARINGS_PER_SECTOR, int(k) // RANGES_PER_FLOOR_CELL]
            height = lift + z * climb[v, u] - ground
            if np.isnan(cleaned[v, u]):
                if lowest < height < robot and c > 0:
                    doubt[b] = min(doubt[b], k * np.float32(RANGE_STEP_M))
            elif abs(height) <= flat:
                seen[b, int(k)] = max(seen[b, int(k)], c)
            elif lowest < height < robot:
                obstacle[b, int(k)] += c
                weighted[b, int(k)] += c * k
            elif height < -lowest and lift > ground:
                # The ray went through where the floor should be: that place is a hole.
                through = (lift - ground) / (lift - ground - height)
                obstacle[b, int(k * through)] += c
                weighted[b, int(k * through)] += c * k * through
    return obstacle, weighted, seen, doubt


@kernel
def _summary(
    obstacle: NDArray[np.float32],
    weighted: NDArray[np.float32],
    seen: NDArray[np.float32],
    sparsity: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return what Surroundings says of each bearing; sparsity·r²: range between rows of floor."""
    bearings, ranges = obstacle.shape
    nearest = np.full(bearings, np.float32(np.inf))
    floor_from, floor_to = np.zeros(bearings, np.float32), np.zeros(bearings, np.float32)
    confidence = np.zeros(bearings, np.float32)
    for b in range(bearings):
        for k in range(ranges):
            pixels = obstacle[b, k : k + 2].sum()
            if obstacle[b, k] > 0 and pixels >= ENOUGH_PIXELS:
                nearest[b] = weighted[b, k : k + 2].sum() / pixels * RANGE_STEP_M
                break
        first, last, total, count = -1, -1, np.float32(0), 0
        for k in range(ranges):
            if seen[b, k] == 0:
                continue
            r = k * RANGE_STEP_M
            if first < 0:
                first = k
            elif (k - last) * RANGE_STEP_M > 3 * RANGE_STEP_M + sparsity * r * r:
                break
            last = k
            total += seen[b, k]
            count += 1
        if count > 0:
            floor_from[b], floor_to[b] = first * RANGE_STEP_M, (last + 1) * RANGE_STEP_M
            confidence[b] = total / count
    return nearest, floor_from, floor_to, confidence
