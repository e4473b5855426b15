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

"""Test what is floor, what stands on it and what is missing of it."""

from __future__ import annotations

from dataclasses import replace
import math

from depth_anything_ros.config import ObstacleConfig
from depth_anything_ros.mapping.obstacles import ObstacleFinder, Surroundings
from depth_anything_ros.transforms import base_from_mounted_camera, Transform
import numpy as np
from numpy.typing import NDArray
import pytest
from ray_scenes import Box, cast, depth_map, FLOOR, make_view, MOUNT, PINHOLE, Plane

CONFIG = ObstacleConfig(
    obstacle_height_min_m=0.08, robot_height_m=1.0, max_step_m=0.05, max_slope_deg=10.0
)
RANGE_MAX = 6.0


def look(
    planes: list[Plane] | None = None,
    boxes: list[Box] | None = None,
    mount: Transform = MOUNT,
    hidden: NDArray[np.bool_] | None = None,
) -> Surroundings:
    """Return what is found in exact depth; pixels of `hidden` are invalid."""
    depth = cast(planes or [FLOOR], boxes or [], mount)
    given = depth_map(make_view(mount=mount), depth)
    cleaned = np.where(depth > RANGE_MAX, np.inf, depth).astype(np.float32)
    if hidden is not None:
        cleaned[hidden] = given.depth_m[hidden] = np.nan
    return ObstacleFinder(CONFIG).find(given, cleaned, RANGE_MAX)


def ahead(found: Surroundings) -> int:
    """Return the bin of the bearing straight ahead."""
    return int(-found.bearing_min / found.bearing_step)


def test_bare_floor_is_free_from_the_image_edge_to_the_range() -> None:
    found = look()
    assert np.isposinf(found.nearest_m).all()
    assert np.isposinf(found.doubt_m).all()
    assert not found.obstacle.any()
    # The lowest ray looks 0.2 rad + half the vertical field of view down.
    lowest = 0.2 + math.atan(126 / 168 * math.tan(math.radians(37.5)))
    b = ahead(found)
    assert found.floor_from_m[b] == pytest.approx(0.5 / math.tan(lowest), abs=0.06)
    assert found.floor_to_m[b] > 5.5
    assert (found.floor_confidence > 0.99).all()


def test_a_view_reaches_as_high_and_as_near_as_it_shows_the_world() -> None:
    view = make_view()
    seen = np.zeros((PINHOLE.height, PINHOLE.width), np.bool_)
    seen[30:100] = True
    depth = cast()
    given = depth_map(replace(view, seen=seen), np.where(seen, depth, np.nan))
    found = ObstacleFinder(CONFIG).find(given, given.depth_m, RANGE_MAX)
    up, down = (math.atan(PINHOLE.ray_y[row]) + 0.2 for row in (30, 99))
    b = ahead(found)
    assert found.top_slope[b] == pytest.approx(-math.tan(up), abs=0.01)
    assert found.blind_to_m[b] == pytest.approx(0.5 / math.tan(down), abs=0.02)


def test_bearings_span_the_field_of_view() -> None:
    found = look()
    width = len(found.nearest_m) * found.bearing_step
    assert found.bearing_min == pytest.approx(-math.radians(37.5), abs=0.12)
    assert width == pytest.approx(2 * abs(found.bearing_min), abs=0.05)
    assert found.obstacle.shape == (len(found.nearest_m), 120)


def test_a_wall_is_at_its_range_on_every_bearing() -> None:
    found = look([FLOOR, (1.0, 0.0, 0.0, 3.02)])
    bearings = found.bearing_min + (np.arange(len(found.nearest_m)) + 0.5) * found.bearing_step
    expected = 3.02 / np.cos(bearings)
    # The outermost bearings are those of the image's lower corners: they see floor only.
    np.testing.assert_allclose(found.nearest_m[8:-8], expected[8:-8], atol=0.02)
    assert (found.floor_to_m <= found.nearest_m + 0.1).all()


