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

"""Test what the grid says while a robot drives up to what is easily overlooked."""

from __future__ import annotations

from collections.abc import Sequence
import math

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import CleaningConfig, GridConfig, ObstacleConfig
from depth_anything_ros.mapping.cleaning import Cleaner
from depth_anything_ros.mapping.local_grid import LocalGrid
from depth_anything_ros.mapping.obstacles import ObstacleFinder
from depth_anything_ros.transforms import base_from_mounted_camera, Transform, transform_from
import numpy as np
import pytest
from ray_scenes import Box, cast, depth_map, FLOOR, make_view, Plane

PINHOLE = Pinhole.from_field_of_view(336, 252, 75.0)
RANGE_MAX = 6.0


class Robot:
    """A robot with a low camera that drives along x at 1 m/s and maps in exact depth."""

    def __init__(
        self,
        mount: Transform,
        planes: Sequence[Plane],
        boxes: Sequence[Box],
        *,
        is_dark: bool = False,
        pinhole: Pinhole = PINHOLE,
    ) -> None:
        """Stand in a world; is_dark: the image shows nothing of what is lower than the floor."""
        self._mount, self._is_dark, self._pinhole = mount, is_dark, pinhole
        self.world = planes, boxes
        self._cleaner, self._finder = Cleaner(CleaningConfig()), ObstacleFinder(ObstacleConfig())
        self._grid = LocalGrid(GridConfig(footprint=()))

    def drive(self, first: float, last: float) -> None:
        """Drive from one x to another, an image every 5 cm."""
        for x in np.arange(first, last, 0.05):
            base = transform_from(np.eye(3), np.array([x, 0.0, 0.0]))
            world_from_camera = base @ self._mount
            depth = cast(*self.world, mount=world_from_camera, pinhole=self._pinhole)
            stamp_ns = round((x + 10.0) * 1e9)
            view = make_view(self._pinhole, self._mount, base, stamp_ns)
            given = depth_map(view, depth, sigma=0.03)
            at = self._pinhole.back_project(np.minimum(depth, 99.0)) @ world_from_camera[:3, :3].T
            at += world_from_camera[:3, 3]
            given.confidence[self._is_dark & (at[..., 2] < -0.01)] = 0.02
            found = self._finder.find(given, self._cleaner.clean(given), RANGE_MAX)
            self._grid.update([found])

    def says(self, x: float) -> int:
        """Return the cell straight ahead at x."""
        seen = self._grid.occupancy()
        row = math.floor((0.02 - seen.origin_y) / seen.resolution_m)
        return int(seen.cells[row, math.floor((x - seen.origin_x) / seen.resolution_m)])


@pytest.mark.parametrize('pitch', [0.0, 0.15, 0.3])
def test_a_table_top_stays_when_it_leaves_the_image(pitch: float) -> None:
    table: Box = ((3.0, -0.5, 0.72), (3.8, 0.5, 0.77))
    robot = Robot(base_from_mounted_camera(0.1, 0, 0.3, 0, pitch, 0), [FLOOR], [table])
    robot.drive(0.0, 2.0)
    assert robot.says(3.07) > 65
    robot.drive(2.0, 2.6)
    assert all(robot.says(x) > 65 for x in (3.02, 3.07, 3.2, 3.4))


def test_what_is_gone_is_cleared_also_near_the_robot() -> None:
    low: Box = ((3.0, -0.5, 0.0), (3.3, 0.5, 0.25))
    mount = base_from_mounted_camera(0.1, 0, 0.3, 0, 0.15, 0)
    robot = Robot(mount, [FLOOR], [low])
    robot.drive(0.0, 2.0)
    assert robot.says(3.07) > 65
    robot.world = [FLOOR], []
    robot.drive(2.0, 2.35)
    assert robot.says(3.07) < 35


@pytest.mark.parametrize('width', [0.3, 0.5])
@pytest.mark.parametrize('is_dark', [True, False])
def test_a_trench_is_not_free_once_it_is_near(width: float, is_dark: bool) -> None:
    far_side: Box = ((3.0 + width, -5.0, -2.0), (30.0, 5.0, 0.0))
    near_side: Box = ((-5.0, -5.0, -2.0), (3.0, 5.0, 0.0))
    mount = base_from_mounted_camera(0.0, 0, 0.3, 0, 0.1, 0)
    bottom: Plane = (0.0, 0.0, 1.0, -1.0)
    robot = Robot(mount, [bottom], [near_side, far_side], is_dark=is_dark)
    robot.drive(-2.0, 2.3)
    across = [robot.says(x) for x in np.arange(3.02, 2.98 + width, 0.05)]
    assert all(cell == -1 or cell > 65 for cell in across)


@pytest.mark.parametrize('width', [1.0, 1.5])
def test_rows_of_floor_on_both_sides_of_a_pit_do_not_bridge_it(width: float) -> None:
    # From 5 cm high the pit hides its depth, and rows of floor are 0.3 m apart where it begins.
    edges = 1.0, 1.0 + width
    sides: list[Box] = [((-5.0, -5.0, -2.0), (edges[0], 5.0, 0.0))]
    sides.append(((edges[1], -5.0, -2.0), (30.0, 5.0, 0.0)))
    mount = base_from_mounted_camera(0.0, 0, 0.05, 0, 0.1, 0)
    pinhole = Pinhole.from_field_of_view(224, 168, 95.0)
    robot = Robot(mount, [(0.0, 0.0, 1.0, -1.0)], sides, pinhole=pinhole)
    robot.drive(-0.5, 0.0)
    across = [robot.says(x) for x in np.arange(1.02, 0.98 + width, 0.05)]
    assert not any(0 <= cell < 35 for cell in across)


@pytest.mark.parametrize('top', [0.09, 0.1, 0.11])
def test_a_low_box_at_the_near_edge_of_the_view_is_no_floor(top: float) -> None:
    box: Box = ((0.3, -0.5, 0.0), (0.8, 0.5, top))
    robot = Robot(base_from_mounted_camera(0.0, 0, 0.3, 0, 0.1, 0), [FLOOR], [box])
    robot.drive(0.0, 0.01)
    robot.drive(0.0, 0.01)
    assert not any(0 <= robot.says(x) < 35 for x in np.arange(0.32, 0.8, 0.05))


@pytest.mark.parametrize(('degrees', 'is_blocked'), [(8.0, False), (15.0, True), (-15.0, True)])
def test_a_ramp_is_judged_over_its_length(degrees: float, is_blocked: bool) -> None:
    slope = math.tan(math.radians(degrees))
    ramp: Plane = (-slope, 0.0, 1.0, -1.5 * slope)
    before: Box = ((-5.0, -9.0, -0.5), (1.5, 9.0, 0.0))
    planes = [FLOOR, ramp] if degrees > 0 else [ramp]
    robot = Robot(
        base_from_mounted_camera(0.0, 0, 0.5, 0, 0.2, 0), planes, [] if degrees > 0 else [before]
    )
    robot.drive(0.0, 0.2)
    cells = [robot.says(x) for x in np.arange(1.6, 3.6, 0.1)]
    assert any(cell > 65 for cell in cells) == is_blocked
