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

"""Procedural textures: planks, tiles, bricks, carpet, plaster, pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
TEXTURE_SIZE = 256


def make_texture(rng: np.random.Generator, surface: str) -> Image:
    """Return an RGB texture of 256 x 256 pixels for a surface, or for the floor or ceiling."""
    patterns = {
        'floor': (_planks, _tiles, _noise, _checker),
        'ceiling': (_plaster, _tiles),
        'wall': (_plaster, _bricks, _stripes, _tiles, _noise),
        'trim': (_plaster,),
        'wood': (_planks, _grain, _panels),
        'fabric': (_noise, _stripes, _checker),
        'metal': (_plaster, _stripes),
        'carton': (_plaster, _picture, _noise, _grain),
        'picture': (_picture,),
        'bright': (_panels,),
    }[surface]
    pattern = patterns[int(rng.integers(len(patterns)))]
    shade = pattern(rng, _color(rng, surface))
    return np.asarray(np.clip(shade * 255, 0, 255), np.uint8)


def _color(rng: np.random.Generator, surface: str) -> NDArray[np.float32]:
    """Return an RGB colour in 0...1; walls and ceilings are pale, the rest is anything."""
    pale = surface in ('wall', 'ceiling', 'trim', 'bright')
    value = rng.uniform(0.55, 0.95) if pale else rng.uniform(0.2, 0.9)
    saturation = rng.uniform(0.0, 0.3 if pale else 0.6)
    hue = rng.uniform(0.03, 0.13) if surface in ('wood', 'carton') else rng.uniform(0, 1)
    hsv = np.array([[[hue * 360, saturation, value]]], np.float32)
    rgb: NDArray[np.float32] = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32)
    return rgb.reshape(3)


def _octaves(rng: np.random.Generator, cells: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Return smooth noise, (256, 256, 1) in about -1...1, summed over grids of (rows, columns)."""
    size = (TEXTURE_SIZE, TEXTURE_SIZE)
    layers = np.array(
        [
            cv2.resize(
                rng.uniform(-1, 1, c).astype(np.float32), size, interpolation=cv2.INTER_CUBIC
            )
            for c in cells
        ],
        np.float32,
    )
    return np.asarray(layers.mean(axis=0), np.float32)[..., None]


def _plaster(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    strength = rng.uniform(0.03, 0.15)
    return color * (1 + strength * _octaves(rng, ((4, 4), (16, 16), (64, 64), (256, 256))))


def _noise(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    strength = rng.uniform(0.2, 0.7)
    return color * (1 + strength * _octaves(rng, ((8, 8), (64, 64), (256, 256))))


def _grain(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    strength = rng.uniform(0.2, 0.6)
    return color * (1 + strength * _octaves(rng, ((64, 2), (128, 6), (16, 2))))


def _grid_lines(rows: int, columns: int, stagger: bool) -> NDArray[np.bool_]:
    """Return where the joints of a grid of bricks or tiles are, (256, 256, 1)."""
    v, u = np.mgrid[:TEXTURE_SIZE, :TEXTURE_SIZE]
    row_height, column_width = TEXTURE_SIZE // rows, TEXTURE_SIZE // columns
    shift = (v // row_height % 2) * column_width // 2 if stagger else 0
    lines = (v % row_height < 3) | ((u + shift) % column_width < 3)
    return np.asarray(lines[..., None])


def _cells(
    rng: np.random.Generator, color: NDArray[np.float32], rows: int, columns: int, stagger: bool
) -> NDArray[np.float32]:
    """Return a grid of bricks, planks or tiles with joints between and a shade for each."""
    shades = 1 + rng.uniform(0.05, 0.3) * rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    size = (TEXTURE_SIZE, TEXTURE_SIZE)
    shade = cv2.resize(shades, size, interpolation=cv2.INTER_NEAREST)[..., None]
    joint = rng.uniform(0.3, 1.3)
    fine = 1 + 0.15 * _octaves(rng, ((16, 16), (128, 128), (256, 256)))
    lines = _grid_lines(rows, columns, stagger)
    return np.asarray(color * shade * fine * np.where(lines, joint, 1), np.float32)


def _planks(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    return _cells(rng, color, 8, 2, stagger=True)


def _bricks(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    return _cells(rng, color, 8, 4, stagger=True)


def _tiles(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    return _cells(rng, color, 4, 4, stagger=False)


def _panels(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    return _cells(rng, color, 2, 2, stagger=False)


def _checker(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    v, u = np.mgrid[:TEXTURE_SIZE, :TEXTURE_SIZE] // 64
    other = rng.uniform(0.3, 1.2)
    shade = np.where((u + v) % 2, 1, other)[..., None]
    return np.asarray(color * shade * (1 + 0.1 * _octaves(rng, ((64, 64),))), np.float32)


def _stripes(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    u = np.arange(TEXTURE_SIZE) // (TEXTURE_SIZE // int(rng.choice([4, 8, 16])))
    shade = np.where(u % 2, 1, rng.uniform(0.6, 1.1))[None, :, None]
    return np.asarray(color * shade * (1 + 0.1 * _octaves(rng, ((128, 128),))), np.float32)


def _picture(rng: np.random.Generator, color: NDArray[np.float32]) -> NDArray[np.float32]:
    canvas = np.ascontiguousarray(np.broadcast_to(color, (TEXTURE_SIZE, TEXTURE_SIZE, 3)))
    for _ in range(int(rng.integers(4, 12))):
        a, b = rng.integers(0, TEXTURE_SIZE, (2, 2)).tolist()
        ink = rng.uniform(0, 1, 3).tolist()
        if rng.random() < 0.5:
            cv2.rectangle(canvas, a, b, ink, -1)
        else:
            cv2.circle(canvas, a, int(rng.integers(5, 60)), ink, -1)
    cv2.rectangle(canvas, (0, 0), (TEXTURE_SIZE - 1, TEXTURE_SIZE - 1), (0.1, 0.1, 0.1), 8)
    return canvas
