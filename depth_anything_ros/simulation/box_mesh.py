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

"""A box whose faces carry a texture each: MuJoCo's own box smears a 2D texture over its sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)
FACES = [(axis, side) for axis in range(3) for side in (-1, 1)]
TRIANGLES = np.array([(0, 1, 2), (0, 2, 3)])


def box_mesh(
    half_size: tuple[float, float, float], repeat_m: float | None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """
    Return vertices (24, 3), texture coordinates (24, 2) and triangles (12, 3) of a box.

    repeat_m: metres that the texture covers before it repeats; None: it covers each face once.
    """
    vertices = np.concatenate([_corners(half_size, *face) for face in FACES])
    texcoords = np.concatenate([_texcoords(half_size, axis, repeat_m) for axis, _ in FACES])
    triangles = np.concatenate([_triangles(*face) + 4 * i for i, face in enumerate(FACES)])
    return vertices, texcoords, triangles


def _plane_axes(axis: int) -> list[int]:
    return [other for other in range(3) if other != axis]


def _corners(half_size: tuple[float, float, float], axis: int, side: int) -> NDArray[np.float32]:
    corners = np.empty((4, 3), np.float32)
    corners[:, _plane_axes(axis)] = CORNERS
    corners[:, axis] = side
    return corners * np.array(half_size, np.float32)


def _texcoords(
    half_size: tuple[float, float, float], axis: int, repeat_m: float | None
) -> NDArray[np.float32]:
    repeats: NDArray[np.float64] = np.ones(2)
    if repeat_m is not None:
        repeats = 2 * np.array([half_size[other] for other in _plane_axes(axis)]) / repeat_m
    return ((CORNERS + 1) / 2 * repeats * (1, -1)).astype(np.float32)


def _triangles(axis: int, side: int) -> NDArray[np.int32]:
    """Return the two triangles of a face, counterclockwise as seen from outside."""
    outward = (side > 0) == (axis != 1)
    return (TRIANGLES if outward else TRIANGLES[:, [0, 2, 1]]).astype(np.int32)
