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

"""Test the grid: what one frame says of one cell, how it moves, forgets and starts anew."""

from __future__ import annotations

from dataclasses import replace
import math

from depth_anything_ros.config import GridConfig, ObstacleConfig
from depth_anything_ros.mapping.local_grid import LocalGrid, OccupancyGrid
from depth_anything_ros.mapping.obstacles import ObstacleFinder
from depth_anything_ros.transforms import rotation_from_rpy, Transform, transform_from
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.typing import NDArray
import pytest
from ray_scenes import cast, depth_map, make_view, MOUNT, PINHOLE
from surroundings import around

CONFIG = GridConfig(
    grid_resolution_m=0.05, grid_size_m=10.0, grid_decay_s=20.0, grid_pose_jump_m=1.0, footprint=()
)
EVERYWHERE = dict.fromkeys(range(60), 6.0)


def percent(evidence: float) -> int:
    """Return what the grid shows for log-odds."""
    return round(100 / (1 + math.exp(-evidence)))


def pose_at(x: float, y: float = 0.0, yaw: float = 0.0) -> Transform:
    """Return grid_from_base of a level robot."""
    return transform_from(rotation_from_rpy(0, 0, yaw), np.array([x, y, 0.0]))


def cell(grid: OccupancyGrid, x: float, y: float) -> int:
    """Return the cell at a place."""
    row = math.floor((y - grid.origin_y) / grid.resolution_m)
    column = math.floor((x - grid.origin_x) / grid.resolution_m)
    return int(grid.cells[row, column])


def test_it_begins_unknown_around_the_origin() -> None:
    grid = LocalGrid(CONFIG).occupancy()
    assert grid.cells.shape == (200, 200)
    assert grid.cells.dtype == np.int8
    assert (grid.cells == -1).all()


def test_one_frame_over_one_obstacle() -> None:
    grid = LocalGrid(CONFIG)
    pose = pose_at(0.0)
    # Straight ahead, 2.02 m: the bin of 2.00…2.05 m of bearing 30, whose middle is at 0.5°.
    grid.update([around({30: 2.02}, dict.fromkeys(range(20, 41), 2.1), pose=pose)])
    seen = grid.occupancy()
    assert (seen.origin_x, seen.origin_y) == pytest.approx((-5.0, -5.0))
    assert cell(seen, 2.02, 0.02) == percent(0.9)
    assert cell(seen, 1.5, 0.02) == percent(-0.8)
    assert cell(seen, 0.4, 0.02) == -1  # before the first floor that was seen
    assert cell(seen, 2.5, 0.02) == -1  # behind
    assert cell(seen, 1.0, 0.8) == -1  # out of the bearings that saw floor
    assert cell(seen, -1.0, 0.0) == -1


def test_evidence_adds_up_to_its_bounds_and_follows_confidence() -> None:
    grid = LocalGrid(replace(CONFIG, grid_decay_s=0.0))
    for i in range(1, 11):
        view = around({30: 2.02}, EVERYWHERE, pose=pose_at(0.0), confidence=0.5, stamp_ns=i)
        grid.update([view])
        if i == 2:
            assert cell(grid.occupancy(), 2.02, 0.02) == percent(1.8)
            assert cell(grid.occupancy(), 1.5, -0.5) == percent(-0.8)  # 2 · 0.5 · 0.8
    assert cell(grid.occupancy(), 2.02, 0.02) == percent(2.5)
    assert cell(grid.occupancy(), 1.5, -0.5) == percent(-2.0)


def test_a_few_doubtful_pixels_are_weak_evidence() -> None:
    view = around({30: 2.02}, pose=pose_at(0.0))
    view.obstacle[30] *= 0.1  # one pixel of two that are enough
    grid = LocalGrid(CONFIG)
    grid.update([view])
    assert cell(grid.occupancy(), 2.02, 0.02) == percent(0.45)


def test_free_space_ends_before_what_may_be_an_obstacle() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around(floor_to=EVERYWHERE, doubt={30: 2.0}, pose=pose_at(0.0))])
    seen = grid.occupancy()
    assert cell(seen, 1.8, 0.02) == percent(-0.8)
    assert cell(seen, 2.1, 0.02) == -1
    assert cell(seen, 3.0, 0.05) == -1
    assert cell(seen, 3.0, 0.8) == percent(-0.8)


