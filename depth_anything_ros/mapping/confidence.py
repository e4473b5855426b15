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

"""How far each pixel's depth can be trusted, 0…1."""

from __future__ import annotations

from dataclasses import dataclass

from depth_anything_ros.camera import Lens, moved_pixel, Pinhole
from depth_anything_ros.config import CleaningConfig
from depth_anything_ros.frame import Prediction, View
from depth_anything_ros.kernel import kernel
from depth_anything_ros.scale.estimate import ScaleEstimate
from depth_anything_ros.scale.thumbnail import near_end, SKY_SHARE
from depth_anything_ros.transforms import between, Transform
import numpy as np
from numpy.typing import NDArray

BLOCK = 4
"""Pixels a side of the patches that are judged for exposure and against the last frame."""

TRUSTED_ERROR = 0.1
"""Relative error of depth at which confidence is half."""

NETWORK_ERROR = 0.01
"""Error of a relative prediction, as a share of its 98th percentile."""

BADLY_EXPOSED = 0.02
"""Confidence where the image shows nothing: not used, but not free to drive through either."""

DARK, BRIGHT = 4, 250

FORGET_NS = 500_000_000


@dataclass(frozen=True)
class _Last:
    """What the last frame of a view said; depth_m: every BLOCK-th pixel of it."""

    stamp_ns: int
    pinhole: Pinhole
    grid_from_view: Transform
    depth_m: NDArray[np.float32]


