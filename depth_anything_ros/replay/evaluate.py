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

"""How right the depth and the grids of a run are, where the recording has the truth."""

from __future__ import annotations

from dataclasses import dataclass

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.replay.depth_truth import depth_errors, DepthErrors, truth_in_view
from depth_anything_ros.replay.grid_truth import (
    compare_grid,
    GridCounts,
    GridFrame,
    true_view,
    TrueView,
    Vantage,
)
from depth_anything_ros.replay.messages import depth_image, grid_cells, pinhole_of, pose_transform
from depth_anything_ros.replay.run import (
    DEPTH,
    DEPTH_INFO,
    GRID,
    Run,
    TRUE_DEPTH,
    TRUE_DEPTH_INFO,
    TRUE_GRID,
)
import numpy as np
from numpy.typing import NDArray

POSE_TOLERANCE_NS = 50_000_000


def depth_errors_of(run: Run) -> dict[int, DepthErrors | None]:
    """
    Return the errors by stamp of every image with true depth.

    None for those without depth in metres: dropped, or the scale was lost.
    """
    infos = run[TRUE_DEPTH_INFO]
    if not len(infos):
        return {}
    true_camera = pinhole_of(infos[infos.stamps_ns[0]])
    stamps = [int(stamp) for stamp in run[TRUE_DEPTH].stamps_ns if stamp in run.images]
    return {stamp: _depth_errors_at(run, stamp, true_camera) for stamp in stamps}


def _depth_errors_at(run: Run, stamp_ns: int, true_camera: Pinhole) -> DepthErrors | None:
    if stamp_ns not in run[DEPTH] or stamp_ns not in run[DEPTH_INFO]:
        return None
    view = pinhole_of(run[DEPTH_INFO][stamp_ns])
    true_m = truth_in_view(depth_image(run[TRUE_DEPTH][stamp_ns]), true_camera, view)
    return depth_errors(depth_image(run[DEPTH][stamp_ns]), true_m)


@dataclass(frozen=True)
class GridView:
    """A grid of the node and, where there is truth in its frame, what it should say."""

    cells: NDArray[np.int8]
    frame: GridFrame
    vantage: Vantage | None
    truth: TrueView | None


def grid_view_at(run: Run, stamp_ns: int) -> GridView:
    """Return the grid of a stamp; the camera's place then comes from the odometry."""
    grid = run[GRID][stamp_ns]
    cells, frame = grid_cells(grid)
    vantage = vantage_at(run, stamp_ns)
    true_grids = run[TRUE_GRID]
    if not len(true_grids) or vantage is None:
        return GridView(cells, frame, vantage, None)
    truth = true_grids[true_grids.stamps_ns[-1]]
    if truth.header.frame_id != grid.header.frame_id:
        return GridView(cells, frame, None, None)
    rows, columns = cells.shape
    seen = true_view(*grid_cells(truth), frame, (rows, columns), vantage)
    return GridView(cells, frame, vantage, seen)


def grid_counts_of(run: Run) -> GridCounts | None:
    """Return the errors of all grids, added up; None without truth in their frame."""
    total = GridCounts()
    for stamp in map(int, run[GRID].stamps_ns):
        view = grid_view_at(run, stamp)
        if view.truth is not None:
            total += compare_grid(view.cells, view.truth)
    return total if total != GridCounts() else None


def vantage_at(run: Run, stamp_ns: int) -> Vantage | None:
    """Return where the camera was in the odometry's frame; None where that is not recorded."""
    infos = run[run.topics.camera_info]
    odom = run[run.topics.odom].nearest(stamp_ns, POSE_TOLERANCE_NS)
    if odom is None or run.base_from_camera is None or not len(infos):
        return None
    camera = pinhole_of(infos[infos.stamps_ns[0]])
    return Vantage.of(camera, pose_transform(odom.pose.pose) @ run.base_from_camera)