def test_what_is_freed_is_all_of_a_view_and_nothing_beyond_its_outermost_bearings() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0))])
    rows, columns = np.nonzero(grid.occupancy().cells >= 0)
    for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):  # the corners of each
        bearings = np.degrees(np.arctan2(rows + y - 100, columns + x - 100))
        assert -30.0 <= bearings.min() < -28.5
        assert 28.5 < bearings.max() <= 30.0


def test_a_small_thing_may_be_nearer_than_it_seems() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 4.02}, EVERYWHERE, pose=pose_at(0.0), sigma=0.04)])
    seen = grid.occupancy()
    assert cell(seen, 3.5, 0.02) == percent(-0.8)
    assert cell(seen, 3.72, 0.02) == percent(0.9)  # 2.5 σ before its range
    assert cell(seen, 4.15, 0.02) == percent(0.9)  # one σ behind
    assert cell(seen, 4.3, 0.02) == -1


def test_a_wall_is_where_it_seems_and_free_space_ends_before() -> None:
    grid = LocalGrid(CONFIG)
    view = around(dict.fromkeys(range(60), 4.02), EVERYWHERE, pose=pose_at(0.0), sigma=0.04)
    view.obstacle[:] *= 10.0
    grid.update([view])
    seen = grid.occupancy()
    assert cell(seen, 3.55, 0.02) == percent(-0.8)
    assert cell(seen, 3.75, 0.02) == -1  # less than two σ and a cell before it
    assert cell(seen, 3.92, 0.02) == -1
    wall = [(r, math.radians(x)) for r in (4.02, 4.15) for x in np.arange(-29, 29, 0.2)]
    assert all(cell(seen, r * math.cos(x), r * math.sin(x)) == percent(0.9) for r, x in wall)


def test_what_is_before_a_larger_thing_and_what_ends_the_range_are_both_marked() -> None:
    grid = LocalGrid(replace(CONFIG, grid_size_m=14.0))
    view = around({30: 2.02}, pose=pose_at(0.0), sigma=0.02)
    view.obstacle[30, -1] = 100.0  # 5.95 to 6.00 m
    grid.update([view])
    assert cell(grid.occupancy(), 2.02, 0.02) == percent(0.9)
    assert cell(grid.occupancy(), 5.97, 0.052) == percent(0.9)


def test_a_moved_obstacle_is_gone_within_six_frames() -> None:
    grid = LocalGrid(CONFIG)
    for i in range(20):
        grid.update([around({30: 2.02}, EVERYWHERE, pose=pose_at(0.0), stamp_ns=i * 50_000_000)])
    assert cell(grid.occupancy(), 2.02, 0.02) > 65
    for i in range(20, 28):
        grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=i * 50_000_000)])
        if i == 25:
            assert cell(grid.occupancy(), 2.02, 0.02) < 35


@pytest.mark.parametrize('fps', [10, 20])
def test_somebody_who_walks_up_to_the_robot_is_marked_in_every_frame(fps: int) -> None:
    grid, middle = LocalGrid(CONFIG), range(26, 35)
    grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=i) for i in range(4)])
    for i in range(2 * fps):
        front = 4.52 - 1.5 * i / fps
        view = around(dict.fromkeys(middle, front), EVERYWHERE, pose=pose_at(0.0), stamp_ns=4 + i)
        view.obstacle[:] *= 4.0
        grid.update([view])
        assert cell(grid.occupancy(), front, 0.02) > 65


def test_a_few_pixels_do_not_overthrow_free_space_at_once() -> None:
    grid = LocalGrid(replace(CONFIG, grid_decay_s=0.0))
    grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=i) for i in range(4)])
    view = around({30: 2.02}, EVERYWHERE, pose=pose_at(0.0), stamp_ns=4)
    view.obstacle[30] *= 0.3  # three of the twelve that make a thing large
    grid.update([view])
    assert cell(grid.occupancy(), 2.02, 0.02) == percent(-2.0 * 0.75 + 0.9)


def test_the_unseen_fades_to_unknown() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    grid.update([around(pose=pose_at(0.0), stamp_ns=20_000_000_000)])
    assert cell(grid.occupancy(), 2.02, 0.02) == percent(0.9 / math.e)
    grid.update([around(pose=pose_at(0.0), stamp_ns=80_000_000_000)])
    assert cell(grid.occupancy(), 2.02, 0.02) == -1


def test_an_obstacle_keeps_its_place_while_the_robot_moves() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    grid.update([around(pose=pose_at(0.73, -0.31, 0.4), stamp_ns=50_000_000)])
    seen = grid.occupancy()
    assert cell(seen, 2.02, 0.02) >= percent(0.85)
    assert (seen.origin_x, seen.origin_y) == pytest.approx((-4.3, -5.35))
    assert (seen.cells >= 0).sum() == 1


