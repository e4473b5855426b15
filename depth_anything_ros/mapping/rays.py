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
Where the pixels of a view look, by bearing: horizontal, around the camera, base frame's axes.

A pixel's bearing does not depend on its depth, so what follows only looks up tables.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from depth_anything_ros.frame import View
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray


class Rays(NamedTuple):
    """
    Of each pixel (h, w) of a view: its bearing's bin, and range and height for a metre of depth.

    seen: whether it shows the world. blind_to, top_slope: of each bearing, as in Surroundings.
    height: of the camera over z = 0, metres; bins: how many there are, from bearing_min on.
    """

    bearing: NDArray[np.uint16]
    reach: NDArray[np.float32]
    climb: NDArray[np.float32]
    seen: NDArray[np.bool_]
    blind_to: NDArray[np.float32]
    top_slope: NDArray[np.float32]
    height: float
    bearing_min: float
    bearing_step: float
    bins: int


def rays_of(view: View, base_from_view: Transform) -> Rays:
    """Return the tables of a view whose optical frame in the base frame is given."""
    pinhole, rotation = view.pinhole, base_from_view[:3, :3]
    seen = np.ones((pinhole.height, pinhole.width), np.bool_) if view.seen is None else view.seen
    rays = pinhole.rays @ rotation.T.astype(np.float32)
    reach = np.hypot(rays[..., 0], rays[..., 1])
    # Where the camera looks to; one that looks straight down has its image's top as forward.
    ahead = rotation[:, 2] if np.hypot(*rotation[:2, 2]) > 0.2 else -rotation[:, 1]
    heading = math.atan2(ahead[1], ahead[0])
    bearing = np.arctan2(rays[..., 1], rays[..., 0]) - np.float32(heading)
    bearing = np.remainder(bearing + np.float32(np.pi), np.float32(2 * np.pi)) - np.float32(np.pi)
    step = 2.0 / pinhole.fx
    least = float(bearing.min())
    index = ((bearing - np.float32(least)) / np.float32(step)).astype(np.uint16)
    count = int(index.max()) + 1
    climb, height = rays[..., 2].copy(), float(base_from_view[2, 3])
    slope = climb / np.maximum(reach, 1e-6)
    top = np.full(count, -np.inf, np.float32)
    # The outermost pixels are never used.
    inner = slice(2, -2)
    bearings, slopes = index[inner][seen[inner]], slope[inner][seen[inner]]
    np.maximum.at(top, bearings, slopes)
    bottom = np.zeros(count, np.float32)
    np.minimum.at(bottom, bearings, slopes)
    blind_to = np.where(bottom < 0, height / np.maximum(-bottom, 1e-6), np.inf)
    return Rays(
        bearing=index,
        reach=reach,
        climb=climb,
        seen=seen,
        blind_to=blind_to.astype(np.float32),
        top_slope=top,
        height=height,
        bearing_min=heading + least,
        bearing_step=step,
        bins=count,
    )
