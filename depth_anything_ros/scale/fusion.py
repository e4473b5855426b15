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

"""
The Kalman filter on (a, b) of 1/z = a·d + b, and how far its result can be trusted.

The network's own affine flickers, so the filter predicts by aligning each prediction with the last
one, and corrects with what the sources measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import math

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import Frame, Prediction, SparseReference, View
from depth_anything_ros.scale.alignment import align
from depth_anything_ros.scale.belief import Belief
from depth_anything_ros.scale.estimate import (
    LOST,
    ScaleEstimate,
    ScaleHealth,
    ScaleMeasurement,
)
from depth_anything_ros.scale.ground_plane import floor_change, LOWEST_CAMERA_M, measure_floor
from depth_anything_ros.scale.known_marker import MarkerFinder
from depth_anything_ros.scale.mount_refinement import (
    MountEstimate,
    MountRefiner,
    refined_view,
)
from depth_anything_ros.scale.sparse_points import measure_points
from depth_anything_ros.scale.thumbnail import Thumbnail, thumbnail
import numpy as np

DRIFT_PER_ROOT_S = 0.01
LOST_DRIFT_PER_ROOT_S = 0.05
"""A lost scale is forgotten, so that a source which contradicts it wins in the end."""

ODOMETRY_ERROR = 0.2
"""Share of the way between two frames by which their poses may be wrong: wheels slip."""

FLOOR_NOISE = 0.03
"""Relative change of a floor in two images that is noise."""

DOUBT = 2.0
"""Relative error of alignments, in changes of a floor that stayed what it was, or of the scale."""

SMALLEST_LEVEL = 0.05
"""Inverse depth, 1/m, below which a median pixel says nothing of a robot's surroundings."""

UNALIGNED_SPREAD = 0.5
"""Relative error of a scale carried over a scene cut."""

LARGEST_SIGMA = 0.25

MARKER_PERIOD_NS = 200_000_000
"""Markers are looked for in the whole image, which takes longer than all the rest."""

RECOVERY_FRAMES = 3
"""A lost scale is found again once a source confirms it so many times running."""

METRIC_SPREAD = 0.15
"""Relative error of a metric checkpoint on its own."""


@dataclass
class _Unconfirmed:
    """What happened since a source last confirmed the scale: metres gone, log of its change."""

    way_m: float = 0.0
    change: float = 0.0

    def add(self, way_m: float, before: float, now: float) -> None:
        """Add metres gone, and how the scale changed: 1/z of the median pixel by both, 1/m."""
        self.way_m += way_m
        if min(before, now) > 0:
            self.change += math.log(now / before)


