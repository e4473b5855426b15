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

"""Furniture made of boxes and cylinders, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, hypot, pi, sin

from depth_anything_ros.simulation.geometry import box, cylinder, Solid
import numpy as np


def _table(rng: np.random.Generator) -> list[Solid]:
    x, y, z = rng.uniform(0.35, 0.8), rng.uniform(0.25, 0.45), rng.uniform(0.42, 0.78)
    parts = [box(0, 0, z - 0.04, z, (2 * x, 2 * y), 'wood')]
    for sx in (-1, 1):
        for sy in (-1, 1):
            at = (sx * (x - 0.05), sy * (y - 0.05))
            parts.append(box(*at, 0, z - 0.04, (0.05, 0.05), 'metal'))
    if rng.random() < 0.5:
        parts.append(box(0, 0, z, z + rng.uniform(0.1, 0.4), (0.3, 0.25), 'carton'))
    return parts


def _chair(rng: np.random.Generator) -> list[Solid]:
    z, half = rng.uniform(0.4, 0.5), rng.uniform(0.19, 0.25)
    parts = [box(0, 0, z - 0.05, z, (2 * half, 2 * half), 'fabric')]
    parts.append(box(-half + 0.02, 0, z, z + rng.uniform(0.35, 0.5), (0.04, 2 * half), 'fabric'))
    for sx in (-1, 1):
        for sy in (-1, 1):
            at = (sx * (half - 0.03), sy * (half - 0.03))
            parts.append(cylinder(*at, 0, z - 0.05, 0.02, 'metal'))
    return parts


def _sofa(rng: np.random.Generator) -> list[Solid]:
    half, z = rng.uniform(0.6, 1.0), rng.uniform(0.38, 0.46)
    return [
        box(0, 0, 0, z, (0.85, 2 * half), 'fabric'),
        box(-0.33, 0, z, z + 0.4, (0.2, 2 * half), 'fabric'),
        box(0, half - 0.08, z, z + 0.18, (0.85, 0.16), 'fabric'),
        box(0, -half + 0.08, z, z + 0.18, (0.85, 0.16), 'fabric'),
    ]


def _shelf(rng: np.random.Generator) -> list[Solid]:
    half, top, levels = rng.uniform(0.3, 0.6), rng.uniform(1.2, 2.0), int(rng.integers(3, 6))
    parts = [box(-0.16, 0, 0, top, (0.02, 2 * half), 'wood')]
    for side in (-1, 1):
        parts.append(box(0, side * half, 0, top, (0.34, 0.03), 'wood'))
    for z in np.linspace(0.05, top, levels):
        parts.append(box(0, 0, z - 0.03, z, (0.34, 2 * half), 'wood'))
        y, tall = rng.uniform(-0.6, 0.6) * half, rng.uniform(0.1, 0.22)
        parts.append(box(0, y, z, z + tall, (0.2, rng.uniform(0.1, 0.3)), 'carton'))
    return parts


def _cabinet(rng: np.random.Generator) -> list[Solid]:
    size = (rng.uniform(0.35, 0.6), rng.uniform(0.5, 1.2))
    return [box(0, 0, 0, rng.uniform(0.7, 2.1), size, 'wood')]


def _boxes(rng: np.random.Generator) -> list[Solid]:
    a, b = rng.uniform(0.2, 0.7, 2)
    z = rng.uniform(0.15, 0.7)
    parts = [box(0, 0, 0, z, (a, b), 'carton')]
    if rng.random() < 0.5:
        top = box(0, 0, z, z + rng.uniform(0.15, 0.5), (0.8 * a, 0.7 * b), 'carton')
        parts.append(replace(top, yaw=rng.uniform(-0.4, 0.4), variant=1))
    return parts


def _bin(rng: np.random.Generator) -> list[Solid]:
    return [cylinder(0, 0, 0, rng.uniform(0.3, 1.0), rng.uniform(0.12, 0.35), 'metal')]


def _column(rng: np.random.Generator) -> list[Solid]:
    if rng.random() < 0.5:
        return [cylinder(0, 0, 0, 2.3, rng.uniform(0.12, 0.25), 'wall')]
    size = rng.uniform(0.25, 0.5)
    return [box(0, 0, 0, 2.3, (size, size), 'wall')]


def _pole(rng: np.random.Generator) -> list[Solid]:
    """Return a thin pole, 3 to 5 cm across, on a flat foot."""
    top, radius = rng.uniform(0.9, 2.0), rng.uniform(0.015, 0.025)
    parts = [cylinder(0, 0, 0, 0.03, 0.14, 'metal'), cylinder(0, 0, 0.03, top, radius, 'metal')]
    if rng.random() < 0.3:
        parts.append(cylinder(0, 0, top, top + 0.25, 0.18, 'bright'))
    return parts


Maker = Callable[[np.random.Generator], list[Solid]]
_AGAINST_WALLS: tuple[Maker, ...] = (_cabinet, _shelf, _sofa, _boxes, _table)
_ANYWHERE: tuple[Maker, ...] = (_boxes, _bin, _column, _pole, _pole, _chair, _chair, _table, _sofa)
_IN_CORRIDORS: tuple[Maker, ...] = (_cabinet, _boxes, _bin, _pole, _chair)


def furnish(
    rng: np.random.Generator, rooms: list[tuple[float, float]], width: float, *, corridor: bool
) -> list[Solid]:
    """
    Return furniture along the walls and in the middle, with ways to drive in between.

    rooms: (x_min, x_max) of each, metres; all are `width` wide, about y = 0.
    """
    placed: list[Solid] = []
    taken: list[tuple[float, float, float]] = []
    for x_min, x_max in rooms:
        room = (x_min, x_max, width)
        for i in range(int((x_max - x_min) * width * rng.uniform(0.25, 0.55))):
            at_wall = corridor or i % 2 == 0
            makers = _IN_CORRIDORS if corridor else _AGAINST_WALLS if at_wall else _ANYWHERE
            parts = makers[int(rng.integers(len(makers)))](rng)
            depth, radius = _extent(parts)
            reach = radius + (0.1 if at_wall else 0.35)
            x, y, yaw = _place(rng, room, depth, radius, at_wall)
            blocks_corridor = corridor and abs(y) - radius < 0.15
            if blocks_corridor or any(hypot(x - u, y - v) <= r + reach for u, v, r in taken):
                continue
            taken.append((x, y, reach))
            variant = int(rng.integers(4))
            placed += [_moved(part, (x, y, yaw), variant) for part in parts]
    return placed


def _extent(parts: list[Solid]) -> tuple[float, float]:
    """Return how far parts reach along x and in any direction from the origin, metres."""
    corners = [
        (abs(p.center[0]) + p.half_size[0], abs(p.center[1]) + p.half_size[1]) for p in parts
    ]
    return max(x for x, _ in corners), max(hypot(x, y) for x, y in corners)


def _place(
    rng: np.random.Generator,
    room: tuple[float, float, float],
    depth: float,
    radius: float,
    at_wall: bool,
) -> tuple[float, float, float]:
    """Return x, y, yaw inside a room; at a wall, its back (the local -x side) faces the wall."""
    x_min, x_max, width = room
    x_margin = min(radius + 0.1, (x_max - x_min) / 2 - 0.01)
    x = rng.uniform(x_min + x_margin, x_max - x_margin)
    y_max = max(width / 2 - radius - 0.1, 0.1)
    if not at_wall:
        return x, rng.uniform(-y_max, y_max), rng.uniform(-pi, pi)
    side = 1 if rng.random() < 0.5 else -1
    return x, side * (width / 2 - depth - 0.06), -side * pi / 2


def _moved(part: Solid, pose: tuple[float, float, float], variant: int) -> Solid:
    x, y, yaw = pose
    px, py, pz = part.center
    center = (x + cos(yaw) * px - sin(yaw) * py, y + sin(yaw) * px + cos(yaw) * py, pz)
    return replace(part, center=center, yaw=part.yaw + yaw, variant=part.variant + variant)
