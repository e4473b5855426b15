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

"""Which pixels of a depth map may become points, decided on the organised image."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
from depth_anything_ros.camera import Lens
from depth_anything_ros.config import CleaningConfig
from depth_anything_ros.frame import DepthMap
from depth_anything_ros.kernel import kernel
import numpy as np
from numpy.typing import NDArray


class Cleaner:
    """
    Cleans the depth of one view; `config` may be replaced between two frames.

    Planes are linear in inverse depth however they are seen, so what bends is an edge, and an
    inclined floor is none. Behind an edge the network smears depth over some pixels that lie on
    nothing: they go, the foreground stays.
    """

    def __init__(self, config: CleaningConfig) -> None:
        """Clean as `config` says."""
        self.config = config

    def clean(self, depth_map: DepthMap) -> NDArray[np.float32]:
        """Return (h, w) float32 metres; NaN: not to be used, +Inf: clear to beyond the range."""
        config, pinhole = self.config, depth_map.view.pinhole
        limits = _Limits.of(config)
        inverse, bends = _inverse_and_bends(depth_map.depth_m, limits)
        window = np.ones((2 * config.edge_blur_px + 1,) * 2, np.uint8)
        near_edge = np.asarray(cv2.dilate(bends, window), np.uint8)
        nearest = np.asarray(cv2.dilate(inverse, window), np.float32)
        usable = _usable(inverse, near_edge, nearest, depth_map.confidence, pinhole.lens, limits)
        neighbours = np.asarray(cv2.boxFilter(usable, -1, (5, 5), normalize=False), np.uint8)
        _restore_thin(inverse, near_edge, usable, config.edge_blur_px)
        return _select(inverse, usable, neighbours, config.speck_size_px, limits)


class _Limits(NamedTuple):
    """What a pixel must keep to; inverse depths in 1/m, grazing: the squared sine of the angle."""

    jump: float
    blur: int
    confidence: float
    grazing: float
    nearest: float
    farthest: float

    @classmethod
    def of(cls, config: CleaningConfig) -> _Limits:
        return cls(
            config.edge_jump,
            config.edge_blur_px,
            max(config.min_confidence, 1e-6),  # 0 is no confidence at all: sky, the robot itself
            math.sin(math.radians(config.grazing_min_deg)) ** 2,
            1.0 / max(config.range_min_m, 1e-3),
            1.0 / config.range_max_m,
        )


@kernel
def _inverse_and_bends(
    depth: NDArray[np.float32], limits: _Limits
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return inverse depth, −1 where invalid, and where it bends by more than the jump."""
    height, width = depth.shape
    inverse = np.empty((height, width), np.float32)
    for v in range(height):
        for u in range(width):
            z = depth[v, u]
            inverse[v, u] = np.float32(1.0) / z if z > np.float32(0.0) else np.float32(-1.0)
    bends = np.zeros((height, width), np.uint8)
    jump, least, step = np.float32(limits.jump), np.float32(0.5 * limits.farthest), limits.blur
    inner = width - 2 * step
    for v in range(height):
        # Rows, so that the loop runs over neighbours in memory and several pixels at once.
        here, middle = inverse[v], slice(step, step + inner)
        reach = step if step <= v < height - step else 0
        up, down = inverse[v - reach, middle], inverse[v + reach, middle]
        left, centre, right = here[:inner], here[middle], here[-inner:]
        row = bends[v, middle]
        for u in range(inner):
            w = centre[u]
            across, along = abs(left[u] + right[u] - w - w), abs(up[u] + down[u] - w - w)
            row[u] = max(across, along) > jump * max(w, least)
    return inverse, bends


