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

"""A wheeled base that drives around a world without touching anything."""

from __future__ import annotations

from dataclasses import dataclass
import heapq
from math import atan2, cos, hypot, pi, sin

import cv2
from depth_anything_ros.replay.grid_truth import GridFrame
from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.occupancy import FREE, occupancy_truth
from depth_anything_ros.transforms import rotation_from_rpy, Transform, transform_from
import numpy as np
from numpy.typing import NDArray

SPEED_MAX, TURN_MAX = 0.7, 0.6  # m/s, rad/s
ACCELERATION_MAX, TURN_ACCELERATION_MAX = 0.5, 1.2
ROBOT_RADIUS_M, ROBOT_HEIGHT_M = 0.22, 1.2
CLEARANCE_M = 0.38
RESOLUTION_M = 0.1
LOOK_AHEAD_M = 0.6
STEP_S = 0.02

Cell = tuple[int, int]
Path = NDArray[np.float64]


class NoPathError(RuntimeError):
    """A world too crowded to drive in."""


@dataclass(frozen=True)
class BaseState:
    """The base in the odom frame, which is the world's: metres, radians, m/s, rad/s."""

    time_s: float
    x: float
    y: float
    yaw: float
    speed: float
    turn_rate: float

    @property
    def odom_from_base(self) -> Transform:
        """Return the pose of the base, z = 0 at the floor."""
        return transform_from(rotation_from_rpy(0, 0, self.yaw), np.array([self.x, self.y, 0.0]))


def drive(world: World, duration_s: float, rate_hz: float) -> list[BaseState]:
    """
    Return the states of a smooth drive from time 0 on; a world always gives the same drive.

    Speed stays below 0.7 m/s and 0.6 rad/s. Raise NoPathError where the world leaves no room.
    """
    rng = np.random.default_rng([world.seed, 3])
    for _ in range(20):
        path = _tour(rng, world, SPEED_MAX * duration_s + 1.0)
        states = _follow(path, duration_s)
        if _clearance_of(states, world) > ROBOT_RADIUS_M:
            every = round(1 / rate_hz / STEP_S)
            return states[::every]
    raise NoPathError(f'no way to drive {duration_s} s through world {world.seed}')


class _Map:
    """Where a base may go: cells at least CLEARANCE_M from anything that blocks."""

    def __init__(self, world: World) -> None:
        cells, self.frame = occupancy_truth(world, RESOLUTION_M, 0.02, ROBOT_HEIGHT_M)
        free = (cells == FREE).astype(np.uint8)
        self.clearance = cv2.distanceTransform(free, cv2.DIST_L2, 5) * RESOLUTION_M
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            (self.clearance >= CLEARANCE_M).astype(np.uint8), connectivity=4
        )
        if len(stats) < 2:
            raise NoPathError(f'world {world.seed} leaves no room to drive')
        self.open = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))

    def center(self, cell: Cell) -> tuple[float, float]:
        row, column = cell
        return (
            self.frame.origin_x + (column + 0.5) * RESOLUTION_M,
            self.frame.origin_y + (row + 0.5) * RESOLUTION_M,
        )

    def path(self, start: Cell, goal: Cell) -> list[Cell]:
        """Return the cells from start to goal (Dijkstra), which keep to the middle of the way."""
        cost, parent = {start: 0.0}, {start: start}
        queue = [(0.0, start)]
        while queue:
            so_far, cell = heapq.heappop(queue)
            if cell == goal:
                break
            for row, column, length in _NEIGHBOURS:
                to = (cell[0] + row, cell[1] + column)
                total = so_far + length * (1 + 0.3 / self.clearance[to] ** 2)
                if self.open[to] and total < cost.get(to, np.inf):
                    cost[to], parent[to] = total, cell
                    heapq.heappush(queue, (total, to))
        cells = [goal]
        while cells[-1] != start:
            cells.append(parent[cells[-1]])
        return cells[::-1]


_NEIGHBOURS = [
    (row, column, hypot(row, column))
    for row in (-1, 0, 1)
    for column in (-1, 0, 1)
    if (row, column) != (0, 0)
]


