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

from depth_anything_ros.estimation.build_progress import BuildProgress
import pytest


def test_a_phase_fills_one_step_of_its_parent():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('build', '', 2)
    progress.start('tactics', 'build', 4)
    progress.step('tactics', 0)
    progress.step('tactics', 2)
    progress.finish('tactics')
    progress.step('build', 0)
    progress.finish('build')
    assert shares == pytest.approx([0.125, 0.375, 0.5, 0.5, 1.0])


def test_the_share_never_falls():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('build', '', 1)
    progress.step('build', 0)
    progress.start('late', 'build', 10)
    progress.step('late', 0)
    assert shares == sorted(shares)
    assert max(shares) <= 1.0


def test_a_phase_without_steps_is_none_to_divide_by():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('empty', '', 0)
    progress.finish('empty')
    assert shares == [1.0]
