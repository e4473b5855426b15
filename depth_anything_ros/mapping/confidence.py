# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far each pixel's depth can be trusted, 0…1."""

from __future__ import annotations

from depth_anything_ros.config import CleaningConfig
from depth_anything_ros.frame import Prediction
from depth_anything_ros.mapping.body_mask import BodyMask
from depth_anything_ros.scale.estimate import ScaleEstimate
import numpy as np
from numpy.typing import NDArray


class ConfidenceEstimator:
    """Judges the depth of one view; keeps its last frame. `config` may be replaced."""

    def __init__(self, config: CleaningConfig) -> None:
        """Judge as `config` says."""
        self.config = config
        self._body = BodyMask()

    def estimate(
        self, prediction: Prediction, depth_m: NDArray[np.float32], scale: ScaleEstimate
    ) -> NDArray[np.float32]:
        """Return (h, w) float32, 0…1, for the metric depth (h, w) of a prediction."""
        far = depth_m / np.float32(2 * self.config.range_max_m)
        confidence = 1 / (1 + far * far)
        confidence *= self._body.allowed(prediction.view, self.config)
        return np.where(np.isfinite(depth_m), confidence, np.isposinf(depth_m)).astype(np.float32)
