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

"""Colour and depth of a world by OpenGL; depth and lidar by rays, which need no OpenGL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.headless import mujoco
from depth_anything_ros.simulation.scene import build_model, FAR_M, NEAR_M
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray


class Renderer:
    """Pictures of one world, each of the same size."""

    def __init__(self, renderer: mujoco.Renderer) -> None:
        """Use `open_renderer` instead."""
        self._renderer = renderer

    def color(self, pinhole: Pinhole, world_from_camera: Transform) -> NDArray[np.uint8]:
        """Return what the camera sees, (height, width, 3) RGB."""
        self._aim(pinhole, world_from_camera)
        self._renderer.disable_depth_rendering()
        image: NDArray[np.uint8] = self._renderer.render()
        return image

    def depth(self, pinhole: Pinhole, world_from_camera: Transform) -> NDArray[np.float32]:
        """Return (height, width) metres along the optical axis."""
        self._aim(pinhole, world_from_camera)
        self._renderer.enable_depth_rendering()
        depth_m: NDArray[np.float32] = self._renderer.render()
        return depth_m

    def _aim(self, pinhole: Pinhole, world_from_camera: Transform) -> None:
        left, right = -0.5 - pinhole.cx, pinhole.width - 0.5 - pinhole.cx
        top, bottom = -0.5 - pinhole.cy, pinhole.height - 0.5 - pinhole.cy
        for camera in self._renderer.scene.camera:  # two eyes, the same here
            camera.pos[:] = world_from_camera[:3, 3]
            camera.forward[:] = world_from_camera[:3, 2]
            camera.up[:] = -world_from_camera[:3, 1]
            camera.frustum_center = NEAR_M * (left + right) / 2 / pinhole.fx
            camera.frustum_width = NEAR_M * (right - left) / 2 / pinhole.fx
            camera.frustum_top = -NEAR_M * top / pinhole.fy
            camera.frustum_bottom = -NEAR_M * bottom / pinhole.fy
            camera.frustum_near, camera.frustum_far = NEAR_M, FAR_M


@contextmanager
def open_renderer(world: World, width: int, height: int) -> Iterator[Renderer]:
    """Give a renderer of (height, width) pictures; RuntimeError where there is no OpenGL."""
    model = build_model(world, width, height)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    try:
        renderer = mujoco.Renderer(model, height, width)
    except (mujoco.FatalError, ImportError, AttributeError, RuntimeError) as error:
        raise RuntimeError(
            'no OpenGL to render with: install libosmesa6 or libegl1 (MUJOCO_GL=osmesa or egl)'
        ) from error
    try:
        renderer.update_scene(data)
        yield Renderer(renderer)
    finally:
        renderer.close()


class RayCaster:
    """Exact distances in one world, computed without OpenGL."""

    def __init__(self, world: World) -> None:
        """Build the world's geometry."""
        self._model = build_model(world)
        self._data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._data)

    def ranges(
        self, origin: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (N,) multiples of (N, 3) world directions to the first surface; inf for none."""
        count = len(directions)
        geoms, ranges = np.empty(count, np.int32), np.empty(count)
        mujoco.mj_multiRay(
            self._model,
            self._data,
            origin,
            np.ascontiguousarray(directions).ravel(),
            None,
            1,
            -1,
            geoms,
            ranges,
            None,
            count,
            FAR_M * 10,
        )
        return np.where(ranges < 0, np.inf, ranges)

    def depth(self, pinhole: Pinhole, world_from_camera: Transform) -> NDArray[np.float32]:
        """Return (height, width) metres along the optical axis."""
        directions = pinhole.rays.reshape(-1, 3) @ world_from_camera[:3, :3].T
        depth_m = self.ranges(world_from_camera[:3, 3], directions)
        return depth_m.reshape(pinhole.height, pinhole.width).astype(np.float32)

    def lidar(
        self, world_from_lidar: Transform, angles: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return (N,) ranges in metres at (N,) bearings in the lidar's x-y plane; inf for none."""
        directions = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
        ranges = self.ranges(world_from_lidar[:3, 3], directions @ world_from_lidar[:3, :3].T)
        return ranges.astype(np.float32)
