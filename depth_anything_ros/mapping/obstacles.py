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

Bearings and ranges are horizontal, around the camera, with the axes of the base frame.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import ObstacleConfig
from depth_anything_ros.frame import DepthMap, Frame, View
from depth_anything_ros.kernel import kernel
from depth_anything_ros.mapping.rays import Rays, rays_of
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

RANGE_STEP_M = 0.05
BEARINGS_PER_SECTOR = 4
RANGES_PER_FLOOR_CELL = 2
"""The floor is fitted in cells of so many bearings and ranges."""

ENOUGH_PIXELS = 2.0
"""Confidence, summed up over pixels, that makes an obstacle."""

SLOPE_M = 1.0
"""Length over which the floor's slope is judged, so that steep ramps cannot creep in."""

TRUSTLESS = 0.02
"""Confidence up to which a pixel shows nothing, not even that floor is there."""

TORN_M = 0.1
"""A gap in the floor that is wider, and in which floor is missing, ends it."""

MOST_SIGMA = 0.25
"""Relative error of depth beyond which obstacles are not smeared farther."""


@dataclass(frozen=True)
class Surroundings:
    """
    What one view saw, in bins of bearing (rows) and range (columns) around the camera.

    origin: (3,) of the camera in the base frame; row i spans bearings from
    `bearing_min + i·bearing_step`, radians, column k ranges from `k·RANGE_STEP_M`.
    obstacle: (bearings, ranges) float32, summed confidence of the pixels on obstacles;
    underside_m: their lowest height over z = 0, +Inf without; missing: uint8, 1 where floor should
    be and shows none. Of each bearing: nearest_m of the nearest obstacle, doubt_m of the nearest
    that may be one, +Inf without; floor_from_m…floor_to_m, where floor was seen without a gap, 0…0
    without; floor_confidence; blind_to_m, nearer than which the view shows no floor; top_slope,
    tangent of the highest ray. sigma: relative error of ranges; is_metric: whether they are metres
    at all.
    """

    frame: Frame
    origin: NDArray[np.float64]
    bearing_min: float
    bearing_step: float
    obstacle: NDArray[np.float32]
    underside_m: NDArray[np.float32]
    missing: NDArray[np.uint8]
    nearest_m: NDArray[np.float32]
    doubt_m: NDArray[np.float32]
    floor_from_m: NDArray[np.float32]
    floor_to_m: NDArray[np.float32]
    floor_confidence: NDArray[np.float32]
    blind_to_m: NDArray[np.float32]
    top_slope: NDArray[np.float32]
    range_max_m: float
    sigma: float
    is_metric: bool