def _tour(rng: np.random.Generator, world: World, length_m: float) -> Path:
    """Return (N, 2) points, 0.1 m or so apart, of a smooth way between random far goals."""
    space = _Map(world)
    candidates = [(int(row), int(column)) for row, column in np.argwhere(space.open)]
    cells = [candidates[int(rng.integers(len(candidates)))]]
    while len(cells) * RESOLUTION_M < length_m:
        goals = [candidates[i] for i in rng.integers(len(candidates), size=12)]
        farthest = max(goals, key=lambda c: hypot(c[0] - cells[-1][0], c[1] - cells[-1][1]))
        leg = space.path(cells[-1], farthest)
        if len(leg) < 2:
            raise NoPathError(f'world {world.seed} leaves no room to drive')
        cells += leg[1:]
    points = np.array([space.center(cell) for cell in cells])
    window = np.hanning(9)[1:-1] / np.hanning(9).sum()
    padded = np.pad(points, ((3, 3), (0, 0)), mode='edge')
    return np.stack([np.convolve(padded[:, i], window, 'valid') for i in (0, 1)], axis=1)


def _follow(path: Path, duration_s: float) -> list[BaseState]:
    """Return the states of a base that pursues a point ahead of it on the path (pure pursuit)."""
    ahead = path[min(5, len(path) - 1)] - path[0]
    x, y = path[0]
    state = BaseState(0.0, x, y, atan2(ahead[1], ahead[0]), 0.0, 0.0)
    states, nearest = [state], 0
    for step in range(1, round(duration_s / STEP_S) + 1):
        nearest = _nearest(path, nearest, state)
        target = nearest
        while target + 1 < len(path) and _distance(path[target], state) < LOOK_AHEAD_M:
            target += 1
        state = _advance(state, path[target], step * STEP_S)
        states.append(state)
    return states


def _nearest(path: Path, first: int, state: BaseState) -> int:
    stop = first + 10
    window = path[first:stop]
    return first + int(np.argmin(np.hypot(window[:, 0] - state.x, window[:, 1] - state.y)))


def _distance(point: NDArray[np.float64], state: BaseState) -> float:
    return hypot(point[0] - state.x, point[1] - state.y)


def _advance(state: BaseState, target: NDArray[np.float64], time_s: float) -> BaseState:
    """Return the state one step later, steering to a target within speed and acceleration."""
    bearing = atan2(target[1] - state.y, target[0] - state.x) - state.yaw
    bearing = (bearing + pi) % (2 * pi) - pi
    wanted_turn = min(max(1.5 * bearing, -TURN_MAX), TURN_MAX)
    wanted_speed = SPEED_MAX * max(0.0, 1 - abs(bearing) / 0.9)
    speed = _towards(state.speed, wanted_speed, ACCELERATION_MAX * STEP_S)
    turn = _towards(state.turn_rate, wanted_turn, TURN_ACCELERATION_MAX * STEP_S)
    yaw = state.yaw + turn * STEP_S
    return BaseState(
        time_s,
        state.x + speed * cos(yaw) * STEP_S,
        state.y + speed * sin(yaw) * STEP_S,
        yaw,
        speed,
        turn,
    )


def _towards(value: float, wanted: float, largest_change: float) -> float:
    return value + min(max(wanted - value, -largest_change), largest_change)


def _clearance_of(states: list[BaseState], world: World) -> float:
    """Return the least distance (m) from the base's centre to anything that blocks."""
    cells, frame = occupancy_truth(world, 0.05, 0.02, ROBOT_HEIGHT_M)
    distance = cv2.distanceTransform((cells == FREE).astype(np.uint8), cv2.DIST_L2, 5) * 0.05
    return float(min(distance[_cell_of(state, frame)] for state in states))


def _cell_of(state: BaseState, frame: GridFrame) -> Cell:
    row = int((state.y - frame.origin_y) / frame.resolution_m)
    column = int((state.x - frame.origin_x) / frame.resolution_m)
    return row, column
