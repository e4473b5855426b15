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

"""What grid cells hold, in log-odds, and how a view changes it (Moravec and Elfes 1985)."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
from depth_anything_ros.kernel import kernel
from depth_anything_ros.mapping.obstacles import ENOUGH_PIXELS, RANGE_STEP_M, Surroundings
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

HIT, MISS = 0.9, 0.8
"""Log-odds that one frame of full confidence adds to an obstacle and takes from free space."""

MOST_OCCUPIED, MOST_FREE = 2.5, -2.0
"""Bounds of a cell, so that it can change its mind within a few frames."""

KNOWN = 0.1
"""Cells of less evidence either way are unknown."""

PEAK = 0.8
"""Evidence in a bearing marks cells where it is at least this share of the most around it."""

FREE_MARGIN, LARGE_MARGIN, SMALL_MARGIN = 2.0, 0.15, 2.5
"""
How many σ of range before an obstacle free space ends and its marks begin, by its size.

Blur mixes small and thin things with what is behind them: they may be nearer, never farther.
"""

SMALL_PIXELS = 12.0

FORGET = 0.5
"""What is left in a frame of the evidence for free space where floor is missing."""


class Evidence:
    """
    The evidence of square cells of a grid, and how high what is marked in them hangs.

    Rows are y, columns x; cell (0, 0) lies `corner` whole cells (x, y) from the frame's origin.
    """

    def __init__(self, side: int, resolution_m: float) -> None:
        """Begin with every cell unknown."""
        self.resolution_m = resolution_m
        self.corner = (0, 0)
        self._log_odds: NDArray[np.float32] = np.zeros((side, side), np.float32)
        self._underside: NDArray[np.float32] = np.full((side, side), np.inf, np.float32)
        self._marks = _Marks(
            np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
        )

    def forget(self) -> None:
        """Turn every cell unknown."""
        self._log_odds.fill(0.0)
        self._underside.fill(math.inf)

    def forget_free(self) -> None:
        """Turn free cells unknown."""
        np.maximum(self._log_odds, 0.0, out=self._log_odds)

    def decay(self, share: float) -> None:
        """Leave a share, 0…1, of all evidence."""
        self._log_odds *= np.float32(share)

    def centre_at(self, x: float, y: float) -> None:
        """Move by whole cells until the middle is at a place of the frame, metres."""
        half = len(self._log_odds) // 2
        corner_x = math.floor(x / self.resolution_m) - half
        corner_y = math.floor(y / self.resolution_m) - half
        right, up = corner_x - self.corner[0], corner_y - self.corner[1]
        self.corner = corner_x, corner_y
        if right or up:
            self._log_odds = _moved(self._log_odds, right, up, 0.0)
            self._underside = _moved(self._underside, right, up, math.inf)

    def add(self, view: Surroundings, grid_from_base: Transform) -> None:
        """Mark the obstacles that a view saw, and free where it saw floor."""
        resolution = self.resolution_m
        camera = grid_from_base @ np.append(view.origin, 1.0)
        yaw = math.atan2(grid_from_base[1, 0], grid_from_base[0, 0])
        fan = _Fan(
            float(camera[0] / resolution - self.corner[0]),
            float(camera[1] / resolution - self.corner[1]),
            float(view.origin[2]),
            resolution,
            view.bearing_min + yaw,
            view.bearing_step,
            len(view.nearest_m),
        )
        self._marks.pixels.fill(0.0)
        obstacles = _Obstacles(view.obstacle, view.underside_m, view.nearest_m, view.sigma)
        _mark(obstacles, fan, self._marks)
        seen_to = np.minimum(np.minimum(view.nearest_m, view.doubt_m), view.floor_to_m)
        free_to = (seen_to * (1.0 - FREE_MARGIN * view.sigma) - resolution).astype(np.float32)
        floor = _Floor(
            view.floor_from_m,
            free_to,
            seen_to,
            view.floor_confidence,
            view.top_slope,
            view.missing,
            max(float(seen_to.max()), _farthest_m(view.missing)),
        )
        _update(floor, fan, self._marks, self._log_odds, self._underside)

    def clear(self, polygon: NDArray[np.float64]) -> None:
        """Free the cells of a polygon, (n, 2) corners x, y of the frame, metres."""
        cells = polygon / self.resolution_m - self.corner - 0.5
        cv2.fillPoly(self._log_odds, [np.round(cells).astype(np.int32)], MOST_FREE)

    def percent(self) -> NDArray[np.int8]:
        """Return how likely each cell is occupied, in percent, −1 where that is unknown."""
        cells = np.empty(self._log_odds.shape, np.int8)
        _to_percent(self._log_odds, _PERCENT, cells)
        return cells


def _farthest_m(bins: NDArray[np.uint8]) -> float:
    """Return the range of the farthest bin that is set, of (bearings, ranges)."""
    columns = np.flatnonzero(bins.any(axis=0))
    return float(columns[-1] + 1) * RANGE_STEP_M if columns.size else 0.0


def _moved(cells: NDArray[np.float32], right: int, up: int, unknown: float) -> NDArray[np.float32]:
    """Return the cells of a grid that moved by whole cells; new ones are `unknown`."""
    side = len(cells)
    moved = np.full_like(cells, unknown)
    if abs(right) < side and abs(up) < side:
        to_y, from_y = _overlap(up, side)
        to_x, from_x = _overlap(right, side)
        moved[to_y, to_x] = cells[from_y, from_x]
    return moved


def _overlap(shift: int, side: int) -> tuple[slice, slice]:
    """Return where rows go to and where they come from when the grid moves up by shift."""
    return slice(max(-shift, 0), side - max(shift, 0)), slice(max(shift, 0), side + min(shift, 0))


class _Fan(NamedTuple):
    """Bins of bearing, radians, around a camera at (x, y), in cells, height z, metres."""

    x: float
    y: float
    z: float
    resolution: float
    bearing_min: float
    bearing_step: float
    bins: int


class _Obstacles(NamedTuple):
    """Of a view: what is on obstacles and how high it hangs, by bearing and range; see there."""

    pixels: NDArray[np.float32]
    underside: NDArray[np.float32]
    nearest: NDArray[np.float32]
    sigma: float


class _Marks(NamedTuple):
    """
    What one view marks, of each cell.

    pixels: summed confidence of those on an obstacle; underside: its height, metres, where there
    are some.
    """

    pixels: NDArray[np.float32]
    underside: NDArray[np.float32]


class _Floor(NamedTuple):
    """
    Of each bearing, metres: where floor begins, is surely free to, was seen to; and trust.

    top: tangent of the highest ray; missing: by bearing and range, as in Surroundings; farthest:
    beyond which there is nothing of all this.
    """

    begin: NDArray[np.float32]
    free_to: NDArray[np.float32]
    seen_to: NDArray[np.float32]
    confidence: NDArray[np.float32]
    top: NDArray[np.float32]
    missing: NDArray[np.uint8]
    farthest: float


@kernel
def _mark(obstacles: _Obstacles, fan: _Fan, marks: _Marks) -> None:
    """Write the pixels on an obstacle into the cells where it may be."""
    pixels, nearest, sigma = obstacles.pixels, obstacles.nearest, obstacles.sigma
    before = np.zeros(pixels.shape[1] + 1)
    for b in range(fan.bins):
        sides = min(nearest[max(b - 2, 0)], nearest[min(b + 2, fan.bins - 1)])
        before[1:] = np.cumsum(pixels[b])
        for k in range(pixels.shape[1]):
            if pixels[b, k] == 0:
                continue
            r = (k + 0.5) * RANGE_STEP_M
            count = _evidence_around(before, k, int(np.ceil(sigma * r / RANGE_STEP_M)))
            if count > 0:
                small = count < SMALL_PIXELS or sides > 1.1 * r
                margin = SMALL_MARGIN if small else LARGE_MARGIN
                front = r * (1.0 - margin * sigma)
                underside = obstacles.underside[b, k]
                _spread(count, underside, fan, b, front, r * (1.0 + sigma), marks)


@kernel
def _spread(
    pixels: float,
    underside: np.float32,
    fan: _Fan,
    b: int,
    front: float,
    back: float,
    marks: _Marks,
) -> None:
    """Write a mark into the cells of bearing b between two ranges."""
    across = int(np.ceil(back * fan.bearing_step / fan.resolution))
    along = int(np.ceil((back - front) / (0.7 * fan.resolution)))
    rows, columns = marks.pixels.shape
    for j in range(across):
        bearing = fan.bearing_min + (b + (j + 0.5) / across) * fan.bearing_step
        cos, sin = np.cos(bearing) / fan.resolution, np.sin(bearing) / fan.resolution
        for i in range(along + 1):
            r = front + (back - front) * i / max(along, 1)
            column, row = int(np.floor(fan.x + cos * r)), int(np.floor(fan.y + sin * r))
            if 0 <= column < columns and 0 <= row < rows:
                lower = marks.underside[row, column] if marks.pixels[row, column] > 0 else np.inf
                marks.underside[row, column] = min(lower, underside)
                marks.pixels[row, column] = max(marks.pixels[row, column], pixels)


@kernel
def _evidence_around(before: NDArray[np.float64], k: int, reach: int) -> float:
    """
    Return the sum over reach bins around k, 0 where it is small against its neighbours'.

    before: (bins + 1,) sum of all bins before each.
    """
    bins, most, here = len(before) - 1, 0.0, 0.0
    for j in range(max(k - reach, 0), min(k + reach + 1, bins)):
        total = before[min(j + reach + 1, bins)] - before[max(j - reach, 0)]
        most = max(most, total)
        if j == k:
            here = total
    return here if here >= PEAK * most else 0.0


@kernel
def _update(
    floor: _Floor,
    fan: _Fan,
    marks: _Marks,
    evidence: NDArray[np.float32],
    underside: NDArray[np.float32],
) -> None:
    """Add the marks, and free the cells that lie on seen floor in every bearing they touch."""
    half_span = min(0.5 * fan.bins * fan.bearing_step, np.pi)
    middle = fan.bearing_min + 0.5 * fan.bins * fan.bearing_step
    cos, sin, cos_half = np.cos(middle), np.sin(middle), np.cos(half_span)
    farthest = (floor.farthest / fan.resolution) ** 2
    for row in range(evidence.shape[0]):
        dy = row + 0.5 - fan.y
        for column in range(evidence.shape[1]):
            dx = column + 0.5 - fan.x
            squared, ahead = dx * dx + dy * dy, dx * cos + dy * sin
            if marks.pixels[row, column] > 0:
                before, lowest = evidence[row, column], marks.underside[row, column]
                evidence[row, column] = _marked(before, marks.pixels[row, column])
                if before >= KNOWN:
                    lowest = min(lowest, underside[row, column])
                underside[row, column] = lowest
            elif squared <= farthest and ahead >= cos_half * np.sqrt(squared):
                off = np.arctan2(dy * cos - dx * sin, ahead) / fan.bearing_step
                at, cells = off + 0.5 * fan.bins, np.sqrt(squared)
                evidence[row, column] = _freed(
                    evidence[row, column], underside[row, column], cells, at, floor, fan
                )


@kernel
def _marked(evidence: float, pixels: float) -> float:
    """
    Return the evidence of a cell after a mark.

    A large thing in free space overthrows what was known: somebody who walks is in no cell for as
    long as marks take to add up.
    """
    known = max(evidence, MOST_FREE * (1.0 - min(pixels / SMALL_PIXELS, 1.0)))
    return min(known + HIT * min(pixels / ENOUGH_PIXELS, 1.0), MOST_OCCUPIED)


@kernel
def _freed(
    evidence: float, underside: float, cells: float, at: float, floor: _Floor, fan: _Fan
) -> float:
    """
    Return the evidence of a cell so many cells away, around bearing `at`, in bins.

    Too close to the end of what is free it only loses its evidence for an obstacle; it keeps that
    where the view does not reach as high as the obstacle hangs. Where floor should be and shows
    none, it loses its evidence for free space.
    """
    half = 0.7 / (max(cells, 0.7) * fan.bearing_step)
    first, last = int(np.floor(at - half)), int(np.floor(at + half))
    if first < 0 or last >= fan.bins:
        return evidence
    r = cells * fan.resolution
    trust, least, k = 1.0, MOST_FREE, int(r / RANGE_STEP_M)
    for b in range(first, last + 1):
        if evidence < 0 and k < floor.missing.shape[1] and floor.missing[b, k] != 0:
            return evidence * FORGET
        if not floor.begin[b] <= r <= floor.seen_to[b]:
            return evidence
        if evidence > 0 and fan.z + floor.top[b] * r < underside:
            return evidence
        if r > floor.free_to[b]:
            least = 0.0
        trust = min(trust, floor.confidence[b])
    return min(evidence, max(evidence - MISS * trust, least))


_STEPS_PER_UNIT = 256
_PERCENT = np.array(
    [
        -1 if abs(evidence) < KNOWN else round(100.0 / (1.0 + math.exp(-evidence)))
        for evidence in np.arange(MOST_FREE, MOST_OCCUPIED + 0.01, 1.0 / _STEPS_PER_UNIT)
    ],
    dtype=np.int8,
)
"""Percent occupied for steps of evidence from MOST_FREE on."""


@kernel
def _to_percent(
    evidence: NDArray[np.float32], percent: NDArray[np.int8], cells: NDArray[np.int8]
) -> None:
    for row in range(evidence.shape[0]):
        for column in range(evidence.shape[1]):
            step = (evidence[row, column] - MOST_FREE) * _STEPS_PER_UNIT
            cells[row, column] = percent[int(step + 0.5)]
