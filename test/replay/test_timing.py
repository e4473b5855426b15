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

from depth_anything_ros.replay.timing import timing_of
import numpy as np
import pytest

SECOND = 1_000_000_000


def test_age_is_from_sending_the_image_to_receiving_its_output() -> None:
    sent = {10: 5 * SECOND, 11: 6 * SECOND, 12: 7 * SECOND}
    timing = timing_of(sent, {10: 5 * SECOND + 20_000_000, 12: 7 * SECOND + 40_000_000, 99: 1})
    assert timing.stamps_ns.tolist() == [10, 12]
    assert timing.ages_ms.tolist() == [20.0, 40.0]
    assert (timing.frames_in, timing.frames_out) == (3, 2)
    assert timing.age_percentile_ms(50) == pytest.approx(30.0)


def test_rate_counts_the_intervals_between_outputs() -> None:
    times = {i: i * SECOND // 10 for i in range(31)}
    timing = timing_of(times, times)
    assert timing.rate_hz == pytest.approx(10.0)
    ends, rates = timing.rates_hz()
    np.testing.assert_allclose(ends[[0, -1]], [1.0, 3.0])
    np.testing.assert_allclose(rates, 10.0, atol=1.0)


def test_pause_shows_in_the_rates_over_time() -> None:
    times = {i: i * SECOND // 10 + (2 * SECOND if i >= 10 else 0) for i in range(31)}
    _, rates = timing_of(times, times).rates_hz()
    assert rates.min() == 0


@pytest.mark.parametrize('received', [{}, {1: 5}])
def test_too_few_outputs_have_no_rate(received: dict[int, int]) -> None:
    timing = timing_of({1: 0, 2: 10}, received)
    assert timing.rate_hz == 0.0
    assert timing.frames_out == len(received)
    assert len(timing.rates_hz()[0]) == 0


def test_nothing_in_nothing_out() -> None:
    timing = timing_of({}, {})
    assert (timing.frames_in, timing.age_percentile_ms(50)) == (0, None)
