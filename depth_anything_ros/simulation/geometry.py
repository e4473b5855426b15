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
What worlds are made of: upright boxes and cylinders.

World frame: x forward, y left, z up, metres, z = 0 at the floor, origin in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WALL_THICKNESS_M = 0.12
Surface = Literal['wall', 'trim', 'wood', 'fabric', 'metal', 'carton', 'picture', 'bright']


@dataclass(frozen=True)
class Solid:
    """
    An upright box or cylinder.

    center and half_size in metres (a cylinder's half_size is radius, radius, half height), yaw in
    radians. surface names the family of textures, variant picks one of it.
    """

    shape: Literal['box', 'cylinder']
    center: tuple[float, float, float]
    half_size: tuple[float, float, float]
    yaw: float = 0.0
    surface: Surface = 'wood'
    variant: int = 0


@dataclass(frozen=True)
class World:
    """A closed room of length (x) by width (y) by height (z) metres and the solids in it."""

    seed: int
    length: float
    width: float
    height: float
    solids: tuple[Solid, ...]


def box(
    x: float, y: float, z_min: float, z_max: float, size: tuple[float, float], surface: Surface
) -> Solid:
    """Return a box of size (x, y) standing between two heights."""
    half = (size[0] / 2, size[1] / 2, (z_max - z_min) / 2)
    return Solid('box', (x, y, (z_min + z_max) / 2), half, surface=surface)


def cylinder(
    x: float, y: float, z_min: float, z_max: float, radius: float, surface: Surface
) -> Solid:
    half = (radius, radius, (z_max - z_min) / 2)
    return Solid('cylinder', (x, y, (z_min + z_max) / 2), half, surface=surface)
