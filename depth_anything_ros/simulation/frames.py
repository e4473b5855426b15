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

"""Frames of a drive with their truth, in memory: for recordings and for measuring accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import radians

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.simulation.driving import BaseState
from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.renderer import open_renderer, RayCaster
from depth_anything_ros.transforms import base_from_mounted_camera, Transform
import numpy as np
from numpy.typing import NDArray

BASE_FROM_CAMERA = base_from_mounted_camera(0.12, 0.0, 0.6, 0.0, radians(12), 0.0)
START_NS = 1_750_000_000_000_000_000


@dataclass(frozen=True)
class SimulatedFrame:
    """
    What an ideal camera on the base sees.

    image: (H, W, 3) uint8 RGB, None where no colour was asked for; depth_m: (H, W) float32 along
    the optical axis, exact; base_from_camera: of the optical frame, z = 0 at the floor.
    """

    stamp_ns: int
    image: NDArray[np.uint8] | None
    depth_m: NDArray[np.float32]
    pinhole: Pinhole
    base_from_camera: Transform
    odom_from_base: Transform


def simulate(
    world: World,
    states: Sequence[BaseState],
    pinhole: Pinhole,
    base_from_camera: Transform = BASE_FROM_CAMERA,
) -> Iterator[SimulatedFrame]:
    """Yield the depth that each state's camera sees, by rays: no OpenGL is needed."""
    caster = RayCaster(world)
    for state in states:
        pose = state.odom_from_base
        depth_m = caster.depth(pinhole, pose @ base_from_camera)
        yield SimulatedFrame(stamp_of(state), None, depth_m, pinhole, base_from_camera, pose)


def simulate_in_color(
    world: World,
    states: Sequence[BaseState],
    pinhole: Pinhole,
    base_from_camera: Transform = BASE_FROM_CAMERA,
) -> Iterator[SimulatedFrame]:
    """Yield image and depth of each state's camera; raise RuntimeError without OpenGL."""
    with open_renderer(world, pinhole.width, pinhole.height) as renderer:
        for state in states:
            pose = state.odom_from_base
            world_from_camera = pose @ base_from_camera
            yield SimulatedFrame(
                stamp_of(state),
                renderer.color(pinhole, world_from_camera),
                renderer.depth(pinhole, world_from_camera),
                pinhole,
                base_from_camera,
                pose,
            )


def stamp_of(state: BaseState) -> int:
    """Return a state's stamp in nanoseconds; every drive starts at the same one."""
    return START_NS + round(state.time_s * 1e9)
