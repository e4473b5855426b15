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

"""Random robot-like views of worlds, rendered to files that training reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.estimation.private_cache import check_writable
from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.renderer import open_renderer, Renderer
from depth_anything_ros.simulation.worlds import make_world
from depth_anything_ros.transforms import (
    base_from_mounted_camera,
    rotation_from_rpy,
    Transform,
    transform_from,
)
import numpy as np
from numpy.typing import NDArray

View = tuple[NDArray[np.uint8], NDArray[np.float32]]
VIEWS_PER_WORLD = 12
OVERSAMPLING = 2


def render_views(seed: int, width: int, height: int) -> Iterator[View]:
    """
    Yield 12 images (height, width, 3) RGB and depths (height, width) in metres of one world.

    Cameras are 0.25 to 1.2 m high, look 0 to 25 degrees down and are 55 to 90 degrees wide.
    """
    rng = np.random.default_rng([seed, 2])
    world = make_world(seed)
    size = (OVERSAMPLING * width, OVERSAMPLING * height)
    with open_renderer(world, *size) as renderer:
        for _ in range(VIEWS_PER_WORLD):
            image, depth_m = _random_view(rng, world, renderer, size)
            image = np.asarray(
                cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8
            )
            middle = slice(OVERSAMPLING // 2, None, OVERSAMPLING)
            yield image, depth_m[middle, middle]


def _random_view(
    rng: np.random.Generator, world: World, renderer: Renderer, size: tuple[int, int]
) -> View:
    """Return a view of a camera that is neither inside nor right before something."""
    while True:
        pinhole = Pinhole.from_field_of_view(*size, rng.uniform(55, 90))
        pose = _random_pose(rng, world)
        depth_m = renderer.depth(pinhole, pose)
        near, far = np.percentile(depth_m[::8, ::8], [5, 90])
        if near > 0.25 and far > 1.3:
            return renderer.color(pinhole, pose), depth_m


def _random_pose(rng: np.random.Generator, world: World) -> Transform:
    x = rng.uniform(-0.5, 0.5) * (world.length - 0.5)
    y = rng.uniform(-0.5, 0.5) * (world.width - 0.5)
    world_from_base = transform_from(
        rotation_from_rpy(0, 0, rng.uniform(-np.pi, np.pi)), np.array([x, y, 0])
    )
    roll, pitch = np.radians(rng.normal(0, 1.5)), np.radians(rng.uniform(0, 25))
    return world_from_base @ base_from_mounted_camera(0, 0, rng.uniform(0.25, 1.2), roll, pitch, 0)


def write_shard(path: Path, seeds: Iterable[int], width: int, height: int) -> None:
    """Write views of worlds as .npz: image (N, H, W, 3) uint8, inverse_depth (N, H, W) float16."""
    views = [view for seed in seeds for view in render_views(seed, width, height)]
    partial = path.with_suffix('.partial.npz')
    np.savez(
        partial,
        image=np.stack([image for image, _ in views]),
        inverse_depth=np.stack([(1 / depth).astype(np.float16) for _, depth in views]),
    )
    partial.replace(path)


def draw_preview(path: Path, seed: int, width: int, height: int) -> None:
    """
    Write a picture of a world's views: rows of four, inverse depth below colour.

    Raise ValueError where the name is no picture's, WriteError where it cannot be written.
    """
    if not cv2.haveImageWriter(str(path)):
        raise ValueError(f'{path} is no name of a picture: end it in .png or .jpg')
    check_writable(path)
    views = list(render_views(seed, width, height))
    rows = []
    for start in range(0, len(views), 4):
        stop = start + 4
        row = views[start:stop]
        shades = [np.clip(255 * 0.7 / depth, 0, 255).astype(np.uint8) for _, depth in row]
        rows.append(np.hstack([cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for image, _ in row]))
        rows.append(cv2.applyColorMap(np.hstack(shades), cv2.COLORMAP_INFERNO))
    if not cv2.imwrite(str(path), np.vstack(rows)):
        raise RuntimeError(f'{path} cannot be written')
