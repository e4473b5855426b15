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
How well an occupancy grid agrees with the world it was made in.

Only what the camera can see counts: cells within range, in its field of view and in line of sight.
Rows are y, columns are x, as in nav_msgs/OccupancyGrid; cells hold −1 unknown, 0…100.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
import math

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

CALLED_FREE_BELOW = 35
CALLED_OCCUPIED_ABOVE = 65

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class GridFrame:
    """Where a grid lies: the side of a cell and the outer corner of cell (0, 0), metres."""

    resolution_m: float
    origin_x: float
    origin_y: float


@dataclass(frozen=True)
class Vantage:
    """Where a camera looks from, in the frame of the grid: metres, radians."""

    x: float
    y: float
    yaw: float
    horizontal_fov: float
    range_m: float = 5.0

    @classmethod
    def of(cls, pinhole: Pinhole, grid_from_camera: Transform) -> Vantage:
        """Return the place of a camera whose optical frame is given."""
        x, y = map(float, grid_from_camera[:2, 3])
        ahead_x, ahead_y = grid_from_camera[:2, 2]
        return cls(x, y, math.atan2(ahead_y, ahead_x), math.radians(pinhole.horizontal_fov_deg))


@dataclass(frozen=True)
class TrueView:
    """
    What a grid should say, (rows, columns) of it.

    blocked: where the world is; free, front: what of it is in sight, as `visible_cells` has it.
    """

    blocked: Mask
    free: Mask
    front: Mask


@dataclass(frozen=True)
class GridCounts:
    """
    What was seen and how much of it was wrong, in cells and obstacles; counts add up over frames.

    The strict errors are without the tolerance of one cell.
    """

    occupied: int = 0
    occupied_called_free: int = 0
    occupied_called_free_strict: int = 0
    free: int = 0
    free_called_occupied: int = 0
    free_called_occupied_strict: int = 0
    obstacles: int = 0
    obstacles_found: int = 0

    def __add__(self, other: GridCounts) -> GridCounts:
        return GridCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def percentages(self) -> dict[str, float | None]:
        """Return the shares in percent; None where nothing of the kind was seen."""
        return {
            'occupied_called_free_percent': _percent(self.occupied_called_free, self.occupied),
            'free_called_occupied_percent': _percent(self.free_called_occupied, self.free),
            'obstacle_recall_percent': _percent(self.obstacles_found, self.obstacles),
            'occupied_called_free_strict_percent': _percent(
                self.occupied_called_free_strict, self.occupied
            ),
            'free_called_occupied_strict_percent': _percent(
                self.free_called_occupied_strict, self.free
            ),
        }


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def visible_cells(blocked: Mask, frame: GridFrame, vantage: Vantage) -> tuple[Mask, Mask]:
    """
    Return what is in sight of a (rows, columns) world: its free cells, its obstacles' fronts.

    Rays are sampled every quarter of a cell, half a cell apart at the far end. A front is the
    first blocked cell of a ray; what lies behind it is out of sight.
    """
    step = frame.resolution_m / 4
    half = vantage.horizontal_fov / 2
    count = math.ceil(vantage.horizontal_fov * vantage.range_m / frame.resolution_m * 2) + 1
    angles = vantage.yaw + np.linspace(-half, half, count)[:, None]
    distances = np.arange(step, vantage.range_m + 1e-9, step)[None, :]
    x = (vantage.x + distances * np.cos(angles) - frame.origin_x) / frame.resolution_m
    y = (vantage.y + distances * np.sin(angles) - frame.origin_y) / frame.resolution_m
    columns, rows = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    height, width = blocked.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.where(inside, rows, 0), np.where(inside, columns, 0)

    hits = blocked[rows, columns] & inside
    met = np.cumsum(hits, axis=1)
    in_free = (met == 0) & inside
    at_front = hits & (met == 1)
    free, front = np.zeros_like(blocked), np.zeros_like(blocked)
    free[rows[in_free], columns[in_free]] = True
    front[rows[at_front], columns[at_front]] = True
    return free & ~blocked, front


def label_obstacles(blocked: Mask) -> NDArray[np.int32]:
    """Return 1, 2, … for the cells of each connected (8 neighbours) obstacle, 0 elsewhere."""
    _, labels = cv2.connectedComponents(blocked.astype(np.uint8), connectivity=8)
    return np.asarray(labels, dtype=np.int32)


