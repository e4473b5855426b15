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

"""A laser scan as a scanner at the base frame's origin would see the obstacles' height band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from depth_anything_ros.config import ScanConfig
from depth_anything_ros.kernel import kernel
from depth_anything_ros.mapping.obstacles import RANGE_STEP_M, Surroundings
import numpy as np
from numpy.typing import NDArray

NEAREST_M = 0.3
"""Obstacles so near a camera are in the scan, whatever bearing they have around the base."""

BEGIN_M = 0.25
"""Floor must be seen from so far behind the nearest that a view shows on, or nothing is free."""

STEPS = np.linspace(0.0, 1.0, 40)
"""Powers at which a free ray is followed to its end, for it does not begin where the camera is."""

FAR_SHARE = 0.95
"""Floor that is seen to this share of the range is seen to its end."""


@dataclass(frozen=True)
class VirtualScan:
    """
    Ranges in the base frame, REP 117: +Inf free to range_max_m, NaN unknown.

    ranges: (n,) float32 metres; ray i points to bearing `angle_min + i·angle_increment`, radians.
    """

    ranges: NDArray[np.float32]
    angle_min: float
    angle_increment: float
    range_min_m: float
    range_max_m: float

    @property
    def angle_max(self) -> float:
        """Bearing of the last ray."""
        return self.angle_min + (len(self.ranges) - 1) * self.angle_increment


def virtual_scan(views: Sequence[Surroundings], config: ScanConfig) -> VirtualScan:
    """Return the nearest obstacle of each bearing in what all views of one camera saw."""
    increment = math.radians(config.scan_increment_deg)
    spans = [_span(view) for view in views]
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    range_max_m = views[0].range_max_m
    count = min(math.ceil((end - start) / increment), math.ceil(2 * math.pi / increment))
    ranges = np.full(max(count, 1), np.nan, np.float32)
    clear = math.inf if config.scan_clear_value == 'inf' else range_max_m + 1
    for view in views:
        _draw(view, ranges, start, increment, clear)
    free = np.flatnonzero(ranges > range_max_m)
    bearings = start + increment * free.astype(np.float64)
    ranges[free[~_is_seen(views, bearings)]] = np.nan
    return VirtualScan(ranges, start, increment, RANGE_STEP_M, range_max_m)


def _span(view: Surroundings) -> tuple[float, float]:
    """Return from and to which bearing around the base's origin a view may show something."""
    half = 0.5 * len(view.nearest_m) * view.bearing_step
    middle = view.bearing_min + half
    base_x, base_y = float(view.origin[0]), float(view.origin[1])
    offs = [-half, half]
    for bearing in (middle - half, middle + half):
        for reach in (NEAREST_M, view.range_max_m):
            x, y = base_x + reach * math.cos(bearing), base_y + reach * math.sin(bearing)
            offs.append((math.atan2(y, x) - middle + math.pi) % (2 * math.pi) - math.pi)
    return middle + min(offs), middle + max(offs)


def _is_seen(views: Sequence[Surroundings], bearings: NDArray[np.float64]) -> NDArray[np.bool_]:
    """
    Return whether floor was seen all along each ray, of (n,) bearings around the base's origin.

    The way up to the distance of the nearest camera is the robot's, and what lies nearer to a
    camera than its view shows is passed over.
    """
    begin = max(min(math.hypot(view.origin[0], view.origin[1]) for view in views), BEGIN_M)
    ranges = begin * (views[0].range_max_m / begin) ** STEPS
    seen = np.zeros((len(bearings), len(ranges)), np.bool_)
    for view in views:
        shown_from = np.where(np.isfinite(view.blind_to_m), view.blind_to_m + BEGIN_M, 0.0)
        floor_to = np.where(view.floor_from_m <= shown_from, view.floor_to_m, 0.0)
        seen_to = np.minimum(np.minimum(view.nearest_m, view.doubt_m), floor_to)
        _see(
            np.maximum(seen_to, np.minimum(view.nearest_m, shown_from)),
            float(view.blind_to_m.min()) + BEGIN_M,
            FAR_SHARE * view.range_max_m,
            view.origin,
            view.bearing_min,
            view.bearing_step,
            bearings,
            ranges,
            seen,
        )
    return np.asarray(seen.all(axis=1), np.bool_)


@kernel
def _see(
    seen_to: NDArray[np.float64],
    beside_to: float,
    far: float,
    origin: NDArray[np.float64],
    bearing_min: float,
    bearing_step: float,
    bearings: NDArray[np.float64],
    ranges: NDArray[np.float64],
    seen: NDArray[np.bool_],
) -> None:
    """Write where the rays are within what a view saw; beside it only `beside_to` is open."""
    bins = len(seen_to)
    middle = bearing_min + 0.5 * bins * bearing_step
    cos_middle, sin_middle = np.cos(middle), np.sin(middle)
    ahead = origin[0] * cos_middle + origin[1] * sin_middle
    aside = origin[1] * cos_middle - origin[0] * sin_middle
    for i in range(len(bearings)):
        cos, sin = np.cos(bearings[i] - middle), np.sin(bearings[i] - middle)
        for k in range(len(ranges)):
            if seen[i, k]:
                continue
            x, y = ranges[k] * cos - ahead, ranges[k] * sin - aside
            off, away = np.arctan2(y, x), np.sqrt(x * x + y * y)
            b = int(np.floor(off / bearing_step + 0.5 * bins))
            limit = seen_to[b] if 0 <= b < bins else beside_to
            seen[i, k] = away <= limit or away >= far


def _draw(
    view: Surroundings,
    ranges: NDArray[np.float32],
    start: float,
    increment: float,
    clear: float,
) -> None:
    _draw_bearings(
        view.nearest_m,
        view.doubt_m,
        np.where(view.floor_from_m <= view.blind_to_m + BEGIN_M, view.floor_to_m, 0.0),
        view.origin,
        view.bearing_min,
        view.bearing_step,
        view.range_max_m,
        start,
        increment,
        clear,
        ranges,
    )


@kernel
def _draw_bearings(
    nearest: NDArray[np.float32],
    doubt: NDArray[np.float32],
    floor_to: NDArray[np.float32],
    origin: NDArray[np.float64],
    bearing_min: float,
    bearing_step: float,
    range_max: float,
    start: float,
    increment: float,
    clear: float,
    ranges: NDArray[np.float32],
) -> None:
    turn = 2 * np.pi
    for b in range(len(nearest)):
        free = min(nearest[b], doubt[b]) == np.inf and floor_to[b] >= FAR_SHARE * range_max
        # A ray may only clear what is before anything that might be an obstacle.
        if not free and (nearest[b] == np.inf or doubt[b] < 0.95 * nearest[b]):
            continue
        reach = range_max if free else nearest[b]
        ends = np.empty(2)
        value = 0.0
        for side in range(2):
            bearing = bearing_min + (b + side) * bearing_step
            x = origin[0] + reach * np.cos(bearing)
            y = origin[1] + reach * np.sin(bearing)
            ends[side] = (np.arctan2(y, x) - start + 0.1) % turn - 0.1
            value += 0.5 * np.hypot(x, y)
        too_far = not free and value > range_max
        if ends[1] - ends[0] > np.pi or ends[0] > ends[1] or too_far:
            continue
        value = clear if free else value
        first, last = math.ceil(ends[0] / increment), math.floor(ends[1] / increment)
        if not free:  # what is between two rays belongs to the nearer one
            first, last = round(ends[0] / increment), round(ends[1] / increment)
        for i in range(first, last + 1):
            if 0 <= i < len(ranges) and not ranges[i] <= value:
                ranges[i] = value
