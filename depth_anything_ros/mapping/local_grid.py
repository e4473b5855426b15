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

"""A rolling occupancy grid around the robot: where it lies, and for how long it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from depth_anything_ros.config import GridConfig
from depth_anything_ros.frame import Frame
from depth_anything_ros.kernel import kernel
from depth_anything_ros.mapping.evidence import Evidence
from depth_anything_ros.mapping.obstacles import Surroundings
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray

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
        self._evidence = Evidence(side, config.grid_resolution_m)
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
        lost reset the grid. A pose that is missing for a moment leaves it as it is. Where one of
        several cameras falls silent, free space is forgotten, but for what the others see.
        """
        if not views:
            return
        frames = [view.frame for view in views]
        posed = [frame for frame in frames if frame.grid_from_base is not None]
        latest = max(posed or frames, key=lambda frame: frame.stamp_ns)
        if not self._begin(latest, {frame.camera: frame for frame in frames}):
            return
        seen = [view for view in views if view.is_metric]
        now_ns = self._newest_ns(latest)
        placed = {view.frame.camera for view in seen if self._pose_of(view) is not None}
        self._vouched_ns |= dict.fromkeys(placed, now_ns)
        self._drop_silent(now_ns, {})
        showing = {view.frame.camera for view in seen}
        for view in views:
            if view.frame.camera not in showing:
                self.lose(view.frame, 'the scale is lost')
        for view in self._with_recent(seen, latest.stamp_ns) if self._pose is None else seen:
            pose = self._pose_of(view)
            if pose is not None:
                self._evidence.add(view, pose)
        self._clear_footprint()

    def lose(self, frame: Frame, reason: str, patience_ns: int = 0) -> None:
        """
        Note that a frame shows nothing in metres; what its camera showed before counts for longer.

        Once no camera vouches for the grid any more, it starts anew for this reason.
        """
        self._drop_silent(self._newest_ns(frame), {frame.camera: patience_ns})
        if not self._vouched_ns:
            self.reset(reason)

    def occupancy(self) -> OccupancyGrid:
        """Return the grid as it is now."""
        resolution_m = self._evidence.resolution_m
        x, y = (resolution_m * cells for cells in self._evidence.corner)
        is_one_shot = self._pose is None
        return OccupancyGrid(self._evidence.percent(), resolution_m, x, y, is_one_shot)

    def reset(self, reason: str = 'asked for') -> None:
        """Turn every cell unknown."""
        self._evidence.forget()
        self.reset_reason = reason

    def _drop_silent(self, now_ns: int, patience_ns: Mapping[str, int]) -> None:
        """Forget free space once a camera vouches no more: nobody may be looking there now."""
        before = len(self._vouched_ns)
        self._vouched_ns = {
            camera: vouched_ns
            for camera, vouched_ns in self._vouched_ns.items()
            if now_ns - vouched_ns < patience_ns.get(camera, SILENT_NS)
        }
        if len(self._vouched_ns) < before:
            self._evidence.forget_free()

    def _newest_ns(self, frame: Frame) -> int:
        """Return the time by which cameras fall silent, whose own clocks may differ."""
        return max(frame.stamp_ns, self._stamp_ns or frame.stamp_ns)

    def _pose_of(self, view: Surroundings) -> Transform | None:
        pose = np.eye(4) if self._pose is None else view.frame.grid_from_base
        return pose if pose is not None and _is_usable(pose) else None

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
        self._evidence.centre_at(float(centre[0]), float(centre[1]))
        return True

    def _age(self, pose: Transform | None, stamp_ns: int) -> None:
        """Let evidence decay, or go where it does not fit what comes."""
        before_ns = stamp_ns if self._stamp_ns is None else self._stamp_ns
        elapsed_s = max(stamp_ns - before_ns, 0) * 1e-9
        reason = self._reason_to_reset(pose, stamp_ns)
        if reason:
            self.reset(reason)
        elif self._pose is None:
            self._evidence.forget()
        elif self.config.grid_decay_s > 0:
            self._evidence.decay(math.exp(-elapsed_s / self.config.grid_decay_s))
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

    def _clear_footprint(self) -> None:
        corners = np.array(self.config.footprint, np.float64).reshape(-1, 2)
        if len(corners) < 3:
            return
        pose = np.eye(4) if self._pose is None else self._pose
        self._evidence.clear(corners @ pose[:2, :2].T + pose[:2, 3])


@kernel
def _is_usable(pose: Transform) -> bool:
    return bool(np.isfinite(pose).all() and np.abs(pose[:3, 3]).max() < FARTHEST_POSE_M)