@dataclass(frozen=True)
class Judgement:
    """
    (rows, columns) masks of what a grid got right and wrong of what is in sight.

    Truth may lie one cell off. found: fronts with a cell called occupied within one cell; missed:
    other fronts that are called free; ghosts: free cells called occupied with no blocked
    neighbour.
    """

    called_free: Mask
    called_occupied: Mask
    found: Mask
    missed: Mask
    ghosts: Mask


def judge_cells(cells: NDArray[np.int8], truth: TrueView) -> Judgement:
    """Return what a grid's (rows, columns) cells got right and wrong."""
    called_free = (cells >= 0) & (cells < CALLED_FREE_BELOW)
    called_occupied = cells > CALLED_OCCUPIED_ABOVE
    found = truth.front & _dilated(called_occupied)
    return Judgement(
        called_free,
        called_occupied,
        found,
        missed=truth.front & called_free & ~found,
        ghosts=truth.free & called_occupied & ~_dilated(truth.blocked),
    )


def compare_grid(cells: NDArray[np.int8], truth: TrueView) -> GridCounts:
    """
    Return the errors of a grid's (rows, columns) cells against what was in sight.

    An obstacle is found when half of its visible front is called occupied within one cell.
    """
    judged, labels = judge_cells(cells, truth), label_obstacles(truth.blocked)
    size = int(labels.max(initial=0)) + 1
    fronts = np.bincount(labels[truth.front], minlength=size)[1:]
    found = np.bincount(labels[judged.found], minlength=size)[1:]
    return GridCounts(
        occupied=_count(truth.front),
        occupied_called_free=_count(judged.missed),
        occupied_called_free_strict=_count(truth.front & judged.called_free),
        free=_count(truth.free),
        free_called_occupied=_count(judged.ghosts),
        free_called_occupied_strict=_count(truth.free & judged.called_occupied),
        obstacles=_count(fronts > 0),
        obstacles_found=_count((fronts > 0) & (2 * found >= fronts)),
    )


def true_view(
    truth: NDArray[np.int8],
    truth_frame: GridFrame,
    frame: GridFrame,
    shape: tuple[int, int],
    vantage: Vantage,
) -> TrueView:
    """Return what a grid of this (rows, columns) shape should say, by a grid of the truth."""
    blocked, known = resample_truth(truth, truth_frame, frame, shape)
    free, front = visible_cells(blocked, frame, vantage)
    return TrueView(blocked, free & known, front)


def resample_truth(
    truth: NDArray[np.int8], truth_frame: GridFrame, frame: GridFrame, shape: tuple[int, int]
) -> tuple[Mask, Mask]:
    """
    Return which cells of a grid of this (rows, columns) shape are blocked, and which are known.

    Both grids have parallel axes. A cell is blocked where any blocked cell of the truth, as fine
    as the grid or finer, has its centre in it.
    """
    row, column = _cells_of(*_centres(frame, shape), truth_frame)
    inside = (row >= 0) & (row < truth.shape[0]) & (column >= 0) & (column < truth.shape[1])
    known = np.zeros(shape, dtype=bool)
    known[inside] = truth[row[inside], column[inside]] >= 0

    blocked = np.zeros(shape, dtype=bool)
    y, x = _centres(truth_frame, truth.shape)
    occupied = truth > CALLED_OCCUPIED_ABOVE
    row, column = _cells_of(y[occupied], x[occupied], frame)
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    blocked[row[inside], column[inside]] = True
    return blocked, known | blocked


def _centres(
    frame: GridFrame, shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = np.indices(shape)
    return (
        frame.origin_y + (rows + 0.5) * frame.resolution_m,
        frame.origin_x + (columns + 0.5) * frame.resolution_m,
    )


def _cells_of(
    y: NDArray[np.float64], x: NDArray[np.float64], frame: GridFrame
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    row = np.floor((y - frame.origin_y) / frame.resolution_m + 1e-6).astype(np.intp)
    column = np.floor((x - frame.origin_x) / frame.resolution_m + 1e-6).astype(np.intp)
    return row, column


def _dilated(mask: Mask) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
