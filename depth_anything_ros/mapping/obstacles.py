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
What stands on the floor, what the floor is, and where it was seen: by bearing and range.

Bearings and ranges are horizontal, around the camera, with the axes of the base frame. A pixel's
bearing does not depend on its depth, so that both passes over an image only look up tables.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import ObstacleConfig
from depth_anything_ros.frame import DepthMap, Frame
from depth_anything_ros.kernel import kernel
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


class _Rays(NamedTuple):
    """
    Of each pixel (h, w) of a view: its bearing's bin, and range and height for a metre of depth.

    height: of the camera over z = 0, metres; bins: how many there are, from bearing_min on.
    """

    bearing: NDArray[np.int16]
    reach: NDArray[np.float32]
    climb: NDArray[np.float32]
    height: float
    bearing_min: float
    bearing_step: float
    bins: int


class _Limits(NamedTuple):
    """Metres: steps and heights of ObstacleConfig; slope: a tangent."""

    step: float
    slope: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, config: ObstacleConfig) -> _Limits:
        return cls(
            config.max_step_m,
            math.tan(math.radians(config.max_slope_deg)),
            config.obstacle_height_min_m,
            config.robot_height_m,
        )


class _Bins(NamedTuple):
    """
    What the pixels of a view add up to; float32, (bearings, ranges).

    obstacle: confidence, summed up; weighted: the same times range in bins; floor: the best
    confidence. doubt, (bearings,): range of the nearest pixel that would be an obstacle had it not
    been cleaned away.
    """

    obstacle: NDArray[np.float32]
    weighted: NDArray[np.float32]
    floor: NDArray[np.float32]
    doubt: NDArray[np.float32]


class ObstacleFinder:
    """Tells obstacles, holes and floor apart for one view; `config` may be replaced."""

    def __init__(self, config: ObstacleConfig) -> None:
        """Look for what `config` calls an obstacle."""
        self.config = config
        self._rays_key: tuple[Pinhole, bytes] | None = None
        self._rays: _Rays

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
        rays = self._rays_of(view.pinhole, base_from_view)
        limits = _Limits.of(self.config)
        ranges = math.ceil(range_max_m / RANGE_STEP_M)
        floor = _floor(cleaned, rays, limits, ranges)
        bins = _classify(cleaned, depth_map.depth_m, depth_map.confidence, rays, floor, limits)
        sparsity = 2.0 / (view.pinhole.fy * max(rays.height, 0.05))
        nearest, floor_from, floor_to, confidence = _summary(bins, sparsity)
        return Surroundings(
            frame=view.frame,
            origin=base_from_view[:3, 3],
            bearing_min=rays.bearing_min,
            bearing_step=rays.bearing_step,
            obstacle=bins.obstacle,
            nearest_m=nearest,
            doubt_m=bins.doubt,
            floor_from_m=floor_from,
            floor_to_m=floor_to,
            floor_confidence=confidence,
            range_max_m=range_max_m,
            sigma=min(depth_map.sigma, MOST_SIGMA),
            is_metric=depth_map.scale.is_metric,
        )

    def _rays_of(self, pinhole: Pinhole, base_from_view: Transform) -> _Rays:
        key = pinhole, base_from_view.tobytes()
        if key != self._rays_key:
            self._rays = _rays(pinhole, base_from_view)
            self._rays_key = key
        return self._rays


def _rays(pinhole: Pinhole, base_from_view: Transform) -> _Rays:
    rotation = base_from_view[:3, :3]
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
    climb, height = rays[..., 2].copy(), float(base_from_view[2, 3])
    return _Rays(index, reach, climb, height, heading + least, step, count)


