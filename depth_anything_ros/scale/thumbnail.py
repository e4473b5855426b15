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

"""A prediction made small: what the fits look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.frame import Prediction, View
from depth_anything_ros.scale.robust_fit import median
import numpy as np
from numpy.typing import NDArray

COLUMNS = 42
"""Blocks of 8×7 pixels at 336×252: 1,512 samples, each with a seventh of the pixels' noise."""


SKY_SHARE = 0.02
"""A relative prediction below this share of its 98th percentile is sky."""


def near_end(values: NDArray[np.floating]) -> float:
    """Return the 98th percentile of (N,) finite values, N > 0; np.percentile takes far longer."""
    last = values.size - 1 - values.size // 50
    return float(np.partition(values, last)[last])


@dataclass(frozen=True)
class Thumbnail:
    """
    Block means of a prediction.

    values: (rows, COLUMNS) float64, affine in inverse depth; NaN where the view has no pixel.
    pinhole: the camera of this small image.
    """

    values: NDArray[np.float64]
    pinhole: Pinhole
    view: View

    @cached_property
    def middle(self) -> float:
        """Return the median value of what is no sky, 0 where nothing is seen."""
        values = self.values[np.isfinite(self.values)]
        if not values.size:
            return 0.0
        shown = values[values > SKY_SHARE * near_end(values)]
        return median(shown) if shown.size else 0.0


def inverse_values(prediction: Prediction) -> NDArray[np.float32]:
    """Return (h, w) values affine in inverse depth; NaN where the view has no pixel."""
    values, seen = prediction.values, prediction.view.seen
    if prediction.is_metric:
        values = np.divide(1.0, values, where=values > 0, out=np.full_like(values, np.nan))
    return values if seen is None else np.where(seen, values, np.float32(np.nan))


@lru_cache
def _small(pinhole: Pinhole) -> Pinhole:
    """
    Return the camera of the thumbnail, one for all frames, so that its rays are kept.

    About as many rows as make blocks square; whole pixels a row average faster.
    """
    square = max(1, round(pinhole.height * COLUMNS / pinhole.width))
    whole = (rows for rows in range(square, square + 6) if pinhole.height % rows == 0)
    return pinhole.resized(COLUMNS, next(whole, square))


def thumbnail(prediction: Prediction) -> Thumbnail:
    """Return the block means of a prediction, with the poses of its view."""
    pinhole = _small(prediction.view.pinhole)
    size = pinhole.width, pinhole.height
    small = cv2.resize(inverse_values(prediction), size, interpolation=cv2.INTER_AREA)
    return Thumbnail(small.astype(np.float64), pinhole, prediction.view)
