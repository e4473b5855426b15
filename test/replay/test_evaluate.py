# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

from blank import camera_info, grid, image, odometry, transform, transforms
from depth_anything_ros.replay.bag import encode, Recording, RecordingWriter
from depth_anything_ros.replay.evaluate import depth_errors_of, grid_counts_of, vantage_at
from depth_anything_ros.replay.run import (
    DEPTH,
    DEPTH_INFO,
    GRID,
    load_run,
    Run,
    TRUE_DEPTH,
    TRUE_DEPTH_INFO,
    TRUE_GRID,
)
from depth_anything_ros.replay.topics import recognise_topics
import numpy as np
import pytest

OPTICAL = (-0.5, 0.5, -0.5, 0.5)
"""Quaternion of a level, forward-looking optical frame."""

STAMPS = [1_700_000_000_000_000_000 + i * 100_000_000 for i in range(3)]
TRUE_CELLS = np.zeros((60, 60), np.int8)
TRUE_CELLS[:, 40] = 100


def write_run(path: Path, *, depth_m: float = 2.0, cells: np.ndarray = TRUE_CELLS) -> Path:
    """Record a robot whose camera stands 2 m before a wall, and what the node made of it."""
    flat = np.full((30, 40), 2.0, np.float32)
    small = np.full((15, 20), depth_m, np.float32)
    messages = [
        (
            '/tf_static',
            transforms(transform('base_link', 'camera_optical_frame', (0, 0, 0.5), OPTICAL)),
        ),
        (TRUE_GRID, grid(STAMPS[0], TRUE_CELLS, 0.1, (-2.0, -3.0))),
    ]
    for stamp in STAMPS:
        messages += [
            ('/camera/image_raw', image(stamp, np.zeros((30, 40, 3), np.uint8), 'rgb8')),
            ('/camera/camera_info', camera_info(stamp, 40, 30, 20.0)),
            ('/odom', odometry(stamp + 1_000_000, 0.0, 0.0)),
            (TRUE_DEPTH, image(stamp, flat, '32FC1')),
            (TRUE_DEPTH_INFO, camera_info(stamp, 40, 30, 20.0)),
            (DEPTH, image(stamp, small, '32FC1')),
            (DEPTH_INFO, camera_info(stamp, 20, 15, 10.0)),
            (GRID, grid(stamp, cells[:, 10:], 0.1, (-1.0, -3.0))),
        ]
    with RecordingWriter(path) as writer:
        for topic, kind in {topic: m.__msgtype__ for topic, m in messages}.items():
            writer.add_topic(topic, kind)
        for topic, message in messages:
            writer.write(topic, STAMPS[0], encode(message))
    return path


def run_of(path: Path) -> Run:
    with Recording(path) as recording:
        return load_run(recording, recognise_topics(recording.topics))


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
