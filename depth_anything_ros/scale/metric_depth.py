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

"""A prediction and its scale become metres."""

from __future__ import annotations

from depth_anything_ros.frame import Prediction
from depth_anything_ros.kernel import kernel
from depth_anything_ros.scale.estimate import ScaleEstimate
import numpy as np
from numpy.typing import NDArray

SMALLEST_INVERSE_DEPTH = 1e-3


def metric_depth(prediction: Prediction, scale: ScaleEstimate) -> NDArray[np.float32]:
    """
    Return (h, w) float32 depth along the optical axis in metres.

    +Inf where 1/z = a·d + b is below 1/km, NaN where the view has no pixel or the scale is lost.
    """
    values, seen = prediction.values, prediction.view.seen
    if not scale.is_metric:
        return np.full_like(values, np.nan)
    if prediction.is_metric:
        depth = values * np.float32(1 / scale.a)
        depth[~(values > 0)] = np.nan
    else:
        depth = _affine_depth(values, np.float32(scale.a), np.float32(scale.b))
    if seen is not None:
        depth[~seen] = np.nan
    return depth


@kernel
def _affine_depth(
    values: NDArray[np.float32], a: np.float32, b: np.float32
) -> NDArray[np.float32]:
    depth = np.empty(values.shape, np.float32)
    one, least, beyond = np.float32(1.0), np.float32(SMALLEST_INVERSE_DEPTH), np.float32(np.inf)
    for v in range(values.shape[0]):
        row, result = values[v], depth[v]
        for u in range(row.size):
            inverse = row[u] * a + b
            result[u] = beyond if inverse < least else one / inverse
    return depth
