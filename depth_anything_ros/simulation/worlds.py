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

"""Indoor worlds by seed: rooms, corridors and doorways, furnished."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from depth_anything_ros.simulation.furniture import furnish
from depth_anything_ros.simulation.geometry import box, Solid, Surface, WALL_THICKNESS_M, World
import numpy as np

# Disjoint, so that nothing is ever judged on a world the demo model was trained on.
TRAINING_SEEDS = range(1_000_000, 2_000_000)
VALIDATION_SEEDS = range(2_000_000, 2_100_000)
TEST_SEEDS = range(3_000_000, 3_100_000)
DEMO_SEEDS = range(4_000_000, 4_000_100)
DEMO_SEED = DEMO_SEEDS[49]

DOOR_HEIGHT_M = 2.05
DECOR_SHARES = 0.45, 0.25, 0.15, 0.15


def make_world(seed: int) -> World:
    """Return the world of a seed; the same seed always gives the same world."""
    rng = np.random.default_rng(seed)
    layout = rng.choice(['room', 'two_rooms', 'corridor'], p=[0.5, 0.3, 0.2])
    height = rng.uniform(2.3, 3.2)
    if layout == 'corridor':
        length, width = rng.uniform(7, 12), rng.uniform(1.7, 2.8)
    else:
        length, width = rng.uniform(4.5, 11), rng.uniform(4, 8)
    solids = _outer_walls(length, width, height)
    rooms = [(-length / 2, length / 2)]
    if layout == 'two_rooms':
        wall_x = rng.uniform(-0.15, 0.15) * length
        solids += _wall_with_door(rng, wall_x, width, height)
        rooms = [(-length / 2, wall_x), (wall_x, length / 2)]
    solids += _wall_decor(rng, length, width, height)
    solids += furnish(rng, rooms, width, corridor=bool(layout == 'corridor'))
    return World(seed, float(length), float(width), float(height), tuple(solids))


def _outer_walls(length: float, width: float, height: float) -> list[Solid]:
    t = WALL_THICKNESS_M
    walls = []
    for i, side in enumerate((-1, 1)):
        across = box(side * (length + t) / 2, 0, 0, height, (t, width + 2 * t), 'wall')
        along = box(0, side * (width + t) / 2, 0, height, (length, t), 'wall')
        walls += [replace(across, variant=i), replace(along, variant=i + 2)]
        walls.append(box(side * (length / 2 - 0.007), 0, 0, 0.1, (0.014, width), 'trim'))
        walls.append(box(0, side * (width / 2 - 0.007), 0, 0.1, (length, 0.014), 'trim'))
    return walls


def _wall_with_door(
    rng: np.random.Generator, wall_x: float, width: float, height: float
) -> list[Solid]:
    """Return a wall across the room at wall_x with one open doorway, its frame and its lintel."""
    t, opening = WALL_THICKNESS_M, rng.uniform(0.9, 1.4)
    door_y = rng.uniform(-1, 1) * (width / 2 - opening / 2 - 0.4)
    low, high = door_y - opening / 2, door_y + opening / 2
    parts = [box(wall_x, door_y, DOOR_HEIGHT_M, height, (t, opening), 'wall')]
    for start, stop in ((-width / 2, low), (high, width / 2)):
        middle, span = (start + stop) / 2, stop - start
        parts.append(box(wall_x, middle, 0, height, (t, span), 'wall'))
        parts.append(box(wall_x, middle, 0, 0.1, (t + 0.028, span), 'trim'))
    for edge in (low, high):
        parts.append(box(wall_x, edge, 0, DOOR_HEIGHT_M, (t + 0.04, 0.06), 'trim'))
    return parts


def _wall_decor(
    rng: np.random.Generator, length: float, width: float, height: float
) -> list[Solid]:
    """Return closed doors, pictures and windows flat on the outer walls."""
    decor = []
    for side, along_x in product((-1, 1), (True, False)):
        span, across = (length, width) if along_x else (width, length)
        for offset in map(float, np.arange(-span / 2 + 0.7, span / 2 - 0.7, 1.4)):
            kind = str(rng.choice(['none', 'picture', 'window', 'door'], p=DECOR_SHARES))
            if kind == 'none':
                continue
            panel_width, bottom, top, surface = _panel(rng, kind, height)
            at = side * (across / 2 - 0.01)
            if along_x:
                panel = box(offset, at, bottom, top, (panel_width, 0.02), surface)
            else:
                panel = box(at, offset, bottom, top, (0.02, panel_width), surface)
            decor.append(replace(panel, variant=int(rng.integers(4))))
    return decor


def _panel(
    rng: np.random.Generator, kind: str, height: float
) -> tuple[float, float, float, Surface]:
    """Return width, lower and upper edge (m) and surface of something flat on a wall."""
    if kind == 'door':
        return rng.uniform(0.8, 1.0), 0.0, 2.0, 'wood'
    if kind == 'window':
        return rng.uniform(0.7, 1.3), 0.9, height - 0.3, 'bright'
    bottom = rng.uniform(0.7, 1.5)
    return rng.uniform(0.3, 1.1), bottom, bottom + rng.uniform(0.3, 0.7), 'picture'
