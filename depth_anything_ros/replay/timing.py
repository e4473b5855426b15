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

"""Rate, age and drops of a node's outputs, from when its inputs were sent and they were heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Timing:
    """
    When images were answered; the arrays have an entry for each that was.

    stamps_ns: ascending stamps. ages_ms: time from the publication of the image to the receipt
    of the answer, with both ways over DDS in it. received_s: receipt after the first image.
    """

    frames_in: int
    stamps_ns: NDArray[np.int64]
    ages_ms: NDArray[np.float64]
    received_s: NDArray[np.float64]

    @property
    def frames_out(self) -> int:
        """Images that were answered."""
        return len(self.stamps_ns)

    @property
    def rate_hz(self) -> float:
        """Return the answers a second between the first and the last; 0 with fewer than two."""
        if self.frames_out < 2:
            return 0.0
        return float((self.frames_out - 1) / (self.received_s[-1] - self.received_s[0]))

    def age_percentile_ms(self, percent: float) -> float | None:
        """Return the age that this share of the answers stays below."""
        return float(np.percentile(self.ages_ms, percent)) if self.frames_out else None

    def rates_hz(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times, a quarter of a second apart, and the answers in the second before each."""
        if not self.frames_out:
            return np.empty(0), np.empty(0)
        ends = np.arange(self.received_s[0] + 1, self.received_s[-1] + 1e-9, 0.25)
        counts = np.searchsorted(self.received_s, ends, side='right')
        counts -= np.searchsorted(self.received_s, ends - 1, side='right')
        return ends, counts.astype(np.float64)


def timing_of(sent_ns: Mapping[int, int], received_ns: Mapping[int, int]) -> Timing:
    """
    Return the timing of outputs received at these times, by stamp, for images sent at these.

    Outputs with the stamp of no image do not count.
    """
    stamps = sorted(sent_ns.keys() & received_ns.keys())
    sent = np.array([sent_ns[s] for s in stamps], dtype=np.int64)
    received = np.array([received_ns[s] for s in stamps], dtype=np.int64)
    start = min(sent_ns.values(), default=0)
    return Timing(
        len(sent_ns),
        np.array(stamps, dtype=np.int64),
        (received - sent) / 1e6,
        np.sort(received - start) / 1e9,
    )