@pytest.mark.parametrize(
    ('top', 'is_obstacle'), [(0.04, False), (0.12, True), (0.5, True), (2.0, True)]
)
def test_a_box_blocks_from_the_height_on(top: float, is_obstacle: bool) -> None:
    found = look(boxes=[((2.0, -0.5, 0.0), (2.6, 0.5, top))])
    nearest = found.nearest_m[ahead(found)]
    assert np.isfinite(nearest) == is_obstacle
    assert not found.missing[ahead(found)].any()  # what is behind is out of sight
    if is_obstacle:
        assert nearest == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(('bottom', 'is_obstacle'), [(0.6, True), (1.15, False)])
def test_an_overhang_blocks_below_the_robots_height(bottom: float, is_obstacle: bool) -> None:
    found = look(boxes=[((2.0, -0.5, bottom), (2.3, 0.5, bottom + 0.3))])
    b = ahead(found)
    assert np.isfinite(found.nearest_m[b]) == is_obstacle
    lowest = bottom if is_obstacle else np.inf
    assert found.underside_m[b].min() == pytest.approx(lowest, abs=0.03)


@pytest.mark.parametrize('pitch', [0.2, 0.9])
@pytest.mark.parametrize(('degrees', 'is_obstacle'), [(8.0, False), (25.0, True)])
def test_a_ramp_is_floor_up_to_the_slope(degrees: float, is_obstacle: bool, pitch: float) -> None:
    # It begins 0.5 m ahead and goes on: depth is the nearer of floor and ramp.
    slope = math.tan(math.radians(degrees))
    mount = base_from_mounted_camera(0.0, 0.0, 0.8, 0.0, pitch, 0.0)
    found = look([FLOOR, (-slope, 0.0, 1.0, -0.5 * slope)], mount=mount)
    assert np.isfinite(found.nearest_m[ahead(found)]) == is_obstacle


def test_what_stands_on_a_ramp_is_measured_from_the_ramp() -> None:
    slope = math.tan(math.radians(8.0))
    ramp = (-slope, 0.0, 1.0, -1.0 * slope)
    # The ramp is 0.14 m high 2 m ahead.
    high = look([FLOOR, ramp], [((2.0, -0.5, 0.0), (2.4, 0.5, 0.4))])
    assert high.nearest_m[ahead(high)] == pytest.approx(2.0, abs=0.1)
    over = look([FLOOR, ramp], [((2.0, -0.5, 1.1), (2.3, 0.5, 1.4))])
    assert np.isfinite(over.nearest_m[ahead(over)])
    assert over.underside_m[ahead(over)].min() == pytest.approx(1.1, abs=0.03)
    clear = look([FLOOR, ramp], [((2.0, -0.5, 1.25), (2.3, 0.5, 1.5))])
    assert np.isposinf(clear.nearest_m[ahead(clear)])


@pytest.mark.parametrize('depth', [0.15, 0.3])
def test_a_step_down_is_an_obstacle_at_its_edge(depth: float) -> None:
    # Floor to 2 m ahead, then lower.
    upper: Box = ((-1.0, -5.0, -depth), (2.0, 5.0, 0.0))
    found = look([(0.0, 0.0, 1.0, -depth)], [upper])
    b = ahead(found)
    assert found.nearest_m[b] == pytest.approx(2.05, abs=0.1)
    assert found.floor_to_m[b] <= 2.15


