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

"""Scenes of planes and boxes, ray-cast in closed form, and predictions as a network makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.frame import Frame, Prediction, SparseReference, View
from depth_anything_ros.transforms import (
    base_from_mounted_camera,
    Transform,
    transform_points,
)
import numpy as np
from numpy.typing import NDArray

PINHOLE = Pinhole.from_field_of_view(336, 252, 70.0)
MOUNT = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.15, 0.0)
FLOOR = (0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Scene:
    """Planes (a, b, c, d) with a·x + b·y + c·z = d, seen from all sides, and boxes (low, high)."""

    planes: Sequence[tuple[float, float, float, float]] = (FLOOR,)
    boxes: Sequence[tuple[tuple[float, float, float], tuple[float, float, float]]] = ()

    def depth(self, world_from_view: Transform, pinhole: Pinhole = PINHOLE) -> NDArray[np.float64]:
        """Return (h, w) z along the optical axis in metres, Inf where nothing is hit."""
        directions = pinhole.rays @ world_from_view[:3, :3].T
        origin = world_from_view[:3, 3]
        nearest = np.full(directions.shape[:2], np.inf)
        with np.errstate(divide='ignore', invalid='ignore'):
            for *normal, distance in self.planes:
                t = (distance - origin @ normal) / (directions @ np.array(normal))
                nearest = np.minimum(nearest, np.where(t > 1e-6, t, np.inf))
            for low, high in self.boxes:
                to_low, to_high = (low - origin) / directions, (high - origin) / directions
                enter = np.minimum(to_low, to_high).max(axis=-1)
                leave = np.maximum(to_low, to_high).min(axis=-1)
                hit = (enter < leave) & (enter > 1e-6)
                nearest = np.minimum(nearest, np.where(hit, enter, np.inf))
        return nearest


ROOM = Scene(
    planes=[FLOOR, (1, 0, 0, 4.5), (0, 1, 0, 2.5), (0, -1, 0, 2.0), (0, 0, 1, 2.6)],
    boxes=[((1.6, -0.9, 0), (2.1, -0.2, 0.6)), ((2.5, 0.5, 0), (3.2, 1.4, 0.9))],
)


def relative(
    depth: NDArray[np.float64],
    a: float = 0.02,
    b: float = 0.05,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """Return d with 1/z = a·d + b, times 1 + noise, as white noise, cut at 0."""
    values = (1 / depth - b) / a
    if rng is not None:
        values *= 1 + noise * rng.standard_normal(depth.shape)
    return np.maximum(values, 0).astype(np.float32)


def smooth_noise(rng: np.random.Generator, cells: int = 8) -> NDArray[np.float64]:
    """Return (h, w) noise of unit variance, correlated over an eighth of the image."""
    small = rng.standard_normal((cells, cells))
    wide = cv2.resize(small, (PINHOLE.width, PINHOLE.height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide / wide.std(), dtype=np.float64)


def prediction(
    values: NDArray[np.float32],
    base_from_camera: Transform | None = MOUNT,
    stamp_s: float = 0.0,
    grid_from_base: Transform | None = None,
    references: Sequence[SparseReference] = (),
    is_metric: bool = False,
    image: NDArray[np.uint8] | None = None,
) -> Prediction:
    """Return the prediction of a camera of PINHOLE's size."""
    if image is None:
        image = np.zeros((PINHOLE.height, PINHOLE.width, 3), dtype=np.uint8)
    frame = Frame(
        camera='',
        stamp_ns=round(stamp_s * 1e9),
        image=image,
        channels='rgb',
        model=CameraModel(PINHOLE),
        base_from_camera=base_from_camera,
        grid_from_base=grid_from_base,
        references=references,
    )
    return Prediction(View(frame, 0, image, PINHOLE, np.eye(3)), values, is_metric)


def textured(
    scene: Scene, world_from_view: Transform, pinhole: Pinhole = PINHOLE
) -> NDArray[np.uint8]:
    """Return the (h, w, 3) image of a scene whose surfaces carry a mottle of 5 to 20 cm."""
    depth = np.minimum(scene.depth(world_from_view, pinhole), 30.0)
    points = transform_points(world_from_view, pinhole.back_project(depth.astype(np.float32)))
    mottle = np.zeros(depth.shape)
    rng = np.random.default_rng(7)
    for wavelength in rng.uniform(0.1, 0.6, 24):
        direction = rng.standard_normal(3)
        wave = points @ (direction / np.linalg.norm(direction) * 2 * np.pi / wavelength)
        fading = np.exp(-((depth / (20 * wavelength)) ** 2))
        mottle += fading * np.sin(wave + rng.uniform(0, 2 * np.pi))
    gray = np.clip(128 + 18 * mottle, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)