class ScaleEstimator:
    """
    The scale of one view over time.

    Feed it every prediction of that view, in the order of their stamps.
    """

    def __init__(self, config: ScaleConfig) -> None:
        """Start without a scale. Raise MarkerError where markers cannot be looked for."""
        self.config = config
        self._markers: MarkerFinder | None = None
        if config.marker_size_m > 0:
            self._markers = MarkerFinder(config.marker_size_m, config.marker_dictionary)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._belief: Belief | None = None
        self._last: Thumbnail | None = None
        self._stamp_ns = 0
        self._confirmed_ns: int | None = None
        self._unconfirmed = _Unconfirmed()
        self._confirmations: dict[str, int] = {}
        self._was_lost = False
        self._used_ns: dict[str, int] = {}
        self._source = 'none'
        self._inlier_share = 0.0
        self._refiner = MountRefiner()

    @property
    def mount(self) -> MountEstimate:
        """How wrong the stated mount is, whether `refine_mount` asks for using it or not."""
        return self._refiner.estimate

    def refined(self, view: View) -> View:
        """Return the view with the mount that is in use: the stated one or the refined one."""
        return refined_view(view, self.mount) if self.config.refine_mount else view

    def _on_mount(self, stated: Thumbnail) -> Thumbnail:
        view = self.refined(stated.view)
        return stated if view is stated.view else replace(stated, view=view)

    def update(self, prediction: Prediction) -> ScaleEstimate:
        """Return the scale of this prediction; a stamp before the last one starts afresh."""
        stated = thumbnail(prediction)
        small = self._on_mount(stated)
        stamp_ns = prediction.view.frame.stamp_ns
        if stamp_ns < self._stamp_ns:
            self.reset()
        elapsed_s = (stamp_ns - self._stamp_ns) / 1e9 if self._last is not None else 0.0
        self._stamp_ns = stamp_ns
        before = self._belief
        if self._belief is not None:
            self._belief = self._predict(self._belief, small, prediction.is_metric, elapsed_s)
        elif prediction.is_metric:
            self._belief, self._source = self._trusting(prediction.view.pinhole), 'network'
        agreed = self._take_measurements(before, prediction, small)
        if prediction.is_metric and agreed and not any(agreed):
            self._doubt(elapsed_s)
        estimate = self._estimate(small, prediction.is_metric)
        self._last = stated
        self._refine_mount(stated)
        return estimate

    def _refine_mount(self, stated: Thumbnail) -> None:
        """Look at how the floor moved; what the mount now says of the scale is news, not error."""
        if self._belief is None:
            return
        a, b = self._belief.state
        before = self.mount
        self._refiner.update(stated.view, a * stated.values + b)
        base_from_view = stated.view.base_from_view
        if self.config.refine_mount and base_from_view is not None and self.mount != before:
            turn = self.mount.pitch_rad - before.pitch_rad
            rise = self.mount.height_m - before.height_m
            height = float(base_from_view[2, 3])
            self._belief = self._belief.loosened(a * rise / height, turn / height)

    def _trusting(self, pinhole: Pinhole) -> Belief:
        """
        Return the belief in a metric model: z = d · f / f_trained.

        An object of some size in the image is as far as the focal length is long, and the model
        knows that of the cameras it was trained with only (the canonical camera of Metric3D,
        Yin et al. 2023).
        """
        focal = pinhole.fy / pinhole.height
        a = self.config.training_focal / focal if self.config.training_focal > 0 else 1.0
        return Belief(np.array([a, 0.0]), np.diag([(METRIC_SPREAD * a) ** 2, 1e-12]))

    def _predict(
        self, belief: Belief, small: Thumbnail, is_metric: bool, elapsed_s: float
    ) -> Belief:
        a, b = belief.state
        stale = self._age_s > self.config.scale_timeout_s
        if is_metric and stale:
            return belief
        aligned = None
        if self._last is not None:
            aligned = align(self._on_mount(self._last), a, b, small, not is_metric)
        if aligned is None:
            return belief.loosened(UNALIGNED_SPREAD * a, UNALIGNED_SPREAD * a * small.middle)
        drift = math.sqrt(elapsed_s) * (LOST_DRIFT_PER_ROOT_S if stale else DRIFT_PER_ROOT_S)
        carried = belief.carried(aligned, drift)
        if is_metric:
            return carried
        level, moved_m = carried.level(small.middle), self._moved_m(small)
        self._unconfirmed.add(moved_m, belief.level(small.middle), level)
        slip = ODOMETRY_ERROR * moved_m * level
        shift = drift * a * small.middle if stale else 0.0
        return carried.loosened(slip * aligned.a, math.hypot(slip * level, shift))

    def _moved_m(self, small: Thumbnail) -> float:
        """Return how far the poses say that the view moved since the last frame."""
        before = None if self._last is None else self._last.view.grid_from_view
        now = small.view.grid_from_view
        if before is None or now is None:
            return 0.0
        return math.dist(now[:3, 3], before[:3, 3])

    def _take_measurements(
        self, before: Belief | None, prediction: Prediction, small: Thumbnail
    ) -> list[bool]:
        """Take what the sources say into the belief and return which of them agreed."""
        agreed = []
        for source, measurement in self._measurements(prediction, small):
            confirms = False
            if measurement is not None:
                if source == 'floor' and before is not None:
                    self._doubt_alignment(before, prediction.is_metric, small, measurement)
                confirms = self._correct(measurement, small.middle)
                agreed.append(confirms)
            self._confirmations[source] = self._confirmations.get(source, 0) + 1 if confirms else 0
        return agreed

    def _measurements(
        self, prediction: Prediction, small: Thumbnail
    ) -> Iterator[tuple[str, ScaleMeasurement | None]]:
        """Yield each source that was looked at, and what it says."""
        for reference in self._references(prediction.view.frame):
            yield reference.source, measure_points(prediction, reference)
        if self.config.use_floor:
            yield 'floor', measure_floor(small, not prediction.is_metric)

    def _references(self, frame: Frame) -> list[SparseReference]:
        """Return the references of the frame's time that were not used before."""
        tolerance_ns = self.config.reference_max_age_s * 1e9
        fresh = [
            reference
            for reference in frame.references
            if abs(reference.stamp_ns - frame.stamp_ns) <= tolerance_ns
            and reference.stamp_ns > self._used_ns.get(reference.source, -1)
        ]
        due_ns = self._used_ns.get('marker', -MARKER_PERIOD_NS) + MARKER_PERIOD_NS
        if self._markers is not None and frame.stamp_ns >= due_ns:
            points = self._markers.points(frame)
            fresh.append(SparseReference('marker', frame.stamp_ns, points))
        self._used_ns.update({reference.source: reference.stamp_ns for reference in fresh})
        return fresh

    def _correct(self, measurement: ScaleMeasurement, middle: float) -> bool:
        """Take a measurement into the belief and return whether it agreed."""
        if self._belief is None:
            corrected: Belief | None = Belief.of(measurement, middle).with_possible_shift(middle)
        else:
            corrected = self._gated(self._belief, middle).corrected(measurement, middle)
        if corrected is None:
            return False
        self._belief = corrected
        self._confirmed_ns = self._stamp_ns
        self._unconfirmed = _Unconfirmed()
        self._source = measurement.source
        self._inlier_share = measurement.inlier_share
        return True

    def _gated(self, belief: Belief, middle: float) -> Belief:
        """
        Return the belief by which sources are judged.

        One that is too old to be used and changed since may have followed somebody who came near
        and left: it must not refuse the floor that is seen again, as it refuses a table.
        """
        if self._age_s <= self.config.scale_timeout_s:
            return belief
        spread = DOUBT * abs(self._unconfirmed.change)
        return belief.loosened(spread * belief.state[0], spread * belief.level(middle))

    def _doubt_alignment(
        self, before: Belief, is_metric: bool, small: Thumbnail, floor: ScaleMeasurement
    ) -> None:
        """Doubt an alignment that moves the floor: something that came near led it."""
        if self._last is None or self._belief is None:
            return
        last, state = self._on_mount(self._last), self._belief.state
        change = abs(floor_change(last, before.state, small, state, floor))
        if change > FLOOR_NOISE:
            level = 0.0 if is_metric else self._belief.level(small.middle)
            spread = DOUBT * change
            self._belief = self._belief.loosened(spread * state[0], spread * level)

    def _doubt(self, elapsed_s: float) -> None:
        """Trust a metric model less, second by second, while every source contradicts it."""
        if self._belief is not None and self._age_s > self.config.scale_timeout_s:
            spread = METRIC_SPREAD * math.sqrt(elapsed_s) * float(self._belief.state[0])
            self._belief = self._belief.loosened(spread, 0.0)

    def _unconfirmed_sigma(self, small: Thumbnail) -> float:
        """
        Return how wrong 1/z may have become, relative, since a source confirmed it.

        Wheels that slip go on to, so the whole way counts; and a scale that changed is the
        network's flicker or a world that came near.
        """
        if self._belief is None:
            return math.inf
        slip = ODOMETRY_ERROR * self._unconfirmed.way_m * self._belief.level(small.middle)
        return math.hypot(slip, self._unconfirmed.change)

    def _mount_error(self, small: Thumbnail) -> float:
        """Return how wrong 1/z is, relative, if the floor's motion is right about the mount."""
        base_from_view = small.view.base_from_view
        unused = self._source == 'floor' and not self.config.refine_mount
        if self._belief is None or base_from_view is None or not unused:
            return 0.0
        level = max(self._belief.level(small.middle), SMALLEST_LEVEL)
        mount, height = self.mount, max(float(base_from_view[2, 3]), LOWEST_CAMERA_M)
        pitch = max(abs(mount.pitch_rad) - mount.pitch_sigma_rad, 0.0)
        rise = max(abs(mount.height_m) - mount.height_sigma_m, 0.0)
        return (pitch / level + rise) / height

    @property
    def _age_s(self) -> float:
        if self._confirmed_ns is None:
            return math.inf
        return (self._stamp_ns - self._confirmed_ns) / 1e9

    def _estimate(self, small: Thumbnail, is_metric: bool) -> ScaleEstimate:
        if self._belief is None:
            return LOST
        sigma = math.hypot(
            self._belief.sigma(small.middle),
            self._unconfirmed_sigma(small),
            self._mount_error(small),
        )
        in_time = is_metric or self._age_s <= self.config.scale_timeout_s
        confirmations = max(self._confirmations.values(), default=0)
        found = not self._was_lost or confirmations >= RECOVERY_FRAMES
        good = in_time and found and sigma <= LARGEST_SIGMA
        self._was_lost = not good
        held = ScaleHealth.HELD if self.config.on_scale_loss == 'hold' else ScaleHealth.LOST
        a, b = map(float, self._belief.state)
        return ScaleEstimate(
            a=a,
            b=b,
            covariance=self._belief.covariance,
            sigma=sigma,
            inlier_share=self._inlier_share,
            source=self._source,
            age_s=self._age_s,
            health=ScaleHealth.GOOD if good else held,
        )
