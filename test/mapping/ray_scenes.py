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

"""Depth maps of planes and boxes in closed form, seen by a robot that stands at the origin."""

from __future__ import annotations

from collections.abc import Sequence

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.frame import DepthMap, Frame, View
from depth_anything_ros.scale.estimate import ScaleEstimate, ScaleHealth
from depth_anything_ros.transforms import base_from_mounted_camera, Transform
import numpy as np
from numpy.typing import NDArray
from scenes import FLOOR, Scene

PINHOLE = Pinhole.from_field_of_view(168, 126, 75.0)
MOUNT = base_from_mounted_camera(0.0, 0.0, 0.5, 0.0, 0.2, 0.0)

Plane = tuple[float, float, float, float]
Box = tuple[tuple[float, float, float], tuple[float, float, float]]


def good_scale(sigma: float = 0.0) -> ScaleEstimate:
    """Return a confirmed scale of this relative error."""
    return ScaleEstimate(
        1.0, 0.0, np.diag([sigma**2, 0.0]), sigma, 1.0, 'floor', 0.0, ScaleHealth.GOOD
    )


def make_view(
    pinhole: Pinhole = PINHOLE,
    mount: Transform | None = MOUNT,
    grid_from_base: Transform | None = None,
    stamp_ns: int = 0,
    camera_from_view: NDArray[np.float64] | None = None,
    level: int = 128,
) -> View:
    """Return a view of an even picture."""
    image = np.full((pinhole.height, pinhole.width, 3), level, np.uint8)
    model = CameraModel(pinhole)
    frame = Frame('front', stamp_ns, image, 'rgb', model, mount, grid_from_base)
    rotation = np.eye(3) if camera_from_view is None else camera_from_view
    return View(frame, 0, image, pinhole, rotation)


def depth_map(view: View, depth_m: NDArray[np.floating], sigma: float = 0.0) -> DepthMap:
    """Return a depth map of full confidence."""
    depth = depth_m.astype(np.float32)
    return DepthMap(view, depth, np.ones(depth.shape, np.float32), good_scale(sigma))


def uniform(value: float) -> NDArray[np.float32]:
    """Return (h, w) of one depth."""
    return np.full((PINHOLE.height, PINHOLE.width), value, np.float32)


def cast(
    planes: Sequence[Plane] = (FLOOR,),
    boxes: Sequence[Box] = (),
    mount: Transform = MOUNT,
    pinhole: Pinhole = PINHOLE,
) -> NDArray[np.float32]:
    """
    Return (h, w) metres along the optical axis, +Inf where nothing is hit.

    Planes (a, b, c, d): a·x + b·y + c·z = d; boxes: their lowest and highest corner.
    """
    return Scene(planes, boxes).depth(mount, pinhole).astype(np.float32)
