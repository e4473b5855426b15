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

from math import pi

from depth_anything_ros.simulation.geometry import Solid, World
from depth_anything_ros.simulation.occupancy import occupancy_truth
import numpy as np
import pytest


def grid_of(*solids, z_min_m=0.1, z_max_m=1.0):
    """Return the cells of a 2 m by 1 m world, and the row and column of a point in it."""
    cells, frame = occupancy_truth(World(0, 2.0, 1.0, 2.5, solids), 0.1, z_min_m, z_max_m)

    def cell(x, y):
        return int((y - frame.origin_y) / 0.1), int((x - frame.origin_x) / 0.1)

    return cells, cell


def test_an_empty_world_is_free_within_and_unknown_outside():
    cells, cell = grid_of()
    assert cells[cell(0.0, 0.0)] == 0
    assert cells[cell(0.95, -0.45)] == 0
    assert cells[0, 0] == -1
    assert np.count_nonzero(cells == 0) == 20 * 10


def test_a_box_occupies_the_cells_it_overlaps_and_no_other():
    cells, cell = grid_of(Solid('box', (0.3, 0.2, 0.5), (0.1, 0.05, 0.5)))
    rows, columns = np.nonzero(cells == 100)
    # x from 0.2 to 0.4 is two columns, y from 0.15 to 0.25 touches two rows.
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {
        cell(x, y) for x in (0.25, 0.35) for y in (0.15, 0.25)
    }


def test_a_turned_box_is_turned():
    cells, cell = grid_of(Solid('box', (0.0, 0.0, 0.5), (0.4, 0.02, 0.5), yaw=pi / 4))
    assert cells[cell(0.25, 0.25)] == 100
    assert cells[cell(0.25, -0.25)] == 0
    assert cells[cell(0.25, 0.05)] == 0


def test_a_thin_pole_occupies_its_cell():
    cells, cell = grid_of(Solid('cylinder', (0.55, 0.05, 0.5), (0.015, 0.015, 0.5)))
    assert cells[cell(0.55, 0.05)] == 100
    assert np.count_nonzero(cells == 100) == 1


def test_a_cylinder_leaves_the_corners_of_its_square_free():
    cells, cell = grid_of(Solid('cylinder', (0.0, 0.0, 0.5), (0.35, 0.35, 0.5)))
    assert cells[cell(0.0, 0.34)] == 100
    assert cells[cell(0.31, 0.31)] == 0


@pytest.mark.parametrize(
    ('z_min', 'z_max', 'expected'),
    [(0.1, 1.0, 100), (0.1, 0.7, 0), (0.75, 1.0, 0), (0.6, 0.71, 100)],
)
def test_only_what_is_between_the_heights_counts(z_min, z_max, expected):
    table_top = Solid('box', (0.05, 0.05, 0.725), (0.04, 0.04, 0.025))  # 0.70 m to 0.75 m
    cells, cell = grid_of(table_top, z_min_m=z_min, z_max_m=z_max)
    assert cells[cell(0.05, 0.05)] == expected
