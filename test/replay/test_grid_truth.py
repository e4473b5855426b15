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

import math

from depth_anything_ros.replay.grid_truth import (
    compare_grid,
    GridCounts,
    GridFrame,
    label_obstacles,
    resample_truth,
    TrueView,
    Vantage,
    visible_cells,
)
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

METRE = GridFrame(resolution_m=1.0, origin_x=0.0, origin_y=0.0)
AHEAD = Vantage(x=0.5, y=3.5, yaw=0.0, horizontal_fov=math.radians(60), range_m=6.4)


def world(*cells: tuple[int, int], shape: tuple[int, int] = (7, 8)) -> np.ndarray:
    blocked = np.zeros(shape, dtype=bool)
    for cell in cells:
        blocked[cell] = True
    return blocked


def test_what_is_behind_an_obstacle_is_out_of_sight() -> None:
    free, front = visible_cells(world((3, 4), (3, 5), (3, 6)), METRE, AHEAD)
    assert np.argwhere(front).tolist() == [[3, 4]]
    assert free[3, :4].all()
    assert not free[3, 4:].any()


def test_what_is_beyond_range_or_beside_the_view_does_not_count() -> None:
    free, front = visible_cells(world((3, 7), (0, 1)), METRE, AHEAD)
    assert not front.any()
    assert free[3].tolist() == [True] * 7 + [False]
    assert not free[0, :4].any()
    assert free[1, 6]


def test_view_turns_with_the_camera() -> None:
    vantage = Vantage(x=3.5, y=0.5, yaw=math.pi / 2, horizontal_fov=0.2, range_m=3.0)
    free, front = visible_cells(world((2, 3), (0, 6)), METRE, vantage)
    assert np.argwhere(front).tolist() == [[2, 3]]
    assert np.argwhere(free).tolist() == [[0, 3], [1, 3]]


def test_view_that_leaves_the_grid_sees_only_its_cells() -> None:
    vantage = Vantage(x=-1.0, y=1.0, yaw=0.0, horizontal_fov=1.0, range_m=50.0)
    free, front = visible_cells(world(shape=(2, 2)), METRE, vantage)
    assert free.all()
    assert not front.any()


def test_obstacles_that_touch_at_a_corner_are_one() -> None:
    labels = label_obstacles(world((0, 0), (1, 1), (5, 5)))
    assert labels[0, 0] == labels[1, 1] != labels[5, 5]
    assert labels.max() == 2


FREE, OCCUPIED, UNKNOWN = 0, 100, -1


def counts(called: dict[tuple[int, int], int], default: int = FREE) -> GridCounts:
    """Judge a grid of a world with a pole at (3, 4) and a wall of four cells in column 6."""
    blocked = world((3, 4), (0, 6), (1, 6), (2, 6), (3, 6))
    free = world((3, 0), (3, 1), (3, 2), (3, 3), (1, 2))
    front = world((3, 4), (0, 6), (1, 6), (2, 6))
    cells = np.full(blocked.shape, default, dtype=np.int8)
    for cell, value in called.items():
        cells[cell] = value
    return compare_grid(cells, TrueView(blocked, free, front))


def test_perfect_grid_has_no_errors() -> None:
    perfect = {(3, 4): OCCUPIED} | {(row, 6): OCCUPIED for row in range(4)}
    assert counts(perfect) == GridCounts(occupied=4, free=5, obstacles=2, obstacles_found=2)


def test_missed_obstacles_are_called_free() -> None:
    result = counts({})
    assert (result.occupied_called_free, result.occupied_called_free_strict) == (4, 4)
    assert (result.obstacles, result.obstacles_found) == (2, 0)


def test_unknown_is_neither_error_nor_find() -> None:
    assert counts({}, default=UNKNOWN) == GridCounts(occupied=4, free=5, obstacles=2)


def test_middle_values_say_nothing() -> None:
    for value in (35, 65):
        assert counts({}, default=value) == GridCounts(occupied=4, free=5, obstacles=2)
    assert counts({}, default=34).occupied_called_free == 4
    assert counts({}, default=66).free_called_occupied_strict == 5


def test_pole_marked_one_cell_off_is_found_and_only_strictly_wrong() -> None:
    result = counts({(3, 3): OCCUPIED})
    assert result.obstacles_found == 1
    assert (result.occupied_called_free, result.occupied_called_free_strict) == (3, 4)
    assert (result.free_called_occupied, result.free_called_occupied_strict) == (0, 1)


def test_obstacle_two_cells_off_is_missed_and_a_ghost() -> None:
    result = counts({(3, 2): OCCUPIED})
    assert result.obstacles_found == 0
    assert result.occupied_called_free == 4
    assert (result.free_called_occupied, result.free_called_occupied_strict) == (1, 1)


def test_half_of_the_visible_front_is_enough() -> None:
    assert counts({(0, 7): OCCUPIED}).obstacles_found == 1, 'rows 0 and 1 of three lie within one'
    assert counts({(0, 6): UNKNOWN, (3, 7): OCCUPIED}).obstacles_found == 0, 'row 2 of three'


def test_counts_add_up_and_give_percentages() -> None:
    total = counts({}) + counts({(3, 4): OCCUPIED})
    assert total.percentages() == {
        'occupied_called_free_percent': pytest.approx(100 * 7 / 8),
        'free_called_occupied_percent': 0.0,
        'obstacle_recall_percent': pytest.approx(25.0),
        'occupied_called_free_strict_percent': pytest.approx(100 * 7 / 8),
        'free_called_occupied_strict_percent': 0.0,
    }
    assert set(GridCounts().percentages().values()) == {None}


def test_truth_is_moved_onto_the_grid_and_its_fine_cells_are_kept() -> None:
    truth = np.zeros((8, 8), dtype=np.int8)
    truth[5, 2] = 100
    truth[0] = -1
    blocked, known = resample_truth(truth, GridFrame(0.5, -1.0, -1.0), METRE, (5, 5))
    assert np.argwhere(blocked).tolist() == [[1, 0]], 'centre (0.25, 1.75)'
    assert known[:3, :3].all()
    assert not known[3:].any()
    assert not known[:, 3:].any()


def test_unknown_truth_stays_unknown() -> None:
    truth = np.full((3, 3), -1, dtype=np.int8)
    blocked, known = resample_truth(truth, METRE, METRE, (3, 3))
    assert not blocked.any()
    assert not known.any()


@settings(deadline=None)
@given(
    st.integers(0, 2**25 - 1),
    st.floats(-math.pi, math.pi),
    st.floats(0.1, 5.0),
)
def test_what_is_seen_is_free_or_a_front_and_never_both(bits: int, yaw: float, fov: float) -> None:
    blocked = np.array([bits >> i & 1 for i in range(25)], dtype=bool).reshape(5, 5)
    free, front = visible_cells(blocked, METRE, Vantage(2.5, 2.5, yaw, fov, 4.0))
    assert not (free & blocked).any()
    assert not (front & ~blocked).any()
