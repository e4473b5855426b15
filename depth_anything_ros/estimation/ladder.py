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

"""Which of several exports holds a rate, at start and while the machine's speed changes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

MARGIN = 0.2
"""Share of the period that stays free where an export is chosen."""

WINDOW = 30
"""Inferences that one judgement rests on."""

CALM_WINDOWS = 10
"""Judgements in a row that must allow the next better export before it is taken."""


def worthwhile(times_ms: Sequence[float]) -> list[int]:
    """Return the indices, of times from the least to the best export, that no better one beats."""
    kept: list[int] = []
    for i in reversed(range(len(times_ms))):
        if not kept or times_ms[i] < times_ms[kept[-1]]:
            kept.append(i)
    return kept[::-1]


class Ladder:
    """
    Chooses among exports, the least first, by their inference times, which must rise.

    One is taken where its time fits the period with `MARGIN`, left downwards where the median
    of a window exceeds the whole period: between the two it stays.
    """

    def __init__(self, times_ms: Sequence[float], target_rate_hz: float) -> None:
        """Start at the best export whose time fits, or at the fastest."""
        self._times = times_ms
        self._period_ms = 1e3 / target_rate_hz
        self._window: list[float] = []
        self._calm = 0
        fitting = [i for i, time_ms in enumerate(times_ms) if self._fits(time_ms)]
        self.index = max(fitting, default=0)

    def observe(self, time_ms: float) -> bool:
        """Take the time of one inference; return whether `index` changed."""
        self._window.append(time_ms)
        if len(self._window) < WINDOW:
            return False
        step = self._step(median(self._window))
        self._window.clear()
        self.index += step
        return step != 0

    def _step(self, time_ms: float) -> int:
        if time_ms > self._period_ms:
            self._calm = 0
            return -1 if self.index > 0 else 0
        if not self._better_fits(time_ms):
            self._calm = 0
            return 0
        self._calm += 1
        if self._calm < CALM_WINDOWS:
            return 0
        self._calm = 0
        return 1

    def _better_fits(self, time_ms: float) -> bool:
        if self.index + 1 == len(self._times):
            return False
        slower = self._times[self.index + 1] / self._times[self.index]
        return self._fits(time_ms * slower)

    def _fits(self, time_ms: float) -> bool:
        return time_ms <= (1 - MARGIN) * self._period_ms
