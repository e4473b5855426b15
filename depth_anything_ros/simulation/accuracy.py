# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How well relative inverse depth agrees with the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def affine_delta1(prediction: NDArray[np.float32], inverse_depth: NDArray[np.float32]) -> float:
    """
    Return the share of pixels whose depth is within a factor of 1.25 of the truth.

    prediction and inverse_depth (1/m) have the same shape; scale and shift are fitted first by
    least squares in inverse depth, as Depth Anything is evaluated.
    """
    x, y = prediction.ravel().astype(np.float64), inverse_depth.ravel().astype(np.float64)
    (scale, shift), *_ = np.linalg.lstsq(np.stack([x, np.ones_like(x)], 1), y, rcond=None)
    fitted = np.maximum(scale * x + shift, 1e-3)
    return float(np.mean(np.maximum(fitted / y, y / fitted) < 1.25))
