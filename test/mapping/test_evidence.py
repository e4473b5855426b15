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

"""Test that the cells stay where they are in the world when the grid moves."""

from __future__ import annotations

from depth_anything_ros.mapping.evidence import Evidence
from hypothesis import given, settings, strategies as st
import numpy as np
from surroundings import around

CELL_M = 0.05


@given(right=st.integers(-40, 40), up=st.integers(-40, 40))
@settings(max_examples=30, deadline=None)
def test_moving_by_whole_cells_and_back_changes_nothing(right: int, up: int) -> None:
    evidence = Evidence(200, CELL_M)
    evidence.centre_at(0.0, 0.0)
    nearest = {i: 1.0 + 0.03 * i for i in range(0, 60, 3)}  # all within 3 m of the middle
    evidence.add(around(nearest, dict.fromkeys(range(60), 2.9)), np.eye(4))
    before = evidence.percent()
    evidence.centre_at((right + 0.5) * CELL_M, (up + 0.5) * CELL_M)
    assert evidence.corner == (right - 100, up - 100)
    moved = evidence.percent()
    np.testing.assert_array_equal(
        np.roll(moved, (up, right), axis=(0, 1))[60:140, 60:140], before[60:140, 60:140]
    )
    assert (moved >= 0).sum() == (before >= 0).sum()
    evidence.centre_at(0.5 * CELL_M, 0.5 * CELL_M)
    np.testing.assert_array_equal(evidence.percent(), before)
