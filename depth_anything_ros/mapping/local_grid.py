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

"""A rolling occupancy grid around the robot, in log-odds (Moravec and Elfes 1985)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import NamedTuple

import cv2
from depth_anything_ros.config import GridConfig
from depth_anything_ros.frame import Frame
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

FARTHEST_POSE_M = 1e7

BACK_NS = 1_000_000_000
"""A stamp of a camera that goes back farther is another run."""

SILENT_NS = 1_000_000_000
"""A camera that has shown nothing for this long vouches for nothing."""

POSELESS_NS = 500_000_000
"""The robot's pose may be missing for this long."""

ONE_SHOT_NS = 300_000_000
"""Without a pose, what another camera saw counts for this long."""

TURN_RAD, TURN_RAD_S = 0.35, 4.0
"""A pose that turned by more than the first and the second times the time has jumped."""

FORGET = 0.5
"""What is left in a frame of the evidence for free space where floor is missing."""


@dataclass(frozen=True)
class OccupancyGrid:
    """
    A snapshot of the grid.

    cells: (rows, columns) int8, row = y, column = x; −1 unknown, else percent occupied. origin_x,
    origin_y: metres, corner of cell (0, 0), in the grid's fixed frame, or in the base frame where
    is_one_shot.
    """

    cells: NDArray[np.int8]
    resolution_m: float
    origin_x: float
    origin_y: float
    is_one_shot: bool


class LocalGrid:
    """
    The grid; `config` may be replaced by one of the same size and resolution.

    reset_reason: why the grid last became unknown as a whole, '' at first.
    """

    def __init__(self, config: GridConfig) -> None:
        """Begin with every cell unknown."""
        self.config = config
        self.reset_reason = ''
        side = round(config.grid_size_m / config.grid_resolution_m)
        self._evidence: NDArray[np.float32] = np.zeros((side, side), np.float32)
        self._underside: NDArray[np.float32] = np.full((side, side), np.inf, np.float32)
        self._marks = _Marks(
            np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
        )
        self._corner = (0, 0)
        self._pose: Transform | None = None
        self._posed_ns = 0
        self._stamp_ns: int | None = None
        self._stamps_ns: dict[str, int] = {}
        self._vouched_ns: dict[str, int] = {}
        self._recent: dict[str, list[Surroundings]] = {}

    def update(self, views: Sequence[Surroundings]) -> None:
        """
        Take in what all views of one step saw.

        Poses that are not finite or jump, stamps that go back, and a scale that every camera has
        lost reset the grid. A pose that is missing for a moment leaves it as it is.
        """
        if not views:
            return
        frames = [view.frame for view in views]
        posed = [frame for frame in frames if frame.grid_from_base is not None]
        latest = max(posed or frames, key=lambda frame: frame.stamp_ns)
        if not self._begin(latest, {frame.camera: frame for frame in frames}):
            return
        seen = [view for view in views if view.is_metric]
        self._vouched_ns |= {view.frame.camera: view.frame.stamp_ns for view in seen}
        showing = {view.frame.camera for view in seen}
        for view in views:
            if view.frame.camera not in showing:
                self.lose(view.frame, 'the scale is lost')
        for view in self._with_recent(seen, latest.stamp_ns) if self._pose is None else seen:
            pose = np.eye(4) if self._pose is None else view.frame.grid_from_base
            if pose is not None and _is_usable(pose):
                self._take_in(view, pose)
        self._clear_footprint()

    def lose(self, frame: Frame, reason: str, patience_ns: int = 0) -> None:
        """
        Note that a frame shows nothing in metres; what its camera showed before counts for longer.

        Once no camera vouches for the grid any more, it starts anew for this reason.
        """
        self._vouched_ns = {
            camera: stamp_ns
            for camera, stamp_ns in self._vouched_ns.items()
            if frame.stamp_ns - stamp_ns < (patience_ns if camera == frame.camera else SILENT_NS)
        }
        if not self._vouched_ns:
            self.reset(reason)

    def occupancy(self) -> OccupancyGrid:
        """Return the grid as it is now."""
        cells = np.empty(self._evidence.shape, np.int8)
        _to_percent(self._evidence, _PERCENT, cells)
        resolution = self.config.grid_resolution_m
        x, y = self._corner
        return OccupancyGrid(cells, resolution, x * resolution, y * resolution, self._pose is None)

    def reset(self, reason: str = 'asked for') -> None:
        """Turn every cell unknown."""
        self._forget()
        self.reset_reason = reason

    def move_to(self, corner_x: int, corner_y: int) -> None:
        """Put cell (0, 0) at this whole number of cells from the frame's origin."""
        right, up = corner_x - self._corner[0], corner_y - self._corner[1]
        self._corner = corner_x, corner_y
        if right or up:
            self._evidence = _moved(self._evidence, right, up, 0.0)
            self._underside = _moved(self._underside, right, up, math.inf)

    def _forget(self) -> None:
        self._evidence.fill(0.0)
        self._underside.fill(math.inf)

    def _begin(self, latest: Frame, frames: Mapping[str, Frame]) -> bool:
        """Move to where the robot is; return False where that is unknown for the moment."""
        pose, stamp_ns = latest.grid_from_base, latest.stamp_ns
        went_back = any(
            frame.stamp_ns < self._stamps_ns.get(camera, 0) - BACK_NS
            for camera, frame in frames.items()
        )
        if went_back:
            self._stamps_ns, self._vouched_ns, self._stamp_ns = {}, {}, None
            self.reset('time went back')
        self._stamps_ns |= {camera: frame.stamp_ns for camera, frame in frames.items()}
        is_brief = 0 <= stamp_ns - self._posed_ns < POSELESS_NS
        if pose is None and self._pose is not None and is_brief:
            return False
        self._age(pose, stamp_ns)
        self._pose = pose if pose is not None and _is_usable(pose) else None
        if self._pose is not None:
            self._posed_ns = stamp_ns
        centre = np.zeros(2) if self._pose is None else self._pose[:2, 3]
        corner = np.floor(centre / self.config.grid_resolution_m) - len(self._evidence) // 2
        self.move_to(int(corner[0]), int(corner[1]))
        return True

    def _age(self, pose: Transform | None, stamp_ns: int) -> None:
        """Let evidence decay, or go where it does not fit what comes."""
        before_ns = stamp_ns if self._stamp_ns is None else self._stamp_ns
        elapsed_s = max(stamp_ns - before_ns, 0) * 1e-9
        reason = self._reason_to_reset(pose, stamp_ns)
        if reason:
            self.reset(reason)
        elif self._pose is None:
            self._forget()
        elif self.config.grid_decay_s > 0:
            self._evidence *= np.float32(math.exp(-elapsed_s / self.config.grid_decay_s))
        self._stamp_ns = max(stamp_ns, before_ns)

    def _reason_to_reset(self, pose: Transform | None, stamp_ns: int) -> str:
        if pose is not None and not _is_usable(pose):
            return 'the pose is not finite or too far away'
        if self._stamp_ns is None:
            return ''
        if pose is None or self._pose is None:
            return '' if pose is self._pose else 'the pose came or went'
        moved_m = math.dist(pose[:2, 3], self._pose[:2, 3])
        if moved_m > self.config.grid_pose_jump_m:
            return f'the pose jumped by {moved_m:.2f} m'
        (x, y), (u, v) = pose[:2, 0], self._pose[:2, 0]
        turned = abs(math.atan2(u * y - v * x, u * x + v * y))
        apart_s = abs(stamp_ns - self._posed_ns) * 1e-9  # of cameras that are out of step
        if turned > TURN_RAD + TURN_RAD_S * apart_s:
            return f'the pose turned by {math.degrees(turned):.0f}° at once'
        return ''

    def _with_recent(self, views: Sequence[Surroundings], stamp_ns: int) -> list[Surroundings]:
        """Return the views, and those of other cameras that are hardly older."""
        self._recent |= {
            camera: [view for view in views if view.frame.camera == camera]
            for camera in {view.frame.camera for view in views}
        }
        return [
            view
            for kept in self._recent.values()
            for view in kept
            if abs(stamp_ns - view.frame.stamp_ns) < ONE_SHOT_NS
        ]

    def _take_in(self, view: Surroundings, grid_from_base: Transform) -> None:
        resolution = self.config.grid_resolution_m
        camera = grid_from_base @ np.append(view.origin, 1.0)
        yaw = math.atan2(grid_from_base[1, 0], grid_from_base[0, 0])
        fan = _Fan(
            float(camera[0] / resolution - self._corner[0]),
            float(camera[1] / resolution - self._corner[1]),
            float(view.origin[2]),
            resolution,
            view.bearing_min + yaw,
            view.bearing_step,
            len(view.nearest_m),
        )
        self._marks.share.fill(0.0)
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
        _update(floor, fan, self._marks, self._evidence, self._underside)

    def _clear_footprint(self) -> None:
        corners = np.array(self.config.footprint, np.float64).reshape(-1, 2)
        if len(corners) < 3:
            return
        pose = np.eye(4) if self._pose is None else self._pose
        in_grid = corners @ pose[:2, :2].T + pose[:2, 3]
        cells = in_grid / self.config.grid_resolution_m - self._corner - 0.5
        cv2.fillPoly(self._evidence, [np.round(cells).astype(np.int32)], MOST_FREE)


