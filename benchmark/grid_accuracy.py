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
How true the local grid is, in 20 worlds that were never used for training.

Depth is ray-cast, so no OpenGL is needed; it is mapped as it is ('perfect') and with the errors
of a relative network ('network_like', see `NetworkLike`). Truth is the geometry cut at the height
band. Only cells within 5 m, in the field of view and in line of sight count, see
`depth_anything_ros/replay/grid_truth.py`. In every world a robot drives for 2 s; then, standing,
a box before it disappears; and in a bare room a 4 cm pole stands 3 m away.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
import math
from pathlib import Path

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.config import PipelineConfig
from depth_anything_ros.frame import DepthMap, Frame, Prediction, View
from depth_anything_ros.mapping.cleaning import Cleaner
from depth_anything_ros.mapping.confidence import ConfidenceEstimator
from depth_anything_ros.mapping.local_grid import LocalGrid, OccupancyGrid
from depth_anything_ros.mapping.obstacles import ObstacleFinder
from depth_anything_ros.replay.grid_truth import (
    CALLED_FREE_BELOW,
    CALLED_OCCUPIED_ABOVE,
    compare_grid,
    GridCounts,
    GridFrame,
    true_view,
    TrueView,
    Vantage,
)
from depth_anything_ros.scale.estimate import ScaleEstimate, ScaleHealth
from depth_anything_ros.simulation.driving import drive, NoPathError
from depth_anything_ros.simulation.occupancy import occupancy_truth
from depth_anything_ros.simulation.renderer import RayCaster
from depth_anything_ros.simulation.worlds import make_world, Solid, TEST_SEEDS, World
from depth_anything_ros.transforms import base_from_mounted_camera, Transform
from machine import write_json
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 20.0
DRIVE_FRAMES = 40
CAMERA = Pinhole.from_field_of_view(336, 252, 75.0)
BASE_FROM_CAMERA = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, math.radians(12.0), 0.0)
BOX_SIDE_M, BOX_HEIGHT_M = 0.4, 0.6
POLE_RADIUS_M, POLE_RANGE_M = 0.02, 3.0
TARGETS = {
    'obstacle_recall_percent': ('≥', 98.0, 95.0),
    'occupied_called_free_percent': ('≤', 0.1, 0.5),
    'free_called_occupied_percent': ('≤', 1.0, 3.0),
    'cleared_after_s': ('≤', 0.3, 0.6),
    'pole_found_percent': ('≥', 100.0, 100.0),
}


class Perfect:
    """Depth as it is."""

    sigma = 0.0

    def __init__(self, seed: int) -> None:
        """Need no seed."""

    def spoil(self, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the depth."""
        return depth_m


class NetworkLike:
    """
    Depth as a relative network with a fitted scale gives it.

    Inverse depth is blurred (σ 1 px), has a relative error of 1.5 % that is smooth (over 6 px, and
    0.8 of it stays from frame to frame) and one of 0.5 % that is not, flickers by 1 % from frame
    to frame, and is 3 % too large or too small throughout a world.
    """

    sigma = 0.03

    def __init__(self, seed: int) -> None:
        """Draw the errors of one world; odd seeds see it too near, even ones too far."""
        self._rng = np.random.default_rng(seed)
        self._gain = 1.0 + (self.sigma if seed % 2 else -self.sigma)
        self._smooth: NDArray[np.float64] | None = None

    def spoil(self, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network would say of the next frame."""
        rng, shape = self._rng, depth_m.shape
        inverse = cv2.GaussianBlur(1.0 / depth_m.astype(np.float64), (0, 0), 1.0)
        fresh = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), 6.0)
        fresh /= fresh.std()
        old = self._smooth
        self._smooth = fresh if old is None else 0.8 * old + 0.6 * fresh
        error = 0.015 * self._smooth + 0.005 * rng.standard_normal(shape)
        gain = self._gain * (1.0 + 0.01 * rng.standard_normal())
        spoiled = gain * inverse * (1.0 + error)
        return (1.0 / np.maximum(spoiled, 1e-3)).astype(np.float32)


Errors = type[Perfect] | type[NetworkLike]