class _Seen(NamedTuple):
    """Of each pixel (h, w): depth cleaned and not, metres, and its confidence."""

    cleaned: NDArray[np.float32]
    depth: NDArray[np.float32]
    confidence: NDArray[np.float32]


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

    obstacle: confidence, summed up; weighted: the same times range in bins; underside: lowest
    height over z = 0; floor: the best confidence; missing: uint8, where floor should be and shows
    none. doubt, (bearings,): range of the nearest pixel that would be an obstacle or a hole had it
    not been cleaned away.
    """

    obstacle: NDArray[np.float32]
    weighted: NDArray[np.float32]
    underside: NDArray[np.float32]
    floor: NDArray[np.float32]
    missing: NDArray[np.uint8]
    doubt: NDArray[np.float32]


class ObstacleFinder:
    """Tells obstacles, holes and floor apart for one view; `config` may be replaced."""

    def __init__(self, config: ObstacleConfig) -> None:
        """Look for what `config` calls an obstacle."""
        self.config = config
        self._rays_key: tuple[Pinhole, bytes, bytes] | None = None
        self._rays: Rays

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
        rays = self._rays_of(view, base_from_view)
        limits = _Limits.of(self.config)
        ranges = math.ceil(range_max_m / RANGE_STEP_M)
        floor = _floor(cleaned, rays, limits, ranges)
        seen = _Seen(cleaned, depth_map.depth_m, depth_map.confidence)
        bins = _classify(seen, rays, floor, limits)
        sparsity = 2.0 / (view.pinhole.fy * max(rays.height, 0.05))
        nearest, floor_from, floor_to, confidence = _summary(bins, sparsity)
        return Surroundings(
            frame=view.frame,
            origin=base_from_view[:3, 3],
            bearing_min=rays.bearing_min,
            bearing_step=rays.bearing_step,
            obstacle=bins.obstacle,
            underside_m=bins.underside,
            missing=bins.missing,
            nearest_m=nearest,
            doubt_m=bins.doubt,
            floor_from_m=floor_from,
            floor_to_m=floor_to,
            floor_confidence=confidence,
            blind_to_m=rays.blind_to,
            top_slope=rays.top_slope,
            range_max_m=range_max_m,
            sigma=min(depth_map.sigma, MOST_SIGMA),
            is_metric=depth_map.scale.is_metric,
        )

    def _rays_of(self, view: View, base_from_view: Transform) -> Rays:
        seen = b'' if view.seen is None else view.seen.tobytes()
        key = view.pinhole, base_from_view.tobytes(), seen
        if key != self._rays_key:
            self._rays = rays_of(view, base_from_view)
            self._rays_key = key
        return self._rays


@kernel
def _floor(
    depth: NDArray[np.float32], rays: Rays, limits: _Limits, ranges: int
) -> NDArray[np.float32]:
    """
    Return (sectors, ranges) float32, the height of the floor over the base frame's z = 0.

    From the robot outwards the lowest points of each cell are floor where a robot that stands on
    the floor before them could go on; elsewhere the floor goes on as it was. What hides a gap in
    the floor may be a little higher or lower behind it, but not before floor was seen at all.
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
    span = int(SLOPE_M / cell_m)
    for s in range(sectors):
        height, gap = np.float32(0.0), 0
        for k in range(cells):
            rise, first = low[s, k] - height, k * RANGES_PER_FLOOR_CELL
            start = floor[s, (k - span) * RANGES_PER_FLOOR_CELL] if k >= span else np.float32(0.0)
            climb = limits.step + limits.slope * cell_m * min(k + 1, span)
            is_near = abs(rise) <= limits.step + limits.slope * cell_m * min(max(gap, 1), 3)
            if is_near and abs(low[s, k] - start) <= climb:
                height += rise * np.float32(1.0 - 0.5 ** max(gap, 1))
                gap = 1
            elif gap > 0:
                gap = gap + 1 if low[s, k] == np.inf else 1
            stop = first + RANGES_PER_FLOOR_CELL
            floor[s, first:stop] = height
    return floor


