# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The Kalman filter on (a, b) of 1/z = a·d + b, and how far its result can be trusted.

The network's own affine flickers, so the filter predicts by aligning each prediction with the last
one, and corrects with what the sources measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math

from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import Prediction
from depth_anything_ros.scale.alignment import align
from depth_anything_ros.scale.estimate import (
    LOST,
    ScaleEstimate,
    ScaleHealth,
    ScaleMeasurement,
)
from depth_anything_ros.scale.ground_plane import measure_floor
from depth_anything_ros.scale.thumbnail import Thumbnail, thumbnail
import numpy as np
from numpy.typing import NDArray

GATE = 16.0
"""Squared Mahalanobis distance beyond which a measurement contradicts the belief."""

DRIFT_PER_ROOT_S = 0.01
LOST_DRIFT_PER_ROOT_S = 0.05
"""A lost scale is forgotten, so that a source which contradicts it wins in the end."""

UNALIGNED_SPREAD = 0.5
SOURCE_SPREAD = 0.01
"""Relative errors: of a scale carried over a scene cut, and that every source has in common."""

LARGEST_SIGMA = 0.25
METRIC_SPREAD = 0.15
"""Relative error of a metric checkpoint on its own."""


@dataclass(frozen=True)
class _Belief:
    state: NDArray[np.float64]
    covariance: NDArray[np.float64]


class ScaleEstimator:
    """
    The scale of one view over time.

    Feed it every prediction of that view, in the order of their stamps.
    """

    def __init__(self, config: ScaleConfig) -> None:
        """Start without a scale."""
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._belief: _Belief | None = None
        self._last: Thumbnail | None = None
        self._stamp_ns = 0
        self._confirmed_ns: int | None = None
        self._source = 'none'
        self._inlier_share = 0.0

    def update(self, prediction: Prediction) -> ScaleEstimate:
        """Return the scale of this prediction; a stamp before the last one starts afresh."""
        small = thumbnail(prediction)
        stamp_ns = prediction.view.frame.stamp_ns
        if stamp_ns < self._stamp_ns:
            self.reset()
        elapsed_s = (stamp_ns - self._stamp_ns) / 1e9 if self._last is not None else 0.0
        self._stamp_ns = stamp_ns
        self._belief = self._predict(small, prediction.is_metric, elapsed_s)
        for measurement in self._measurements(prediction, small):
            self._correct(measurement)
        self._last = small
        return self._estimate(small)

    def _predict(self, small: Thumbnail, is_metric: bool, elapsed_s: float) -> _Belief | None:
        if self._belief is None or self._last is None:
            return None
        a, b = self._belief.state
        aligned = align(self._last, a, b, small, not is_metric)
        if aligned is None:
            jump = np.diag([(UNALIGNED_SPREAD * a) ** 2, (UNALIGNED_SPREAD * b) ** 2])
            return _Belief(self._belief.state, self._belief.covariance + jump)
        state = np.array([aligned.a, aligned.b])
        step = np.array([[aligned.a / a, 0.0], [(aligned.b - b) / a, 1.0]])
        drift = (
            DRIFT_PER_ROOT_S
            if self._age_s <= self.config.scale_timeout_s
            else (LOST_DRIFT_PER_ROOT_S)
        )
        covariance = step @ self._belief.covariance @ step.T + aligned.covariance
        return _Belief(state, covariance + drift**2 * elapsed_s * np.outer(state, state))

    def _measurements(
        self, prediction: Prediction, small: Thumbnail
    ) -> Iterator[ScaleMeasurement]:
        floor = measure_floor(small, not prediction.is_metric) if self.config.use_floor else None
        if floor is not None:
            yield floor

    def _correct(self, measurement: ScaleMeasurement) -> None:
        measured = np.array([measurement.a, measurement.b])
        noise = measurement.covariance + SOURCE_SPREAD**2 * np.outer(measured, measured)
        if self._belief is None:
            self._belief = _Belief(measured, noise)
        else:
            difference = measured - self._belief.state
            gain = np.linalg.solve(self._belief.covariance + noise, self._belief.covariance).T
            surprise = np.linalg.solve(self._belief.covariance + noise, difference) @ difference
            if surprise > GATE:
                return
            covariance = (np.eye(2) - gain) @ self._belief.covariance
            self._belief = _Belief(
                self._belief.state + gain @ difference, (covariance + covariance.T) / 2
            )
        self._confirmed_ns = self._stamp_ns
        self._source = measurement.source
        self._inlier_share = measurement.inlier_share

    @property
    def _age_s(self) -> float:
        if self._confirmed_ns is None:
            return math.inf
        return (self._stamp_ns - self._confirmed_ns) / 1e9

    def _estimate(self, small: Thumbnail) -> ScaleEstimate:
        if self._belief is None:
            return LOST
        a, b = map(float, self._belief.state)
        sigma = _relative_sigma(self._belief, float(np.median(small.values[small.seen])))
        confirmed = self._age_s <= self.config.scale_timeout_s and sigma <= LARGEST_SIGMA
        held = ScaleHealth.HELD if self.config.on_scale_loss == 'hold' else ScaleHealth.LOST
        return ScaleEstimate(
            a=a,
            b=b,
            covariance=self._belief.covariance,
            sigma=sigma,
            inlier_share=self._inlier_share,
            source=self._source,
            age_s=self._age_s,
            health=ScaleHealth.GOOD if confirmed else held,
        )


def _relative_sigma(belief: _Belief, value: float) -> float:
    row = np.array([value, 1.0])
    level = float(row @ belief.state)
    return math.sqrt(float(row @ belief.covariance @ row)) / level if level > 0 else math.inf
