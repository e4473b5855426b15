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

"""The stages together, on a floor and a wall whose depth is known in closed form."""

from dataclasses import replace

from depth_anything_ros.camera import CameraError
from depth_anything_ros.config import CleaningConfig, GridConfig, PipelineConfig
from depth_anything_ros.pipeline import Output, Pipeline
from depth_anything_ros.scale.estimate import ScaleHealth
from floor_and_wall import (
    frame,
    inverse_depth_of_floor_and_wall,
    PerfectUpToScale,
    processed,
    WALL_M,
)
import numpy as np
import pytest

ALL = Output.POINTS | Output.SCAN | Output.GRID


@pytest.fixture
def pipeline():
    return Pipeline(PerfectUpToScale(), PipelineConfig(grid=GridConfig(footprint=())))


def run(pipeline, steps=8, outputs=ALL, **changes):
    for i in range(steps):
        step = processed(pipeline, [frame(1.0 + 0.05 * i, **changes)], outputs)
    return step


def cell(grid, x, y):
    row, column = (y - grid.origin_y, x - grid.origin_x)
    return grid.cells[int(row / grid.resolution_m), int(column / grid.resolution_m)]


def test_depth_is_metric_from_the_floor_alone(pipeline):
    (camera,) = run(pipeline).cameras
    (depth_map,) = camera.depth_maps
    assert depth_map.scale.health is ScaleHealth.GOOD
    truth = 1 / inverse_depth_of_floor_and_wall()
    assert np.nanmedian(np.abs(depth_map.depth_m / truth - 1)) < 0.02


def test_the_wall_is_occupied_the_floor_before_it_free_and_behind_unknown(pipeline):
    grid = run(pipeline).grid
    wall = max(cell(grid, x, 0.02) for x in (WALL_M - 0.1, WALL_M - 0.05, WALL_M, WALL_M + 0.05))
    assert wall > 65
    assert 0 <= cell(grid, 1.8, 0.02) < 35
    assert cell(grid, WALL_M + 0.6, 0.02) == -1
    assert cell(grid, -1.0, 0.02) == -1


def test_the_scan_ends_at_the_wall(pipeline):
    (camera,) = run(pipeline).cameras
    middle = camera.scan.ranges[len(camera.scan.ranges) // 2]
    assert middle == pytest.approx(WALL_M, abs=0.15)


def test_nothing_is_computed_that_nobody_wants(pipeline):
    step = run(pipeline, outputs=Output(0))
    (camera,) = step.cameras
    assert (camera.cloud, camera.scan, step.grid) == (None, None, None)
    assert set(step.stage_ms) == {'remap', 'infer', 'scale', 'confidence'}


def test_without_a_place_on_the_robot_there_are_no_metres_and_nothing_is_free(pipeline):
    step = run(pipeline, base_from_camera=None)
    (camera,) = step.cameras
    assert camera.depth_maps[0].scale.health is ScaleHealth.LOST
    assert np.isnan(camera.depth_maps[0].depth_m).all()
    assert camera.scan is None
    assert (step.grid.cells == -1).all()


def test_the_grid_turns_unknown_once_no_camera_has_a_scale(pipeline):
    assert (run(pipeline).grid.cells > 65).any()
    blind = replace(frame(1.45), base_from_camera=None)
    assert (processed(pipeline, [blind], ALL).grid.cells > 65).any()
    much_later = replace(frame(9.0), base_from_camera=None)
    assert (processed(pipeline, [much_later], ALL).grid.cells == -1).all()


def test_the_robot_itself_is_neither_trusted_nor_looked_under(pipeline):
    upper = (0.0, 0.0, 1.0, 0.0, 1.0, 0.4, 0.0, 0.4)
    (bare,) = run(pipeline).cameras
    pipeline.reconfigure(PipelineConfig(cleaning=CleaningConfig(body_polygon=upper)))
    (masked,) = run(pipeline).cameras
    rows = int(0.4 * len(masked.depth_maps[0].confidence))
    assert not masked.depth_maps[0].confidence[:rows].any()
    middle = len(bare.surroundings[0].top_slope) // 2
    slopes = [camera.surroundings[0].top_slope[middle] for camera in (masked, bare)]
    assert slopes[0] < 0.5 * slopes[1]


def test_an_image_that_does_not_fit_its_calibration_is_refused(pipeline):
    with pytest.raises(CameraError, match='calibration is for'):
        run(pipeline, image=np.zeros((10, 10, 3), np.uint8))


def test_settings_change_without_losing_the_grid(pipeline):
    assert (run(pipeline).grid.cells > 65).any()
    config = PipelineConfig(grid=GridConfig(footprint=(), grid_decay_s=3.0))
    pipeline.reconfigure(config)
    seen_before = processed(pipeline, [frame(1.45, base_from_camera=None)], ALL).grid
    assert (seen_before.cells > 65).any()


def test_every_stage_takes_new_settings(pipeline):
    run(pipeline)
    (before,) = processed(pipeline, [frame(1.4)], ALL).cameras
    cleaning, outline = CleaningConfig(range_max_m=1.5), (-1.2, -0.2, -1.2, 0.2, -0.8, 0.2)
    pipeline.reconfigure(PipelineConfig(cleaning=cleaning, grid=GridConfig(footprint=outline)))
    step = processed(pipeline, [frame(1.45)], ALL)
    (after,) = step.cameras
    assert np.nanmax(after.cloud.points[..., 2]) <= 1.5 < np.nanmax(before.cloud.points[..., 2])
    # That the wall is farther than that is surer than where it is.
    wall = [camera.depth_maps[0].confidence[20, 84] for camera in (before, after)]
    assert wall[0] < 0.95 * wall[1]
    assert 0 <= cell(step.grid, -1.1, 0.02) < 35


def test_resets_forget(pipeline):
    run(pipeline)
    pipeline.reset_grid()
    pipeline.reset_scale()
    step = processed(pipeline, [frame(1.45, base_from_camera=None)], ALL)
    assert (step.grid.cells == -1).all()
    assert step.cameras[0].depth_maps[0].scale.health is ScaleHealth.LOST