def test_the_yaw_of_the_robot_turns_what_it_sees() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(1.0, 1.0, math.pi / 2))])
    assert cell(grid.occupancy(), 0.98, 3.02) == percent(0.9)


def test_several_cameras_make_one_grid() -> None:
    front = around({30: 2.02}, pose=pose_at(0.0))
    back = replace(front, bearing_min=front.bearing_min + math.pi)
    grid = LocalGrid(CONFIG)
    grid.update([front, back])
    seen = grid.occupancy()
    assert cell(seen, 2.02, 0.02) == cell(seen, -2.02, -0.02) == percent(0.9)


def test_without_a_pose_it_shows_one_frame_in_the_base_frame() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02})])
    grid.update([around({30: 3.02}, stamp_ns=50_000_000)])
    seen = grid.occupancy()
    assert seen.is_one_shot
    assert cell(seen, 2.02, 0.02) == -1
    assert cell(seen, 3.02, 0.02) == percent(0.9)
    assert grid.reset_reason == ''


def test_the_footprint_is_free() -> None:
    outline = (0.2, 0.2, 0.2, -0.2, -0.2, -0.2, -0.2, 0.2)
    grid = LocalGrid(replace(CONFIG, footprint=outline))
    grid.update([around(pose=pose_at(1.0, 0.5))])
    seen = grid.occupancy()
    assert cell(seen, 1.0, 0.5) == percent(-2.0)
    assert cell(seen, 1.15, 0.35) == percent(-2.0)
    assert cell(seen, 1.3, 0.5) == -1


@pytest.mark.parametrize(
    ('after', 'stamp_ns', 'reason'),
    [
        (pose_at(0.9), 50_000_000, ''),
        (pose_at(1.1), 50_000_000, 'jumped by 1.10 m'),
        (pose_at(0.0, yaw=0.5), 50_000_000, ''),
        (pose_at(0.0, yaw=1.4), 50_000_000, 'turned by 80° at once'),
        (pose_at(0.0, yaw=1.4), 500_000_000, ''),
        (pose_at(math.nan), 50_000_000, 'not finite'),
        (pose_at(math.inf), 50_000_000, 'not finite'),
        (pose_at(1e300), 50_000_000, 'too far away'),
        (None, 50_000_000, ''),
        (None, 600_000_000, 'came or went'),
        (pose_at(0.0), -50_000_000, ''),  # another camera, a little late
        (pose_at(0.0), -5_000_000_000, 'time went back'),
    ],
)
def test_a_pose_that_cannot_be_starts_it_anew(
    after: Transform | None, stamp_ns: int, reason: str
) -> None:
    grid, start = LocalGrid(CONFIG), 10_000_000_000
    grid.update([around({30: 2.02}, pose=pose_at(0.0), stamp_ns=start)])
    grid.update([around(pose=after, stamp_ns=start + stamp_ns)])
    assert reason in grid.reset_reason
    assert (grid.reset_reason == '') == (reason == '')
    assert bool((grid.occupancy().cells >= 0).any()) == (reason == '')


def test_a_lost_scale_turns_it_unknown() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    grid.update([around(pose=pose_at(0.0), is_metric=False)])
    assert grid.reset_reason == 'the scale is lost'
    assert (grid.occupancy().cells == -1).all()


def test_a_camera_without_a_scale_leaves_what_another_saw() -> None:
    grid = LocalGrid(CONFIG)
    for step in range(4):
        stamp_ns = step * 50_000_000
        grid.update([around({30: 2.02}, pose=pose_at(0.0), stamp_ns=stamp_ns)])
        lost = around(pose=pose_at(0.0), is_metric=False, camera='back', stamp_ns=stamp_ns)
        grid.update([lost])
    assert cell(grid.occupancy(), 2.02, 0.02) > 65
    # The camera that saw something is dead: nobody vouches for the grid any more.
    late = around(pose=pose_at(0.0), is_metric=False, camera='back', stamp_ns=2_000_000_000)
    grid.update([late])
    assert grid.reset_reason == 'the scale is lost'


