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

from depth_anything_ros.estimation.ladder import CALM_WINDOWS, Ladder, WINDOW, worthwhile
from hypothesis import given, strategies as st
import pytest

TIMES = [20.0, 39.0, 60.0]


def observe(ladder, time_ms, count):
    return [ladder.observe(time_ms) for _ in range(count)]


@pytest.mark.parametrize(
    ('rate_hz', 'index'),
    [(10, 2), (20, 1), (21, 0), (100, 0)],
    ids=['80ms', '40ms', '38ms', '8ms'],
)
def test_the_largest_size_with_a_fifth_to_spare_is_taken(rate_hz, index):
    assert Ladder(TIMES, rate_hz).index == index


def test_sustained_overrun_steps_down():
    ladder = Ladder(TIMES, 20)
    changes = observe(ladder, 51.0, WINDOW)
    assert changes == [False] * (WINDOW - 1) + [True]
    assert ladder.index == 0


def test_the_smallest_size_stays_whatever_happens():
    ladder = Ladder(TIMES, 100)
    assert not any(observe(ladder, 500.0, 3 * WINDOW))
    assert ladder.index == 0


def test_a_few_slow_frames_change_nothing():
    ladder = Ladder(TIMES, 20)
    observe(ladder, 500.0, WINDOW // 2 - 1)
    assert not any(observe(ladder, 39.0, WINDOW))


def test_between_fitting_and_overrun_the_size_stays():
    ladder = Ladder(TIMES, 20)
    assert not any(observe(ladder, 45.0, 100 * WINDOW))


def test_after_a_throttle_the_size_comes_back_only_after_calm():
    ladder = Ladder(TIMES, 20)
    observe(ladder, 51.0, WINDOW)
    changes = observe(ladder, 20.0, CALM_WINDOWS * WINDOW)
    assert changes.index(True) == CALM_WINDOWS * WINDOW - 1
    assert ladder.index == 1


def test_calm_must_be_unbroken():
    ladder = Ladder(TIMES, 20)
    observe(ladder, 51.0, WINDOW)
    observe(ladder, 20.0, (CALM_WINDOWS - 1) * WINDOW)
    observe(ladder, 30.0, WINDOW)
    assert not any(observe(ladder, 20.0, (CALM_WINDOWS - 1) * WINDOW))


@pytest.mark.parametrize(
    ('times_ms', 'kept'),
    [
        ([], []),
        ([20, 39, 60], [0, 1, 2]),
        ([20, 50, 35, 90], [0, 2, 3]),
        ([30, 20, 20], [2]),
    ],
)
def test_what_a_better_one_beats_is_not_worthwhile(times_ms, kept):
    assert worthwhile(times_ms) == kept


@given(st.lists(st.floats(0.1, 500.0), min_size=1, max_size=8))
def test_worthwhile_times_rise_from_the_fastest_to_the_best(times_ms):
    kept = [times_ms[i] for i in worthwhile(times_ms)]
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (min(times_ms), times_ms[-1])


@given(st.lists(st.floats(0.1, 500.0), max_size=200), st.floats(1.0, 120.0))
def test_the_index_is_always_one_of_the_sizes(times, rate_hz):
    ladder = Ladder(TIMES, rate_hz)
    for time_ms in times * 3:
        ladder.observe(time_ms)
        assert 0 <= ladder.index < len(TIMES)
