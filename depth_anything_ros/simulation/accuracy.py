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

"""How well relative inverse depth agrees with the truth, after the best scale and shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FARTHEST_M = 25.0
SD_OF_MEDIAN = 1.4826  # of a normal distribution, by its median absolute deviation


@dataclass(frozen=True)
class AffineErrors:
    """
    Errors of depth once scale and shift are fitted.

    delta1: share of pixels within a factor of 1.25; abs_rel: mean of |predicted − true| / true;
    relative_sd: what the standard deviation of predicted / true would be without outliers.
    """

    delta1: float
    abs_rel: float
    relative_sd: float


def affine_errors(
    prediction: NDArray[np.float32], inverse_depth: NDArray[np.float32]
) -> AffineErrors:
    """
    Return the errors of (H, W) relative inverse depth against inverse depth in 1/m.

    Scale and shift are fitted by least squares in inverse depth, as Depth Anything is evaluated;
    depth beyond 25 m, farther than any simulated wall, counts as 25 m.
    """
    x, y = prediction.ravel().astype(np.float64), inverse_depth.ravel().astype(np.float64)
    (scale, shift), *_ = np.linalg.lstsq(np.stack([x, np.ones_like(x)], 1), y, rcond=None)
    ratio = y / np.maximum(scale * x + shift, 1 / FARTHEST_M)  # predicted over true depth
    within = np.maximum(ratio, 1 / ratio) < 1.25
    error = np.abs(ratio - 1)
    return AffineErrors(
        float(within.mean()), float(error.mean()), SD_OF_MEDIAN * float(np.median(error))
    )