@pytest.mark.parametrize('late_ns', [0, 1_500_000_000])
@pytest.mark.parametrize(('is_silent', 'most_s'), [(True, 1.05), (False, 0.0)])
def test_what_a_camera_saw_free_is_unknown_once_it_sees_no_more(
    is_silent: bool, most_s: float, late_ns: int
) -> None:
    grid, posed = LocalGrid(CONFIG), {'pose': pose_at(0.0)}
    for step in range(60):
        stamp_ns, seconds = 10_000_000_000 + step * 50_000_000, 0.05 * (step - 20)
        grid.update([around(floor_to=EVERYWHERE, stamp_ns=stamp_ns, **posed)])
        if seconds < 0 or not is_silent:  # it falls silent, or loses its scale
            back = around({30: 2.02}, EVERYWHERE, stamp_ns=stamp_ns - late_ns, **posed)
            turned = back.bearing_min + math.pi
            back = replace(back, bearing_min=turned, is_metric=seconds < 0)
            grid.update([replace(back, frame=replace(back.frame, camera='back'))])
        now = grid.occupancy()
        assert cell(now, 1.5, 0.02) < 35
        if step > 3:
            assert cell(now, -2.02, -0.02) > 65
        if seconds < 0:
            assert 0 <= cell(now, -1.5, -0.02) < 35
        if seconds >= most_s:
            assert cell(now, -1.5, -0.02) == -1
    assert grid.reset_reason == ''


def test_cameras_whose_clocks_differ_make_one_grid() -> None:
    grid = LocalGrid(CONFIG)
    for step in range(10):
        stamp_ns = 10_000_000_000 + step * 50_000_000
        grid.update([around({30: 2.02}, pose=pose_at(0.0), stamp_ns=stamp_ns)])
        early = around(
            {10: 3.02}, pose=pose_at(0.0), stamp_ns=stamp_ns - 1_500_000_000, camera='back'
        )
        grid.update([early])
    assert grid.reset_reason == ''
    assert cell(grid.occupancy(), 2.02, 0.02) > 65


def test_a_robot_that_turns_fast_keeps_the_grid_of_cameras_out_of_step() -> None:
    grid = LocalGrid(CONFIG)
    for step in range(10):
        for camera, late_ns in ('front', 0), ('back', 250_000_000):
            stamp_ns = 10_000_000_000 + step * 100_000_000 - late_ns
            pose = pose_at(0.0, yaw=2.0 * stamp_ns * 1e-9)
            grid.update([around(pose=pose, stamp_ns=stamp_ns, camera=camera)])
    assert grid.reset_reason == ''


def test_a_camera_without_a_pose_takes_it_from_no_other() -> None:
    grid = LocalGrid(CONFIG)
    for stamp_ns in range(1, 2_000_000_000, 100_000_000):
        front = around({30: 2.02}, pose=pose_at(3.0), stamp_ns=stamp_ns)
        ahead = around({10: 3.02}, stamp_ns=stamp_ns + 300_000_000, camera='back')
        grid.update([front, ahead])
    now = grid.occupancy()
    assert not now.is_one_shot
    assert cell(now, 5.03, 0.0) > 65
    assert grid.reset_reason == ''


def test_without_a_pose_cameras_in_turn_make_one_picture() -> None:
    grid = LocalGrid(CONFIG)
    for step in range(3):
        grid.update([around({30: 2.02}, stamp_ns=step * 100_000_000)])
        other = around({10: 3.02}, stamp_ns=step * 100_000_000 + 50_000_000, camera='back')
        grid.update([other])
    seen = grid.occupancy()
    assert seen.is_one_shot
    assert (seen.cells > 65).sum() >= 2


@pytest.mark.parametrize('frames', [1, 5])
def test_what_hangs_higher_than_the_view_reaches_is_not_cleared(frames: int) -> None:
    grid = LocalGrid(CONFIG)
    mark = {'pose': pose_at(0.0), 'underside': 0.9}
    for step in range(frames):
        grid.update([around({30: 2.02}, stamp_ns=step, **mark)])
    # The camera is 0.5 m high: at 2 m a tangent of 0.1 reaches 0.7 m, of 0.3 it reaches 1.1 m.
    for step in range(5, 15):
        grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=step, top_slope=0.1)])
    assert cell(grid.occupancy(), 2.02, 0.02) > 65
    for step in range(15, 25):
        grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=step, top_slope=0.3)])
    assert cell(grid.occupancy(), 2.02, 0.02) < 35