@kernel
def _usable(
    inverse: NDArray[np.float32],
    near_edge: NDArray[np.uint8],
    nearest: NDArray[np.float32],
    confidence: NDArray[np.float32],
    lens: Lens,
    limits: _Limits,
) -> NDArray[np.uint8]:
    """Return which pixels are trusted, in range, and on a surface that faces the camera."""
    height, width = inverse.shape
    usable = np.zeros((height, width), np.uint8)
    foreground = np.float32(1.0 - 0.5 * limits.jump)
    ray_x, ray_y = lens.ray_x, lens.ray_y
    fx, fy = np.float32(0.5 * lens.fx), np.float32(0.5 * lens.fy)
    grazing, limit = np.float32(limits.grazing), np.float32(limits.nearest)
    least = np.float32(limits.confidence)
    for v in range(1, height - 1):
        for u in range(1, width - 1):
            w = inverse[v, u]
            x = (inverse[v, u + 1] - inverse[v, u - 1]) * fx
            y = (inverse[v + 1, u] - inverse[v - 1, u]) * fy
            z = w - x * ray_x[u] - y * ray_y[v]
            ray = ray_x[u] * ray_x[u] + ray_y[v] * ray_y[v] + np.float32(1.0)
            facing = w * w >= grazing * (x * x + y * y + z * z) * ray
            at_edge = near_edge[v, u] != 0
            solid = (at_edge & (w >= foreground * nearest[v, u])) | (facing & ~at_edge)
            usable[v, u] = solid & (confidence[v, u] >= least) & (w >= 0) & (w <= limit)
    return usable


@kernel
def _select(
    inverse: NDArray[np.float32],
    usable: NDArray[np.uint8],
    neighbours: NDArray[np.uint8],
    needed: int,
    limits: _Limits,
) -> NDArray[np.float32]:
    """Return the depth of usable pixels that are no specks, +Inf beyond the range, else NaN."""
    height, width = inverse.shape
    nan, inf = np.float32(np.nan), np.float32(np.inf)
    farthest = np.float32(limits.farthest)
    cleaned = np.empty((height, width), np.float32)
    for v in range(height):
        for u in range(width):
            w = inverse[v, u]
            z = inf if w < farthest else np.float32(1.0) / w
            cleaned[v, u] = z if (usable[v, u] != 0) & (neighbours[v, u] >= needed) else nan
    return cleaned


@kernel
def _restore_thin(
    inverse: NDArray[np.float32],
    near_edge: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    blur: int,
) -> None:
    """
    Bring poles and rails that the network's blur mixed with their background back to the front.

    Blur with a Gaussian of σ = blur / 2 leaves the area of a bar's profile as it is and lowers its
    peak to erf(width / √8 σ): area over peak tells how much. A sharp profile is left alone.
    """
    height, width = inverse.shape
    reach = 2 * blur
    for v in range(reach, height - reach):
        for u in range(reach, width - reach):
            if near_edge[v, u] == 0 or usable[v, u] == 0:
                continue
            w, lost = inverse[v, u], np.float32(0.0)
            for down, right in ((0, reach), (reach, 0)):
                ground = max(inverse[v - down, u - right], inverse[v + down, u + right])
                if w > np.float32(1.05) * ground > 0:
                    lost = max(lost, _lost_height(inverse, v, u, down // reach, ground, blur))
            inverse[v, u] += lost


@kernel
def _lost_height(
    inverse: NDArray[np.float32], v: int, u: int, down: int, ground: np.float32, blur: int
) -> np.float32:
    """Return what blur took from the middle of a profile; 0 where that is no blurred bar."""
    peak = inverse[v, u] - ground
    right = 1 - down
    area, flanks = np.float32(0.0), np.float32(0.0)
    for i in range(-2 * blur, 2 * blur + 1):
        w = inverse[v + i * down, u + i * right] - ground
        if w > peak or w + ground < 0:
            return np.float32(0.0)
        area += w
        if abs(i) == blur:
            flanks += np.float32(0.5) * w
    if not np.float32(0.1) * peak < flanks < np.float32(0.6) * peak:
        return np.float32(0.0)
    widths = area / peak / (np.float32(0.5) * blur)
    return np.float32(peak * min(0.11 * np.exp(1.81 * (3.67 - widths)), 0.5))