class ConfidenceEstimator:
    """Judges the depth of one view; keeps its last frame. `config` may be replaced."""

    def __init__(self, config: CleaningConfig) -> None:
        """Judge as `config` says."""
        self.config = config
        self._last: _Last | None = None

    def estimate(
        self, prediction: Prediction, depth_m: NDArray[np.float32], scale: ScaleEstimate
    ) -> NDArray[np.float32]:
        """
        Return (h, w) float32, 0…1, for the metric depth (h, w) of a prediction.

        0: invalid, sky, or not seen. Depths beyond range_max_m count as range_max_m: what matters
        is whether they are that far.
        """
        view = prediction.view
        confidence = np.empty(depth_m.shape, np.float32)
        _judge(
            depth_m,
            prediction.values,
            view.image,
            np.ones(depth_m.shape, np.bool_) if view.seen is None else view.seen,
            self._agreement(view, depth_m),
            _error_terms(prediction, scale),
            np.float32(self.config.range_max_m),
            np.float32(self.config.edge_jump),
            self.config.edge_blur_px,
            confidence,
        )
        return confidence

    def _agreement(self, view: View, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return, of each block, how well it agrees with the last frame; 1 where that is open."""
        height, width = depth_m.shape
        agreement = np.ones((-(-height // BLOCK), -(-width // BLOCK)), np.float32)
        frame, grid_from_view = view.frame, view.grid_from_view
        if grid_from_view is None:
            self._last = None
            return agreement
        last = self._last
        sampled = depth_m[::BLOCK, ::BLOCK].copy()
        self._last = _Last(frame.stamp_ns, view.pinhole, grid_from_view, sampled)
        if last is None or last.pinhole != view.pinhole:
            return agreement
        now_from_last = between(grid_from_view, last.grid_from_view)
        in_time = 0 < frame.stamp_ns - last.stamp_ns < FORGET_NS
        if in_time and np.isfinite(now_from_last).all():
            _compare(last.depth_m, depth_m, now_from_last, view.pinhole.lens, agreement)
        return agreement


def _error_terms(prediction: Prediction, scale: ScaleEstimate) -> NDArray[np.float32]:
    """
    Return what _judge needs for the relative error of 1/z = a·d + b.

    (5,) float32: its variance is v0·d² + v1·d + v2 in 1/m², plus v3 relative; v4: d of the sky.
    """
    if prediction.is_metric:
        own = scale.sigma**2 + max(prediction.sigma, 3 * NETWORK_ERROR) ** 2
        return np.array([0, 0, 0, own, -1], np.float32)
    sample = prediction.values[::8, ::8]
    sample = sample[np.isfinite(sample)]
    brightest = near_end(sample) if sample.size else 0.0
    network = (scale.a * NETWORK_ERROR * brightest) ** 2
    v = scale.covariance
    own = prediction.sigma**2
    terms = [v[0, 0], 2 * v[0, 1], v[1, 1] + network, own, SKY_SHARE * brightest]
    return np.array(terms, np.float32)


@kernel
def _judge(
    depth: NDArray[np.float32],
    values: NDArray[np.float32],
    image: NDArray[np.uint8],
    seen: NDArray[np.bool_],
    agreement: NDArray[np.float32],
    terms: NDArray[np.float32],
    range_max: np.float32,
    edge_jump: np.float32,
    blur: int,
    confidence: NDArray[np.float32],
) -> None:
    height, width = depth.shape
    one, half, zero = np.float32(1.0), np.float32(0.5), np.float32(0.0)
    per_error, per_jump = one / np.float32(TRUSTED_ERROR**2), one / (edge_jump * edge_jump)
    inverse = _inverse_with_margins(depth, blur)
    per_square, per_value, constant, own, sky = terms
    weights = np.empty(width, np.float32)
    for v in range(height):
        # Rows, so that each loop runs over neighbours in memory and several pixels at once.
        z_row, d_row, seen_row, result = depth[v], values[v], seen[v], confidence[v]
        here, middle = inverse[v], slice(blur, blur + width)
        up, down = inverse[max(v - blur, 0), middle], inverse[min(v + blur, height - 1), middle]
        left, centre, right = here[:width], here[middle], here[-width:]
        if v % BLOCK == 0:
            for u in range(width):
                weights[u] = agreement[v // BLOCK, u // BLOCK]
        for u in range(width):
            d, w = d_row[u], centre[u]
            z = min(z_row[u], range_max)
            error = (per_square * d * d + per_value * d + constant) * z * z + own
            across, along = left[u] + right[u] - w - w, up[u] + down[u] - w - w
            bend = max(across * across, along * along) * z * z * per_jump
            bend = bend if bend > zero else zero  # NaN beside an invalid pixel: no edge there
            smooth = half + half / (one + bend)
            trust = smooth / (one + max(error, zero) * per_error)
            valid = (z_row[u] > zero) & seen_row[u] & (d > sky)
            result[u] = trust * weights[u] if valid else zero
    _distrust_exposure(image, confidence)


@kernel
def _inverse_with_margins(depth: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    """Return (h, margin + w + margin) inverse depth; the outermost values go on to both sides."""
    height, width = depth.shape
    inverse, stop = np.empty((height, width + 2 * margin), np.float32), margin + width
    for v in range(height):
        inside = inverse[v, margin:stop]
        inside[:] = np.float32(1.0) / depth[v]
        inverse[v, :margin] = inside[0]
        inverse[v, stop:] = inside[width - 1]
    return inverse


@kernel
def _distrust_exposure(image: NDArray[np.uint8], confidence: NDArray[np.float32]) -> None:
    for v in range(0, image.shape[0], BLOCK):
        for u in range(0, image.shape[1], BLOCK):
            if DARK < image[v, u, 0] < BRIGHT:
                continue
            below, right = v + BLOCK, u + BLOCK
            if _is_badly_exposed(image[v:below, u:right]):
                confidence[v:below, u:right] *= np.float32(BADLY_EXPOSED)


@kernel
def _is_badly_exposed(block: NDArray[np.uint8]) -> bool:
    """Return whether every channel of every pixel is black, or every one white."""
    is_dark = block[0, 0, 0] <= DARK
    for row in range(block.shape[0]):
        for column in range(block.shape[1]):
            for channel in range(block.shape[2]):
                value = block[row, column, channel]
                if not (value <= DARK if is_dark else value >= BRIGHT):
                    return False
    return True


@kernel
def _compare(
    last: NDArray[np.float32],
    depth: NDArray[np.float32],
    now_from_last: Transform,
    lens: Lens,
    agreement: NDArray[np.float32],
) -> None:
    """
    Write how well depth agrees with where the last frame's points are now.

    What is nearer than expected keeps most of its weight: an obstacle that just came must not
    wait. What is farther, and so would free cells, loses more.
    """
    height, width = depth.shape
    for i in range(last.shape[0]):
        for j in range(last.shape[1]):
            z0 = last[i, j]
            if not 0 < z0 < np.inf:
                continue
            column, row, z = moved_pixel(i * BLOCK, j * BLOCK, z0, now_from_last, lens)
            if z <= 0.05:
                continue
            u, v = int(np.floor(column + 0.5)), int(np.floor(row + 0.5))
            if 0 <= u < width and 0 <= v < height and depth[v, u] > 0:
                off = (z / depth[v, u] - np.float32(1.0)) / np.float32(TRUSTED_ERROR)
                share = np.float32(0.7) if off > 0 else np.float32(0.3)
                weight = share + (np.float32(1.0) - share) / (np.float32(1.0) + off * off)
                block = v // BLOCK, u // BLOCK
                agreement[block] = min(agreement[block], weight)
