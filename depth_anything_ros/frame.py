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

"""What flows through the pipeline: Frame → View → Prediction → DepthMap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import math
from typing import Literal

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.scale.estimate import ScaleEstimate
from depth_anything_ros.transforms import Transform, transform_from
import numpy as np
from numpy.typing import NDArray

ReferenceSource = Literal['scan', 'points', 'depth', 'range', 'marker']


@dataclass(frozen=True)
class SparseReference:
    """
    Metric points that another sensor saw at about the time of a frame.

    points: (N, 3) float32 in the camera's optical frame, metres. cone_half_angle_rad: 0 for
    points; for a range sensor the half angle of its cone, `points` then holds the one on its axis.
    """

    source: ReferenceSource
    stamp_ns: int
    points: NDArray[np.float32]
    cone_half_angle_rad: float = 0.0


@dataclass(frozen=True)
class Frame:
    """
    One camera image and what was known at its stamp.

    image: (H, W, 3) uint8 in `channels` order, or (H, W) for 'mono'; may be a read-only view of a
    message. base_from_camera: optical frame in the base frame (z = 0 at the floor), None where
    unknown. grid_from_base: base in the grid's fixed frame, None without a pose. frame_id: name of
    the optical frame, '' where nobody asks for it.
    """

    camera: str
    stamp_ns: int
    image: NDArray[np.uint8]
    channels: Literal['rgb', 'bgr', 'mono']
    model: CameraModel
    base_from_camera: Transform | None = None
    grid_from_base: Transform | None = None
    references: Sequence[SparseReference] = ()
    frame_id: str = ''


@dataclass(frozen=True)
class View:
    """
    One virtual pinhole image at the network's size.

    image: (h, w, 3) uint8 RGB, what the network saw; camera_from_view: (3, 3) rotation;
    seen: (h, w) bool, False where the camera has no pixel, None where it has all.
    """

    frame: Frame
    index: int
    image: NDArray[np.uint8]
    pinhole: Pinhole
    camera_from_view: NDArray[np.float64]
    seen: NDArray[np.bool_] | None = None

    @cached_property
    def base_from_view(self) -> Transform | None:
        """Return the view's optical frame in the base frame."""
        if self.frame.base_from_camera is None:
            return None
        return self.frame.base_from_camera @ transform_from(self.camera_from_view, np.zeros(3))

    @cached_property
    def grid_from_view(self) -> Transform | None:
        """Return the view's optical frame in the grid's fixed frame."""
        if self.base_from_view is None or self.frame.grid_from_base is None:
            return None
        return self.frame.grid_from_base @ self.base_from_view


@dataclass(frozen=True)
class Prediction:
    """
    What the network said of a view.

    values: (h, w) float32, ≥ 0: relative inverse depth, or metres where `is_metric`. sigma: the
    network's relative standard deviation of depth, once the scale is right.
    """

    view: View
    values: NDArray[np.float32]
    is_metric: bool
    sigma: float = 0.0


@dataclass(frozen=True)
class DepthMap:
    """
    Metric depth of a view.

    depth_m: (h, w) float32 along the optical axis; REP 117: NaN invalid, +Inf beyond range.
    confidence: (h, w) float32, 0…1. network_sigma: relative standard deviation of the network.
    """

    view: View
    depth_m: NDArray[np.float32]
    confidence: NDArray[np.float32]
    scale: ScaleEstimate
    network_sigma: float = 0.0

    @property
    def sigma(self) -> float:
        """Relative standard deviation of the depth: of the scale and of the network."""
        return math.hypot(self.scale.sigma, self.network_sigma)
