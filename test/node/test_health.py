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

from depth_anything_ros.node.health import CameraHealth, REPLACED
import pytest


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the clock that health reads; tests move it."""
    clock = [100.0]
    monkeypatch.setattr('time.monotonic', lambda: clock[0])
    return clock


def test_a_fault_is_said_at_most_once_a_second_and_counted_always(now: list[float]) -> None:
    said: list[str] = []
    health = CameraHealth('front', said.append)
    for _ in range(30):
        health.dropped('encoding', 'bad')
        now[0] += 0.1
    assert said == ['front: bad'] * 3
    assert health.report().total_drops == {'encoding': 30}


def test_causes_are_said_independently(now: list[float]) -> None:
    said: list[str] = []
    health = CameraHealth('front', said.append)
    health.dropped('encoding', 'bad')
    health.dropped('age', 'old')
    health.dropped(REPLACED)
    assert said == ['front: bad', 'front: old']


def test_a_report_tells_what_happened_since_the_last(now: list[float]) -> None:
    health = CameraHealth('front', lambda line: None)
    for age in (0.1, 0.2):
        health.received()
        health.processed(age, None)
    now[0] += 2.0
    first = health.report()
    assert (first.seconds, first.received, first.processed, first.silent_s) == (2.0, 2, 2, 2.0)
    assert first.ages_s == (0.1, 0.2)
    health.received()
    health.dropped('age', 'old')
    second = health.report()
    assert (second.received, second.processed, second.ages_s) == (1, 0, ())
    assert second.faults == {'age': 'old'} and second.drops == {'age': 1}
    assert (second.total_received, second.total_processed) == (3, 2)
    assert health.report().faults == {}


def test_a_warning_lasts_three_seconds_and_is_said_every_ten(now: list[float]) -> None:
    said: list[str] = []
    health = CameraHealth('front', said.append)
    for _ in range(12):
        health.warned('stamp', 'future')
        now[0] += 1.0
    assert len(said) == 2
    assert health.report().warnings == {'stamp': 'future'}
    now[0] += 3.0
    assert health.report().warnings == {}