def _farthest_m(bins: NDArray[np.uint8]) -> float:
    """Return the range of the farthest bin that is set, of (bearings, ranges)."""
    columns = np.flatnonzero(bins.any(axis=0))
    return float(columns[-1] + 1) * RANGE_STEP_M if columns.size else 0.0


@kernel
def _is_usable(pose: Transform) -> bool:
    return bool(np.isfinite(pose).all() and np.abs(pose[:3, 3]).max() < FARTHEST_POSE_M)


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

    share: 0…1 of enough evidence for an obstacle; underside: its height, metres, where share > 0.
    """

    share: NDArray[np.float32]
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
    """Write the share of enough evidence for an obstacle into the cells where one may be."""
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
                share = min(count / ENOUGH_PIXELS, 1.0)
                underside = obstacles.underside[b, k]
                _spread(share, underside, fan, b, front, r * (1.0 + sigma), marks)


@kernel
def _spread(
    share: float,
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
    rows, columns = marks.share.shape
    for j in range(across):
        bearing = fan.bearing_min + (b + (j + 0.5) / across) * fan.bearing_step
        cos, sin = np.cos(bearing) / fan.resolution, np.sin(bearing) / fan.resolution
        for i in range(along + 1):
            r = front + (back - front) * i / max(along, 1)
            column, row = int(np.floor(fan.x + cos * r)), int(np.floor(fan.y + sin * r))
            if 0 <= column < columns and 0 <= row < rows:
                lower = marks.underside[row, column] if marks.share[row, column] > 0 else np.inf
                marks.underside[row, column] = min(lower, underside)
                marks.share[row, column] = max(marks.share[row, column], share)


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
            if marks.share[row, column] > 0:
                before, lowest = evidence[row, column], marks.underside[row, column]
                evidence[row, column] = min(before + HIT * marks.share[row, column], MOST_OCCUPIED)
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
