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

"""How well a depth image agrees with the true one, in metres: nothing is aligned first."""

from __future__ import annotations

from dataclasses import dataclass

from depth_anything_ros.camera import Pinhole
import numpy as np
from numpy.typing import NDArray

TRUTH_MIN_M = 0.1
TRUTH_MAX_M = 10.0
"""Truth beyond counts no more, as in the NYU protocol (Eigen et al. 2014)."""

MIN_PIXELS = 100


@dataclass(frozen=True)
class DepthErrors:
    """
    The errors of one frame.

    abs_rel: mean of |predicted − true| / true; delta1: share within a factor of 1.25;
    scale_percent: |median(predicted / true) − 1| · 100; coverage: share of the true pixels that
    have a prediction.
    """

    abs_rel: float
    delta1: float
    scale_percent: float
    coverage: float


def truth_in_view(
    truth_m: NDArray[np.float32], truth_camera: Pinhole, view: Pinhole
) -> NDArray[np.float32]:
    """
    Return (view.height, view.width) true depth: of each pixel's ray the nearest true pixel.

    Both cameras are ideal and share the optical frame. NaN where the truth has no pixel.
    """
    columns = np.rint(view.ray_x * truth_camera.fx + truth_camera.cx).astype(np.intp)
    rows = np.rint(view.ray_y * truth_camera.fy + truth_camera.cy).astype(np.intp)
    height, width = truth_m.shape
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    sampled = truth_m[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    return np.where(inside, sampled, np.float32(np.nan))


def depth_errors(
    predicted_m: NDArray[np.float32], truth_m: NDArray[np.float32]
) -> DepthErrors | None:
    """
    Return the errors of (h, w) metres against the truth; None with too few pixels to say.

    NaN predictions say nothing and are left out. +Inf, beyond range, where the truth is in range
    counts against delta1 and is left out of the other errors.
    """
    known = (truth_m > TRUTH_MIN_M) & (truth_m < TRUTH_MAX_M)
    said = known & (predicted_m > 0)
    finite = said & np.isfinite(predicted_m)
    if np.count_nonzero(finite) < MIN_PIXELS:
        return None
    ratio = predicted_m[finite] / truth_m[finite]
    within = np.maximum(ratio, 1 / ratio) < 1.25
    return DepthErrors(
        abs_rel=float(np.abs(ratio - 1).mean()),
        delta1=np.count_nonzero(within) / np.count_nonzero(said),
        scale_percent=abs(float(np.median(ratio)) - 1) * 100,
        coverage=np.count_nonzero(said) / np.count_nonzero(known),
    )
