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

"""A floor and a wall whose depth is known in closed form, and a backend that sees them."""

from dataclasses import replace

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.frame import Frame
from depth_anything_ros.pipeline import StageClock
from depth_anything_ros.transforms import base_from_mounted_camera
import numpy as np

HEIGHT, WIDTH = 126, 168
CAMERA_HEIGHT_M, WALL_M = 0.6, 3.0
CAMERA = CameraModel(Pinhole.from_field_of_view(2 * WIDTH, 2 * HEIGHT, 80.0))
VIEW = CAMERA.pinhole.resized(WIDTH, HEIGHT)


def inverse_depth_of_floor_and_wall():
    floor = np.repeat(VIEW.ray_y[:, None] / CAMERA_HEIGHT_M, WIDTH, axis=1)
    return np.maximum(floor, 1 / WALL_M).astype(np.float32)


class PerfectUpToScale:
    """A backend that sees the scene as 1/z = 2 d + 0.05 would."""

    info = BackendInfo('double', 'none', 'double', 'fp32', 1, HEIGHT, WIDTH, False, 0.0)

    def infer(self, batch):
        return np.stack([(inverse_depth_of_floor_and_wall() - 0.05) / 2] * len(batch))

    def close(self):
        pass


def processed(pipeline, frames, outputs):
    return pipeline.interpret(pipeline.estimate(frames, StageClock()), outputs)


def frame(stamp_s, **changes):
    image = np.random.default_rng(1).integers(40, 200, (2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
    mounted = base_from_mounted_camera(0, 0, CAMERA_HEIGHT_M, 0, 0, 0)
    whole = Frame('camera', round(stamp_s * 1e9), image, 'rgb', CAMERA, mounted, np.eye(4))
    return replace(whole, **changes)