class Mapper:
    """The mapping stage, fed with depth."""

    def __init__(self, errors: Perfect | NetworkLike) -> None:
        """Begin with an unknown grid."""
        config = PipelineConfig()
        self._errors = errors
        self._confidence = ConfidenceEstimator(config.cleaning)
        self._cleaner = Cleaner(config.cleaning)
        self._finder = ObstacleFinder(config.obstacle)
        self._range_max_m = config.cleaning.range_max_m
        self._grid = LocalGrid(config.grid)
        self._frames = 0

    def add(self, depth_m: NDArray[np.float32], grid_from_base: Transform) -> OccupancyGrid:
        """Return the grid after one more frame."""
        depth_m = self._errors.spoil(depth_m)
        stamp_ns = int(self._frames * 1e9 / RATE_HZ)
        self._frames += 1
        view = _view(stamp_ns, grid_from_base)
        sigma = self._errors.sigma
        scale = ScaleEstimate(
            1.0, 0.0, np.diag([sigma**2, 0.0]), sigma, 1.0, 'floor', 0.0, ScaleHealth.GOOD
        )
        prediction = Prediction(view, 1.0 / depth_m, is_metric=False)
        confidence = self._confidence.estimate(prediction, depth_m, scale)
        depth_map = DepthMap(view, depth_m, confidence, scale)
        cleaned = self._cleaner.clean(depth_map)
        self._grid.update([self._finder.find(depth_map, cleaned, self._range_max_m)])
        return self._grid.occupancy()


_GREY = np.full((CAMERA.height, CAMERA.width, 3), 128, np.uint8)


def _view(stamp_ns: int, grid_from_base: Transform) -> View:
    model = CameraModel(CAMERA)
    frame = Frame('front', stamp_ns, _GREY, 'rgb', model, BASE_FROM_CAMERA, grid_from_base)
    return View(frame, 0, _GREY, CAMERA, np.eye(3))


@dataclass(frozen=True)
class Truth:
    """The occupancy of a world, cut at the height band."""

    cells: NDArray[np.int8]
    frame: GridFrame

    @classmethod
    def of(cls, world: World) -> Truth:
        """Cut a world, at half the grid's resolution."""
        config = PipelineConfig()
        return cls(
            *occupancy_truth(
                world,
                config.grid.grid_resolution_m / 2,
                config.obstacle.obstacle_height_min_m,
                config.obstacle.robot_height_m,
            )
        )

    def in_sight(self, grid: OccupancyGrid, grid_from_base: Transform) -> TrueView:
        """Return what the grid should say."""
        frame = GridFrame(grid.resolution_m, grid.origin_x, grid.origin_y)
        vantage = Vantage.of(CAMERA, grid_from_base @ BASE_FROM_CAMERA)
        return true_view(self.cells, self.frame, frame, grid.cells.shape, vantage)

    def judge(self, grid: OccupancyGrid, grid_from_base: Transform) -> GridCounts:
        """Count the errors of a grid in what is in sight."""
        return compare_grid(grid.cells, self.in_sight(grid, grid_from_base))


@dataclass(frozen=True)
class Drive:
    """What a camera saw on a drive through a world, and then while a box stood before it."""

    world: World
    poses: Sequence[Transform]
    depths: Sequence[NDArray[np.float32]]
    with_box: World | None
    depth_with_box: NDArray[np.float32]


def drives(count: int) -> Iterator[Drive]:
    """Yield drives through the first worlds that have room for one."""
    found = 0
    for seed in TEST_SEEDS:
        world = make_world(seed)
        try:
            states = drive(world, 2.0 + DRIVE_FRAMES / RATE_HZ, RATE_HZ)[-DRIVE_FRAMES:]
        except NoPathError:
            continue
        poses = [state.odom_from_base for state in states]
        caster = RayCaster(world)
        depths = [caster.depth(CAMERA, pose @ BASE_FROM_CAMERA) for pose in poses]
        boxed = _with_box(world, poses[-1])
        shown = RayCaster(boxed or world).depth(CAMERA, poses[-1] @ BASE_FROM_CAMERA)
        yield Drive(world, poses, depths, boxed, shown)
        found += 1
        if found == count:
            return


def _with_box(world: World, pose: Transform) -> World | None:
    """Return the world with a box before the robot, None where there is no room for one."""
    truth = Truth.of(world)
    for distance in (2.5, 2.0, 1.5):
        at = pose @ np.array([distance, 0.0, 0.0, 1.0])
        row = int((at[1] - truth.frame.origin_y) / truth.frame.resolution_m)
        column = int((at[0] - truth.frame.origin_x) / truth.frame.resolution_m)
        reach = int(BOX_SIDE_M / truth.frame.resolution_m)
        rows, columns = (slice(i - reach, i + reach + 1) for i in (row, column))
        near = truth.cells[rows, columns]
        if near.size and not near.any():
            half = (BOX_SIDE_M / 2, BOX_SIDE_M / 2, BOX_HEIGHT_M / 2)
            box = Solid('box', (float(at[0]), float(at[1]), BOX_HEIGHT_M / 2), half)
            return replace(world, solids=(*world.solids, box))
    return None


