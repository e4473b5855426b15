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

import json
from pathlib import Path

from depth_anything_ros.replay.depth_truth import DepthErrors
from depth_anything_ros.replay.figures import FIGURES, formatted, NOT_KNOWN
from depth_anything_ros.replay.grid_truth import GridCounts
from depth_anything_ros.replay.run import DIAGNOSTICS
from depth_anything_ros.replay.summary import summarise
from depth_anything_ros.replay.timing import timing_of
import pytest
from tiny_run import run_of, STAMPS, write_run

SENT = {1: 0, 2: 50_000_000, 3: 100_000_000}
TIMING = timing_of(SENT, {1: 10_000_000, 3: 140_000_000})
ERRORS = {1: DepthErrors(0.1, 0.8, 2.0, 1.0), 2: None, 3: DepthErrors(0.3, 0.9, 4.0, 0.8)}
COUNTS = GridCounts(
    occupied=200, occupied_called_free=3, free=1000, obstacles=8, obstacles_found=7
)


def test_everything_is_said_once(tmp_path: Path) -> None:
    summary = summarise(run_of(write_run(tmp_path / 'bag')), TIMING, ERRORS, COUNTS)
    assert summary == {
        'backend': 'openvino',
        'device': 'some CPU',
        'model': 'tiny',
        'precision': 'fp32',
        'input_size': '15x20',
        'frames_in': 3,
        'frames_out': 2,
        'dropped': 1,
        'rate_hz': pytest.approx(1 / 0.13, abs=0.01),
        'age_ms': {'p50': 25.0, 'p99': pytest.approx(39.7)},
        'stage_ms': {'infer': 4.0, 'grid': 2.5},
        'depth': {'abs_rel': 0.2, 'delta1': 0.85, 'coverage': 0.6},
        'scale': {'source': 'floor', 'error_percent_median': 3.0},
        'grid': {
            'occupied_called_free_percent': 1.5,
            'free_called_occupied_percent': 0.0,
            'obstacle_recall_percent': 87.5,
            'occupied_called_free_strict_percent': 0.0,
            'free_called_occupied_strict_percent': 0.0,
        },
    }
    assert json.loads(json.dumps(summary)) == summary


def test_what_is_not_known_is_none(tmp_path: Path) -> None:
    run = run_of(write_run(tmp_path / 'bag'))
    del run.series[DIAGNOSTICS]
    summary = summarise(run, timing_of(SENT, {}), {}, None)
    assert summary['backend'] is None
    assert summary['age_ms'] == {'p50': None, 'p99': None}
    assert summary['stage_ms'] == {}
    assert set(summary['depth'].values()) == {None}
    assert summary['scale'] == {'source': 'none', 'error_percent_median': None}
    assert set(summary['grid'].values()) == {None}


def test_figures_are_texts_with_units(tmp_path: Path) -> None:
    summary = summarise(run_of(write_run(tmp_path / 'bag')), TIMING, ERRORS, COUNTS)
    texts = {figure.name: formatted(figure, summary) for figure in FIGURES}
    assert texts['Rate'] == '7.7 Hz'
    assert texts['Depth δ1'] == '85.0 %'
    assert texts['Occupied called free'] == '1.50 %'
    assert texts['Images in'] == '3'
    summary['depth']['delta1'] = None
    assert NOT_KNOWN in {formatted(figure, summary) for figure in FIGURES}


def test_stamps_of_the_run_are_its_images(tmp_path: Path) -> None:
    assert run_of(write_run(tmp_path / 'bag')).images.stamps_ns.tolist() == STAMPS
