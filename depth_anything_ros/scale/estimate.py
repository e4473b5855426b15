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

"""What the sources of scale measure and what their fusion says: 1/z = a·d + b."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScaleMeasurement:
    """
    One source's fit of 1/z = a·d + b to one prediction d.

    covariance: (2, 2) of (a, b), 1/m units of b; inlier_share: of the samples tried, 0…1;
    residual: robust relative residual of 1/z (1.4826 · MAD).
    """

    a: float
    b: float
    covariance: NDArray[np.float64]
    inlier_share: float
    residual: float
    source: str


class ScaleHealth(Enum):
    """How far metres can be trusted."""

    GOOD = 'good'
    """A source confirmed the scale within `scale_timeout_s`."""
    HELD = 'held'
    """No source confirmed it in time, and `on_scale_loss: hold` was asked for."""
    LOST = 'lost'
    """No scale: depth is not metric."""


@dataclass(frozen=True)
class ScaleEstimate:
    """
    The affine that turns one prediction d into metres, 1/z = a·d + b (b = 0 in metric units).

    For a metric prediction the relation is z = d / a. sigma: relative standard deviation of 1/z at
    the median prediction, with slip, change and mount, which the covariance leaves out; age_s:
    since a source last confirmed it (inf where none ever did).
    """

    a: float
    b: float
    covariance: NDArray[np.float64]
    sigma: float
    inlier_share: float
    source: str
    age_s: float
    health: ScaleHealth

    @property
    def is_metric(self) -> bool:
        """Whether depth may be published as metres."""
        return self.health is not ScaleHealth.LOST


LOST = ScaleEstimate(
    a=float('nan'),
    b=float('nan'),
    covariance=np.full((2, 2), np.inf),
    sigma=float('inf'),
    inlier_share=0.0,
    source='none',
    age_s=float('inf'),
    health=ScaleHealth.LOST,
)