def judge_drive(run: Drive, errors: Errors) -> tuple[GridCounts, float | None]:
    """Return the counts over every fifth frame after half a second, and the clearing time."""
    mapper, truth, counts = Mapper(errors(run.world.seed)), Truth.of(run.world), GridCounts()
    for i, (depth_m, pose) in enumerate(zip(run.depths, run.poses, strict=True)):
        grid = mapper.add(depth_m, pose)
        if i >= RATE_HZ / 2 and i % 5 == 4:
            counts += truth.judge(grid, pose)
    return counts, _cleared_after_s(run, mapper, truth)


def _cleared_after_s(run: Drive, mapper: Mapper, truth: Truth) -> float | None:
    """Return when nine tenths of what the box had occupied, and is in sight, are so no more."""
    if run.with_box is None:
        return None
    pose = run.poses[-1]
    for _ in range(int(RATE_HZ)):
        grid = mapper.add(run.depth_with_box, pose)
    seen, boxed = truth.in_sight(grid, pose), Truth.of(run.with_box).in_sight(grid, pose)
    grown = cv2.dilate(boxed.blocked.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    settled = cv2.dilate(seen.blocked.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    old = (grid.cells > CALLED_OCCUPIED_ABOVE) & seen.free & grown & ~settled
    if not old.any():
        return None
    for frame in range(1, int(3 * RATE_HZ)):
        cells = mapper.add(run.depths[-1], pose).cells[old]
        if (cells < CALLED_FREE_BELOW).mean() >= 0.9:  # free, or unknown again
            return frame / RATE_HZ
    return math.inf


def pole_found(bearing: float, errors: Errors, seed: int) -> bool:
    """Return whether a 4 cm pole 3 m from the camera is found in half a second."""
    camera = BASE_FROM_CAMERA[:3, 3]
    x = camera[0] + POLE_RANGE_M * math.cos(bearing)
    y = camera[1] + POLE_RANGE_M * math.sin(bearing)
    pole = Solid('cylinder', (x, y, 0.75), (POLE_RADIUS_M, POLE_RADIUS_M, 0.75))
    walls = tuple(
        Solid('box', (3 + 5 * cx, 5 * cy, 1.3), (0.1 + 5 * abs(cy), 0.1 + 5 * abs(cx), 1.3))
        for cx, cy in ((1, 0), (-1, 0), (0, 1), (0, -1))
    )
    world = World(seed, 20.0, 20.0, 2.6, (*walls, pole))
    truth = Truth.of(replace(world, solids=(pole,)))
    depth_m = RayCaster(world).depth(CAMERA, BASE_FROM_CAMERA)
    mapper = Mapper(errors(seed))
    for _ in range(int(RATE_HZ / 2)):
        grid = mapper.add(depth_m, np.eye(4))
    return truth.judge(grid, np.eye(4)).obstacles_found == 1


def measure(runs: Sequence[Drive], errors: Errors) -> dict[str, float | int | None]:
    """Return the figures of one error model."""
    results = [judge_drive(run, errors) for run in runs]
    counts = sum((count for count, _ in results), GridCounts())
    cleared = [seconds for _, seconds in results if seconds is not None]
    bearings = np.radians(np.linspace(-30.0, 30.0, 20))
    poles = [pole_found(float(b), errors, seed) for seed, b in enumerate(bearings)]
    return {
        **counts.percentages(),
        'cleared_after_s': max(cleared),
        'cleared_after_mean_s': float(np.mean(cleared)),
        'pole_found_percent': 100.0 * float(np.mean(poles)),
        'worlds': len(runs),
        'obstacles': counts.obstacles,
    }


def _print_table(result: dict[str, dict[str, float | int | None]]) -> None:
    print(f'{"":40}{"perfect":>10}{"target":>10}{"network":>10}{"target":>10}')
    for key, perfect in result['perfect'].items():
        sign, *targets = TARGETS.get(key, ('', '', ''))
        network = result['network_like'][key]
        print(
            f'{key:40}{perfect:10.3f}{f"{sign} {targets[0]}":>10}'
            f'{network:10.3f}{f"{sign} {targets[1]}":>10}'
        )


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--worlds', type=int, default=20, help='worlds to drive through')
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    arguments = parser.parse_args()
    runs = list(drives(arguments.worlds))
    result = {
        'perfect': measure(runs, Perfect),
        'network_like': measure(runs, NetworkLike),
    }
    _print_table(result)
    write_json(arguments.json, result)


if __name__ == '__main__':
    main()
