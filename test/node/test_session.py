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

"""Test what a session decides at its start."""

from __future__ import annotations

from dataclasses import replace

from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.node.session import overlaps, worst
from depth_anything_ros.scale.estimate import LOST, ScaleHealth
import pytest


@pytest.mark.parametrize(
    ('fills_cpu', 'inference_ms', 'overlap'),
    [(True, 60.0, False), (True, 7.0, True), (False, 60.0, True)],
)
def test_mapping_runs_beside_inference_unless_that_takes_all_for_long(
    fills_cpu: bool, inference_ms: float, overlap: bool
) -> None:
    info = BackendInfo('', '', '', '', 1, 14, 14, False, inference_ms, fills_cpu=fills_cpu)
    assert overlaps(info) == overlap


def test_of_several_views_the_worst_scale_counts() -> None:
    good = replace(LOST, health=ScaleHealth.GOOD, sigma=0.02)
    worse = replace(good, sigma=0.04)
    held = replace(good, health=ScaleHealth.HELD)
    assert worst([good, worse, good]) is worse
    assert worst([worse, held]) is held
    assert worst([good, LOST, held]) is LOST