@kernel
def _classify(seen: _Seen, rays: Rays, floor: NDArray[np.float32], limits: _Limits) -> _Bins:
    """Sort the pixels into floor, obstacles, holes in the floor and what was cleaned away."""
    ranges = floor.shape[1]
    bins = _empty_bins(rays.bins, ranges)
    per_metre, lift = np.float32(1.0 / RANGE_STEP_M), np.float32(rays.height)
    flat, lowest = np.float32(limits.step), np.float32(limits.lowest)
    highest = np.float32(limits.highest)
    for v in range(seen.depth.shape[0]):
        depth, cleaned, confidence = seen.depth[v], seen.cleaned[v], seen.confidence[v]
        bearing, reaches, climbs = rays.bearing[v], rays.reach[v], rays.climb[v]
        shown = rays.seen[v]
        for u in range(depth.size):
            z, b, c = depth[u], bearing[u], confidence[u]
            reach, climb = reaches[u] * per_metre, climbs[u]
            k = z * reach
            in_range, removed = 0 <= k < ranges, np.isnan(cleaned[u])
            ground = floor[b // BEARINGS_PER_SECTOR, int(k) if in_range else ranges - 1]
            height = lift + z * climb - ground
            if in_range:
                if removed:
                    if lowest < height < highest and c > 0:
                        bins.doubt[b] = min(bins.doubt[b], k * np.float32(RANGE_STEP_M))
                elif abs(height) <= flat:
                    bins.floor[b, int(k)] = max(bins.floor[b, int(k)], c)
                elif lowest < height < highest:
                    _add_obstacle(bins, b, k, c, height + ground)
            is_below = height < -lowest
            is_blank = removed and (0 < c <= TRUSTLESS or np.isnan(z))
            if (is_below or is_blank) and climb < 0 and shown[u]:
                at, sure = (lift - ground) / -climb * reach, in_range and not removed
                _add_hole(bins, b, at, c, ground, is_below, sure)
    return bins


@kernel
def _empty_bins(bearings: int, ranges: int) -> _Bins:
    return _Bins(
        np.zeros((bearings, ranges), np.float32),
        np.zeros((bearings, ranges), np.float32),
        np.full((bearings, ranges), np.float32(np.inf)),
        np.zeros((bearings, ranges), np.float32),
        np.zeros((bearings, ranges), np.uint8),
        np.full(bearings, np.float32(np.inf)),
    )


@kernel
def _add_obstacle(bins: _Bins, b: int, k: float, c: np.float32, underside: float) -> None:
    bins.obstacle[b, int(k)] += c
    bins.weighted[b, int(k)] += c * k
    bins.underside[b, int(k)] = min(bins.underside[b, int(k)], underside)


@kernel
def _add_hole(
    bins: _Bins, b: int, at: float, c: np.float32, ground: float, is_below: bool, sure: bool
) -> None:
    """
    Note that a ray went through the floor that should be there, or shows nothing where it is.

    at: bin of range where the ray met the floor's height. A trusted pixel under the floor makes an
    obstacle there, others doubt; what shows nothing is missing.
    """
    if not 0 <= at < bins.missing.shape[1]:
        return
    if is_below and sure:
        _add_obstacle(bins, b, at, c, ground)
        return
    bins.missing[b, int(at)] = 1
    if is_below and c > TRUSTLESS:
        bins.doubt[b] = min(bins.doubt[b], at * np.float32(RANGE_STEP_M))


@kernel
def _summary(
    bins: _Bins, sparsity: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """
    Return the nearest obstacle, begin, end and confidence of the floor of each bearing.

    sparsity · r · s: widest way from one row of floor, at range r, to the next one seen, at range
    s, metres.
    """
    bearings = len(bins.obstacle)
    nearest, confidence = np.empty(bearings, np.float32), np.empty(bearings, np.float32)
    floor_from, floor_to = np.empty(bearings, np.float32), np.empty(bearings, np.float32)
    for b in range(bearings):
        nearest[b] = _nearest(bins, b)
        floor_from[b], floor_to[b], confidence[b] = _floor_span(bins, b, nearest[b], sparsity)
    return nearest, floor_from, floor_to, confidence


@kernel
def _nearest(bins: _Bins, b: int) -> float:
    """
    Return the range of a bearing's nearest obstacle, metres, +Inf without.

    What is missing behind it is out of sight, and taken back.
    """
    for k in range(bins.obstacle.shape[1]):
        if bins.obstacle[b, k] == 0:
            continue
        stop = k + 2
        pixels = bins.obstacle[b, k:stop].sum()
        if pixels >= ENOUGH_PIXELS:
            bins.missing[b, k:] = 0
            metres: float = bins.weighted[b, k:stop].sum() / pixels * RANGE_STEP_M
            return metres
    return np.inf


@kernel
def _floor_span(
    bins: _Bins, b: int, nearest: np.float32, sparsity: float
) -> tuple[float, float, np.float32]:
    """Return where a bearing's floor begins and ends, metres, and its confidence; 0 without."""
    first, last, count, torn, confidence = -1, -1, 0, False, np.float32(0.0)
    for k in range(bins.floor.shape[1]):
        gap_m, rows_m = (k - last) * RANGE_STEP_M, sparsity * k * last * RANGE_STEP_M**2
        widest_m = TORN_M if torn else 3 * RANGE_STEP_M + rows_m
        if first >= 0 and gap_m > widest_m:
            _miss(bins, b, last, nearest, sparsity)
            break
        torn = torn or (bins.missing[b, k] != 0 and bins.floor[b, k] == 0)
        if bins.floor[b, k] > 0:
            torn = False
            first, last = k if first < 0 else first, k
            confidence += bins.floor[b, k]
            count += 1
    if count == 0:
        return 0.0, 0.0, confidence
    return first * RANGE_STEP_M, (last + 1) * RANGE_STEP_M, confidence / count


@kernel
def _miss(bins: _Bins, b: int, last: int, nearest: np.float32, sparsity: float) -> None:
    """Let floor be missing between its end and where it goes on, if all that is in plain sight."""
    stop = min(nearest, bins.doubt[b]) / RANGE_STEP_M
    widest = 3 + 1.5 * sparsity * RANGE_STEP_M * last**2
    for k in range(last + 1, bins.floor.shape[1]):
        if bins.floor[b, k] > 0:
            if k < stop and k - last > widest:
                first = last + 1
                bins.missing[b, first:k] = 1
            break