@pytest.mark.parametrize(
    ('has_depth', 'confidence', 'is_seen', 'goes_on', 'is_missing'),
    [
        (False, 0.0, True, False, True),
        (False, 0.0, False, False, False),  # the robot's own body
        (True, 0.02, True, False, True),  # badly exposed
        (True, 0.0, True, False, False),  # sky
        (True, 1.0, True, False, False),  # cleaned away
        (True, 1.0, True, True, True),  # the same, in plain sight before more floor
    ],
)
def test_floor_that_is_not_seen_ends_what_is_free(
    has_depth: bool, confidence: float, is_seen: bool, goes_on: bool, is_missing: bool
) -> None:
    floor = cast()
    ahead_m = floor * np.cos(0.2)  # about the range of the middle columns
    hidden = (ahead_m > 1.5) & (ahead_m < (2.2 if goes_on else np.inf))
    view = replace(make_view(), seen=np.ones(hidden.shape, np.bool_) if is_seen else ~hidden)
    given = depth_map(view, np.where(hidden & (not has_depth), np.nan, floor))
    given.confidence[hidden] = confidence
    cleaned = np.where(hidden, np.nan, floor).astype(np.float32)
    found = ObstacleFinder(CONFIG).find(given, cleaned, RANGE_MAX)
    b = ahead(found)
    assert found.floor_to_m[b] == pytest.approx(1.5, abs=0.2)
    assert found.missing[b, 33:40].mean() > 0.5 if is_missing else not found.missing[b].any()
    assert not (goes_on and found.missing[b, 50:].any())


def test_cleaned_away_obstacles_still_raise_doubt() -> None:
    boxes: list[Box] = [((2.0, -0.5, 0.0), (2.6, 0.5, 0.5))]
    depth = cast(boxes=boxes)
    given = depth_map(make_view(), depth)
    cleaned = depth.copy()
    cleaned[depth < cast() - 0.01] = np.nan
    found = ObstacleFinder(CONFIG).find(given, cleaned, RANGE_MAX)
    b = ahead(found)
    assert np.isposinf(found.nearest_m[b])
    assert found.doubt_m[b] == pytest.approx(2.0, abs=0.1)
    assert not found.missing[b].any()  # what is behind is out of sight
    given.confidence[:] = 0.0
    trusted = ObstacleFinder(CONFIG).find(given, cleaned, RANGE_MAX)
    assert np.isposinf(trusted.doubt_m[b])


def test_the_camera_may_look_anywhere() -> None:
    for yaw, pitch in ((3.0, 0.2), (-1.5, 0.6), (0.0, 1.5)):
        mount = base_from_mounted_camera(0.1, -0.2, 0.8, 0.05, pitch, yaw)
        found = look(mount=mount)
        assert np.isposinf(found.nearest_m).all()
        assert (found.floor_to_m > 0).mean() > 0.9
        np.testing.assert_allclose(found.origin, [0.1, -0.2, 0.8])


def test_nothing_usable_says_nothing() -> None:
    found = look(hidden=np.ones((126, 168), np.bool_))
    assert np.isposinf(found.nearest_m).all()
    assert not found.floor_from_m.any()
    assert not found.floor_to_m.any()
    assert not found.floor_confidence.any()


def test_a_camera_that_moves_on_the_robot_is_followed() -> None:
    finder = ObstacleFinder(CONFIG)
    for height in (0.5, 0.9, 0.5):
        mount = base_from_mounted_camera(0.0, 0.0, height, 0.0, 0.2, 0.0)
        depth = cast([FLOOR, (1.0, 0.0, 0.0, 3.0)], mount=mount)
        found = finder.find(depth_map(make_view(mount=mount), depth), depth, RANGE_MAX)
        assert found.nearest_m[ahead(found)] == pytest.approx(3.0, abs=0.05)


def test_the_error_of_range_is_that_of_scale_and_network() -> None:
    depth = cast()
    given = replace(depth_map(make_view(), depth, sigma=0.03), network_sigma=0.04)
    assert ObstacleFinder(CONFIG).find(given, depth, RANGE_MAX).sigma == pytest.approx(0.05)


@pytest.mark.parametrize('mount', [None, np.full((4, 4), np.nan)])
def test_an_unknown_place_on_the_robot_is_named(mount: Transform | None) -> None:
    depth = cast()
    with pytest.raises(ValueError, match="'front' has no finite pose"):
        ObstacleFinder(CONFIG).find(depth_map(make_view(mount=mount), depth), depth, RANGE_MAX)
