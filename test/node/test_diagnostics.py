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

from __future__ import annotations

from dataclasses import replace
import math
from pathlib import Path

from depth_anything_ros.config import NodeConfig
from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.node.diagnostics import (
    camera_status,
    ERROR,
    node_status,
    OK,
    STALE,
    ThrottlingMonitor,
    WARN,
)
from depth_anything_ros.node.health import CameraReport
from depth_anything_ros.scale.estimate import LOST, ScaleHealth
import pytest

GOOD_SCALE = replace(LOST, health=ScaleHealth.GOOD, a=0.5, b=0.0, sigma=0.02, source='floor')
GOOD = CameraReport(
    seconds=1.0,
    received=30,
    processed=20,
    ages_s=(0.04, 0.05),
    silent_s=0.03,
    drops={'replaced': 10},
    faults={},
    warnings={},
    scale=GOOD_SCALE,
    total_received=300,
    total_processed=200,
    total_drops={'replaced': 100},
)


@pytest.mark.parametrize(
    'changes, level, words',
    [
        ({}, OK, '20.0 Hz'),
        ({'silent_s': math.inf}, STALE, 'no image yet'),
        ({'silent_s': 4.2}, STALE, 'no image for 4 s'),
        ({'processed': 0, 'drops': {'age': 5}, 'faults': {'age': 'old'}}, ERROR, 'old'),
        ({'scale': LOST}, ERROR, 'scale is lost'),
        ({'drops': {'age': 5}, 'faults': {'age': 'old'}}, WARN, 'old'),
        ({'processed': 10}, WARN, '10.0 Hz of 20'),
        ({'processed': 10, 'received': 10}, OK, '10.0 Hz'),
        ({'processed': 0, 'received': 1}, OK, '0.0 Hz'),
        ({'processed': 2, 'received': 3}, OK, '2.0 Hz'),
        ({'processed': 1, 'received': 3}, WARN, '1.0 Hz of 20'),
        ({'ages_s': (0.9,)}, WARN, '0.90 s old'),
        ({'scale': replace(GOOD_SCALE, health=ScaleHealth.HELD)}, WARN, 'held'),
        ({'warnings': {'stamp': 'in the future'}}, WARN, 'in the future'),
    ],
)
def test_levels(changes: dict[str, object], level: bytes, words: str) -> None:
    status = camera_status('front', replace(GOOD, **changes), NodeConfig(), 20.0, is_heard=True)
    assert status.level == level
    assert words in status.message


def test_nobody_listening_is_no_fault() -> None:
    idle = replace(GOOD, processed=0, scale=None)
    status = camera_status('front', idle, NodeConfig(), 20.0, is_heard=False)
    assert (status.level, status.message) == (OK, 'idle: nobody listens')


def test_values_an_operator_reads() -> None:
    status = camera_status('front', GOOD, NodeConfig(), 20.0, is_heard=True)
    values = {pair.key: pair.value for pair in status.values}
    assert values['rate_hz'] == '20.0'
    assert values['age_p50_ms'] == '45.0'
    assert values['dropped: replaced'] == '100'
    assert values['scale_source'] == 'floor'


@pytest.mark.parametrize(
    'problem, throttled, level',
    [('', False, OK), ('', True, WARN), ('no model', False, ERROR), ('no model', True, ERROR)],
)
def test_levels_of_the_node(problem: str, throttled: bool, level: bytes) -> None:
    assert node_status('active', problem, None, {}, throttled).level == level


def test_values_of_the_node_an_operator_reads() -> None:
    info = BackendInfo('openvino', 'CPU', 'small', 'int8', 1, 126, 168, False, 5.0)
    status = node_status('active', '', info, {'infer': 12.345}, False, 'time went back')
    assert {pair.key: pair.value for pair in status.values} == {
        'state': 'active',
        'infer_ms': '12.35',
        'grid_reset': 'time went back',
        'backend': 'openvino',
        'device': 'CPU',
        'model': 'small',
        'precision': 'int8',
        'input_size': '126x168',
    }


def test_throttling_is_a_count_that_grows(tmp_path: Path) -> None:
    folder = tmp_path / 'cpu0' / 'thermal_throttle'
    folder.mkdir(parents=True)
    count = folder / 'core_throttle_count'
    count.write_text('7\n')
    monitor = ThrottlingMonitor(tmp_path)
    assert not monitor.has_throttled()
    count.write_text('9\n')
    assert monitor.has_throttled()
    assert not monitor.has_throttled()
    count.unlink()  # the core was switched off
    assert not monitor.has_throttled()


def test_throttling_that_linux_does_not_tell(tmp_path: Path) -> None:
    assert not ThrottlingMonitor(tmp_path).has_throttled()
