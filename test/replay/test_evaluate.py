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

from dataclasses import replace
import math
from pathlib import Path

from depth_anything_ros.replay.evaluate import depth_errors_of, grid_counts_of, vantage_at
from depth_anything_ros.replay.run import DEPTH, TRUE_DEPTH, TRUE_GRID
from depth_anything_ros.transforms import base_from_mounted_camera
import numpy as np
import pytest
from tiny_run import run_of, STAMPS, write_run


def test_depth_is_compared_frame_by_frame_in_metres(tmp_path: Path) -> None:
    errors = depth_errors_of(run_of(write_run(tmp_path / 'bag', depth_m=2.2)))
    assert list(errors) == STAMPS
    assert errors[STAMPS[0]].abs_rel == pytest.approx(0.1, rel=1e-5)
    assert errors[STAMPS[0]].scale_percent == pytest.approx(10.0, rel=1e-5)


def test_camera_stands_where_odometry_and_mounting_say(tmp_path: Path) -> None:
    vantage = vantage_at(run_of(write_run(tmp_path / 'bag')), STAMPS[1])
    assert (vantage.x, vantage.y) == (0.0, 0.0)
    assert vantage.yaw == pytest.approx(0.0)
    assert vantage.horizontal_fov == pytest.approx(math.pi / 2)
    mount = base_from_mounted_camera(0.2, 0.1, 0.5, 0.0, 0.3, 0.7)
    turned = vantage_at(replace(run_of(tmp_path / 'bag'), base_from_camera=mount), STAMPS[1])
    assert (turned.x, turned.y, turned.yaw) == pytest.approx((0.2, 0.1, 0.7))


def test_perfect_grid_finds_the_wall_in_every_frame(tmp_path: Path) -> None:
    counts = grid_counts_of(run_of(write_run(tmp_path / 'bag')))
    assert (counts.obstacles, counts.obstacles_found) == (3, 3)
    assert counts.occupied > 3 * 30, 'the wall is in view over 4 m of its 6'
    assert counts.free > 3 * 300
    assert counts.occupied_called_free_strict == counts.free_called_occupied_strict == 0


def test_empty_grid_calls_the_wall_free(tmp_path: Path) -> None:
    counts = grid_counts_of(run_of(write_run(tmp_path / 'bag', cells=np.zeros((60, 60)))))
    assert counts.obstacles_found == 0
    assert counts.occupied_called_free == counts.occupied > 0


def test_image_without_depth_in_metres_has_no_errors_but_counts(tmp_path: Path) -> None:
    run = run_of(write_run(tmp_path / 'bag'))
    del run.series[DEPTH]
    assert depth_errors_of(run) == dict.fromkeys(STAMPS)


def test_without_truth_there_are_no_errors(tmp_path: Path) -> None:
    run = run_of(write_run(tmp_path / 'bag'))
    for topic in (TRUE_DEPTH, TRUE_GRID):
        del run.series[topic]
    assert depth_errors_of(run) == {}
    assert grid_counts_of(run) is None


def test_grid_without_a_pose_is_not_judged(tmp_path: Path) -> None:
    run = run_of(write_run(tmp_path / 'bag'))
    del run.series['/odom']
    assert grid_counts_of(run) is None