def test_a_low_thing_that_the_robot_drove_over_hides_no_overhang_later() -> None:
    config = replace(CONFIG, footprint=(1.9, -0.1, 2.2, -0.1, 2.2, 0.1, 1.9, 0.1))
    grid = LocalGrid(config)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    assert cell(grid.occupancy(), 2.02, 0.02) < 35
    grid.config = CONFIG
    for step in range(8):
        grid.update([around({30: 2.02}, pose=pose_at(0.0), stamp_ns=step, underside=0.8)])
    for step in range(8, 16):
        low = around(floor_to=EVERYWHERE, pose=pose_at(0.0), stamp_ns=step, top_slope=0.0)
        grid.update([low])
    assert cell(grid.occupancy(), 2.02, 0.02) > 65


def test_one_lost_view_of_a_camera_leaves_what_its_others_vouch_for() -> None:
    grid = LocalGrid(CONFIG)
    for step in range(6):
        lost = around(pose=pose_at(0.0), stamp_ns=step, is_metric=False)
        grid.update([around({30: 2.02}, pose=pose_at(0.0), stamp_ns=step), lost])
    assert grid.reset_reason == ''
    assert cell(grid.occupancy(), 2.02, 0.02) > 90


def test_where_floor_is_missing_free_space_is_forgotten() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around(floor_to=EVERYWHERE, pose=pose_at(0.0))])
    assert cell(grid.occupancy(), 2.02, 0.02) < 35
    broken = around(floor_to=dict.fromkeys(range(60), 1.5), pose=pose_at(0.0))
    broken.missing[:, 38:44] = 1  # 1.9 to 2.2 m
    for _ in range(4):
        grid.update([broken])
    assert cell(grid.occupancy(), 2.02, 0.02) == -1
    assert cell(grid.occupancy(), 3.02, 0.02) < 35
    assert not (grid.occupancy().cells > 50).any()


def test_far_from_the_origin_cells_stay_where_they_are() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(1e6, -1e6))])
    grid.update([around(pose=pose_at(1e6 + 0.5, -1e6))])
    seen = grid.occupancy()
    assert cell(seen, 1e6 + 2.02, -1e6 + 0.02) == percent(0.9)
    assert grid.reset_reason == ''


def test_nothing_seen_changes_nothing() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    before = grid.occupancy().cells
    grid.update([])
    np.testing.assert_array_equal(grid.occupancy().cells, before)


def test_reset_by_hand() -> None:
    grid = LocalGrid(CONFIG)
    grid.update([around({30: 2.02}, pose=pose_at(0.0))])
    grid.reset('the operator asked')
    assert (grid.occupancy().cells == -1).all()
    assert grid.reset_reason == 'the operator asked'


@given(seed=st.integers(0, 2**32 - 1), yaw=st.floats(-3.0, 3.0))
@settings(max_examples=30, deadline=None)
def test_no_cell_is_freed_that_no_floor_pixel_lies_behind(seed: int, yaw: float) -> None:
    depth = _random_depth(np.random.default_rng(seed))
    view = make_view(grid_from_base=pose_at(0.3, -0.2, yaw))
    grid = LocalGrid(CONFIG)
    grid.update([ObstacleFinder(ObstacleConfig()).find(depth_map(view, depth), depth, 6.0)])
    seen = grid.occupancy()
    rows, columns = np.nonzero((seen.cells >= 0) & (seen.cells < 50))
    x = seen.origin_x + (columns + 0.5) * 0.05 - 0.3
    y = seen.origin_y + (rows + 0.5) * 0.05 + 0.2

    points = PINHOLE.back_project(depth)[np.isfinite(depth)] @ MOUNT[:3, :3].T + MOUNT[:3, 3]
    floor = points[np.abs(points[:, 2]) < 0.5]  # the local floor may rise and fall
    reach = np.hypot(floor[:, 0], floor[:, 1])
    bearing = np.arctan2(floor[:, 1], floor[:, 0]) + yaw
    some = np.random.default_rng(seed).permutation(len(x))[:100]
    for r, at in zip(np.hypot(x, y)[some], np.arctan2(y, x)[some], strict=True):
        off = np.abs((bearing - at + math.pi) % (2 * math.pi) - math.pi)
        assert ((off < 0.05 / r + 0.03) & (reach > r - 0.1)).any()


def _random_depth(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a floor with walls, holes, invalid and endless patches anywhere."""
    depth = cast()
    for _ in range(rng.integers(1, 12)):
        v, u = rng.integers(0, 110), rng.integers(0, 150)
        height, width = rng.integers(3, 60, 2)
        values = [np.nan, np.inf, rng.uniform(0.3, 6.0), rng.uniform(0.3, 6.0)]
        bottom, right = v + height, u + width
        depth[v:bottom, u:right] = values[rng.integers(4)]
    return depth
