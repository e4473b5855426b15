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

"""What a Kalman filter knows of (a, b) in 1/z = a·d + b."""

from __future__ import annotations

from dataclasses import dataclass
import math

from depth_anything_ros.scale.alignment import Alignment
from depth_anything_ros.scale.estimate import ScaleMeasurement
from depth_anything_ros.scale.robust_fit import inverse_2x2
import numpy as np
from numpy.typing import NDArray

GATE = 25.0
"""Squared Mahalanobis distance beyond which a measurement contradicts the belief."""

VAGUEST_SLOPE = 4.0
"""
Relative error of a beyond which a measurement is refused: pairs of one distance and noisy values
would flatten the line until every pixel had that distance, and be ever surer of it.
"""

SOURCE_SPREAD = 0.03
"""Relative error of a source that all its measurements share, so that none counts for more."""


@dataclass(frozen=True)
class Belief:
    """state: (2,) a and b; covariance: (2, 2) of them."""

    state: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, measurement: ScaleMeasurement, middle: float) -> Belief:
        """Return what one measurement tells; middle: the median prediction."""
        measured = np.array([measurement.a, measurement.b])
        common = np.outer(measured, measured) + np.diag([0.0, (measurement.a * middle) ** 2])
        return cls(measured, measurement.covariance + SOURCE_SPREAD**2 * common)

    def with_possible_shift(self, middle: float) -> Belief:
        """Return the belief after b was also seen to be no larger than 1/z usually is."""
        column = self.covariance[:, 1]
        excluded = np.outer(column, column) / (self.covariance[1, 1] + self.level(middle) ** 2)
        return Belief(self.state, self.covariance - excluded)

    def carried(self, aligned: Alignment, drift: float) -> Belief:
        """Return the belief about the next prediction; drift: relative standard deviation."""
        (a, b), state = self.state, np.array([aligned.a, aligned.b])
        step = np.array([[aligned.a / a, 0.0], [(aligned.b - b) / a, 1.0]])
        covariance = step @ self.covariance @ step.T + aligned.covariance
        return Belief(state, covariance + drift**2 * np.outer(state, state))

    def loosened(self, a_spread: float, b_spread: float) -> Belief:
        """Return the belief with more standard deviation in a and b."""
        return Belief(self.state, self.covariance + np.diag([a_spread**2, b_spread**2]))

    def corrected(self, measurement: ScaleMeasurement, middle: float) -> Belief | None:
        """Return the belief after a measurement, None where the two contradict each other."""
        measured = Belief.of(measurement, middle)
        difference = measured.state - self.state
        certainty = inverse_2x2(self.covariance + measured.covariance)
        gain = self.covariance @ certainty
        state = self.state + gain @ difference
        if difference @ certainty @ difference > GATE or state[0] <= 0:
            return None
        covariance = (np.eye(2) - gain) @ self.covariance
        if covariance[0, 0] > (VAGUEST_SLOPE * state[0]) ** 2:
            return None
        return Belief(state, (covariance + covariance.T) / 2)

    def level(self, middle: float) -> float:
        """Return 1/z at the median prediction, 1/m, at least 0."""
        return max(float(self.state @ (middle, 1.0)), 0.0)

    def sigma(self, middle: float) -> float:
        """Return the relative standard deviation of 1/z at the median prediction."""
        row, level = np.array([middle, 1.0]), self.level(middle)
        if middle <= 0 or level <= 0:
            return math.inf
        return math.sqrt(float(row @ self.covariance @ row)) / level