@kernel
def _floor(
    depth: NDArray[np.float32], rays: _Rays, limits: _Limits, ranges: int
) -> NDArray[np.float32]:
    """
    Return (sectors, ranges) float32, the height of the floor over the base frame's z = 0.

    From the robot outwards the lowest points of each cell are floor where a robot that stands on
    the floor before them could go on; elsewhere the floor goes on as it was.
    """
    sectors = (rays.bins - 1) // BEARINGS_PER_SECTOR + 1
    cells = (ranges - 1) // RANGES_PER_FLOOR_CELL + 1
    cell_m = np.float32(RANGE_STEP_M * RANGES_PER_FLOOR_CELL)
    low = np.full((sectors, cells), np.float32(np.inf))
    for v in range(0, depth.shape[0], 2):
        for u in range(0, depth.shape[1], 2):
            z = depth[v, u]
            k = z * rays.reach[v, u] / cell_m
            if 0 <= k < cells:
                s = rays.bearing[v, u] // BEARINGS_PER_SECTOR
                low[s, int(k)] = min(low[s, int(k)], rays.height + z * rays.climb[v, u])
    floor = np.empty((sectors, ranges), np.float32)
    for s in range(sectors):
        height, gap = np.float32(0.0), 1
        for k in range(cells):
            rise = low[s, k] - height
            if abs(rise) <= limits.step + limits.slope * cell_m * min(gap, 3):
                height += rise * np.float32(1.0 - 0.5**gap)
            gap = gap + 1 if low[s, k] == np.inf else 1
            first, stop = k * RANGES_PER_FLOOR_CELL, (k + 1) * RANGES_PER_FLOOR_CELL
            floor[s, first:stop] = height
    return floor


@kernel
def _classify(
    cleaned: NDArray[np.float32],
    depth: NDArray[np.float32],
    confidence: NDArray[np.float32],
    rays: _Rays,
    floor: NDArray[np.float32],
    limits: _Limits,
) -> _Bins:
    """Sort the pixels into floor, obstacles, holes, and what was cleaned away."""
    ranges = floor.shape[1]
    obstacle = np.zeros((rays.bins, ranges), np.float32)
    weighted, seen = np.zeros_like(obstacle), np.zeros_like(obstacle)
    doubt = np.full(rays.bins, np.float32(np.inf))
    per_metre, lift = np.float32(1.0 / RANGE_STEP_M), np.float32(rays.height)
    flat, lowest = np.float32(limits.step), np.float32(limits.lowest)
    highest = np.float32(limits.highest)
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            z, b, c = depth[v, u], rays.bearing[v, u], confidence[v, u]
            k = z * rays.reach[v, u] * per_metre
            if not 0 <= k < ranges:
                continue
            ground = floor[b // BEARINGS_PER_SECTOR, int(k)]
            height = lift + z * rays.climb[v, u] - ground
            if np.isnan(cleaned[v, u]):
                if lowest < height < highest and c > 0:
                    doubt[b] = min(doubt[b], k * np.float32(RANGE_STEP_M))
            elif abs(height) <= flat:
                seen[b, int(k)] = max(seen[b, int(k)], c)
            elif lowest < height < highest:
                obstacle[b, int(k)] += c
                weighted[b, int(k)] += c * k
            elif height < -lowest and lift > ground:
                # The ray went through where the floor should be: that place is a hole.
                k *= (lift - ground) / (lift - ground - height)
                obstacle[b, int(k)] += c
                weighted[b, int(k)] += c * k
    return _Bins(obstacle, weighted, seen, doubt)


@kernel
def _summary(
    bins: _Bins, sparsity: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """
    Return the nearest obstacle, begin, end and confidence of the floor of each bearing.

    sparsity · r²: range between two rows of floor at range r, metres.
    """
    bearings, ranges = bins.obstacle.shape
    nearest = np.full(bearings, np.float32(np.inf))
    floor_from, floor_to = np.zeros(bearings, np.float32), np.zeros(bearings, np.float32)
    confidence = np.zeros(bearings, np.float32)
    for b in range(bearings):
        for k in range(ranges):
            stop = k + 2
            pixels = bins.obstacle[b, k:stop].sum()
            if bins.obstacle[b, k] > 0 and pixels >= ENOUGH_PIXELS:
                nearest[b] = bins.weighted[b, k:stop].sum() / pixels * RANGE_STEP_M
                break
        first, last, count = -1, -1, 0
        for k in range(ranges):
            gap_m, r = (k - last) * RANGE_STEP_M, k * RANGE_STEP_M
            if first >= 0 and gap_m > 3 * RANGE_STEP_M + sparsity * r * r:
                break
            if bins.floor[b, k] > 0:
                first, last = k if first < 0 else first, k
                confidence[b] += bins.floor[b, k]
                count += 1
        if count > 0:
            floor_from[b], floor_to[b] = first * RANGE_STEP_M, (last + 1) * RANGE_STEP_M
            confidence[b] /= count
    return nearest, floor_from, floor_to, confidence
