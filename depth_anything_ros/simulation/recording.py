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
Recordings of simulated drives as rosbag2 MCAP: camera, odometry, lidar and ground truth.

| topic | type | rate |
|---|---|---|
| /camera/image_raw/compressed | sensor_msgs/CompressedImage, JPEG | 25 Hz |
| /camera/camera_info | sensor_msgs/CameraInfo | 25 Hz |
| /odom, /tf | nav_msgs/Odometry, odom to base_link | 50 Hz |
| /scan | sensor_msgs/LaserScan in `laser` | 12.5 Hz |
| /tf_static | base_link to camera_link to camera_optical_frame, base_link to laser | once |
| /ground_truth/depth | sensor_msgs/Image 16UC1, millimetres | 5 Hz, image stamps |
| /ground_truth/camera_info | of the depth image, a smaller one of the same view | 5 Hz |
| /ground_truth/grid | nav_msgs/OccupancyGrid in odom, 0.08 to 1.0 m | once |

The odom frame is the world's, so odometry is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.replay.bag import encode, is_latched, RecordingWriter
from depth_anything_ros.simulation import messages
from depth_anything_ros.simulation.driving import BaseState, drive
from depth_anything_ros.simulation.frames import (
    BASE_FROM_CAMERA,
    simulate_in_color,
    SimulatedFrame,
    stamp_of,
    START_NS,
)
from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.occupancy import occupancy_truth
from depth_anything_ros.simulation.renderer import RayCaster
from depth_anything_ros.simulation.worlds import make_world
from depth_anything_ros.transforms import BASE_FROM_OPTICAL_ROTATION, inverse, transform_from
import numpy as np

RATE_HZ = 50.0  # of the odometry; every 2nd state has an image, every 4th a scan
IMAGE_EVERY, SCAN_EVERY, TRUTH_EVERY = 2, 4, 10
PINHOLE = Pinhole.from_field_of_view(480, 360, 72.0)
JPEG_QUALITY = 52
TRUTH_PINHOLE = PINHOLE.resized(160, 120)
GRID_RESOLUTION_M, GRID_Z_MIN_M, GRID_Z_MAX_M = 0.05, 0.08, 1.0
LIDAR_RANGE_M = 12.0
LIDAR_ANGLES = np.linspace(-np.pi, np.pi, 360, endpoint=False, dtype=np.float64)
BASE_FROM_LIDAR = transform_from(np.eye(3), np.array([0.0, 0.0, 0.25]))
LINK_FROM_OPTICAL = transform_from(BASE_FROM_OPTICAL_ROTATION, np.zeros(3))

Stamped = tuple[str, int, Any]

TOPICS = {
    '/camera/image_raw/compressed': 'sensor_msgs/msg/CompressedImage',
    '/camera/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/odom': 'nav_msgs/msg/Odometry',
    '/scan': 'sensor_msgs/msg/LaserScan',
    '/tf': 'tf2_msgs/msg/TFMessage',
    '/tf_static': 'tf2_msgs/msg/TFMessage',
    '/ground_truth/depth': 'sensor_msgs/msg/Image',
    '/ground_truth/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/ground_truth/grid': 'nav_msgs/msg/OccupancyGrid',
}


def record(path: Path, seed: int, duration_s: float) -> None:
    """
    Write a drive through the world of a seed as a new rosbag2 folder.

    Raise RuntimeError without OpenGL, NoPathError where the world is too crowded, and
    RecordingError where the folder exists.
    """
    world = make_world(seed)
    states = drive(world, duration_s, RATE_HZ)
    with RecordingWriter(path, compress=True) as writer:
        for topic, type_name in TOPICS.items():
            writer.add_topic(topic, type_name, latched=is_latched(topic, type_name))
        for stamped in _static_messages(world):
            _write(writer, stamped)
        frames = simulate_in_color(world, states[::IMAGE_EVERY], PINHOLE)
        caster = RayCaster(world)
        for index, state in enumerate(states):
            for stamped in _motion_messages(state):
                _write(writer, stamped)
            if index % SCAN_EVERY == 0:
                _write(writer, _scan_message(caster, state))
            if index % IMAGE_EVERY == 0:
                for stamped in _frame_messages(next(frames), index % TRUTH_EVERY == 0):
                    _write(writer, stamped)


def _write(writer: RecordingWriter, stamped: Stamped) -> None:
    topic, stamp_ns, message = stamped
    writer.write(topic, stamp_ns, encode(message))


def _static_messages(world: World) -> Iterator[Stamped]:
    tree = [
        ('base_link', 'camera_link', BASE_FROM_CAMERA @ inverse(LINK_FROM_OPTICAL)),
        ('camera_link', 'camera_optical_frame', LINK_FROM_OPTICAL),
        ('base_link', 'laser', BASE_FROM_LIDAR),
    ]
    yield '/tf_static', START_NS, messages.transforms(START_NS, tree)
    cells, frame = occupancy_truth(world, GRID_RESOLUTION_M, GRID_Z_MIN_M, GRID_Z_MAX_M)
    grid = messages.occupancy_grid(START_NS, 'odom', cells, frame)
    yield '/ground_truth/grid', START_NS, grid


def _motion_messages(state: BaseState) -> Iterator[Stamped]:
    stamp_ns = stamp_of(state)
    yield '/odom', stamp_ns, messages.odometry(stamp_ns, 'odom', 'base_link', state)
    tree = [('odom', 'base_link', state.odom_from_base)]
    yield '/tf', stamp_ns, messages.transforms(stamp_ns, tree)


def _scan_message(caster: RayCaster, state: BaseState) -> Stamped:
    stamp_ns = stamp_of(state)
    ranges_m = caster.lidar(state.odom_from_base @ BASE_FROM_LIDAR, LIDAR_ANGLES)
    scan = messages.laser_scan(stamp_ns, 'laser', LIDAR_ANGLES, ranges_m, LIDAR_RANGE_M)
    return '/scan', stamp_ns, scan


def _frame_messages(frame: SimulatedFrame, with_truth: bool) -> Iterator[Stamped]:
    stamp_ns, optical = frame.stamp_ns, 'camera_optical_frame'
    if frame.image is None:
        raise ValueError('a recording needs frames in colour')
    image = messages.compressed_image(stamp_ns, optical, frame.image, JPEG_QUALITY)
    info = messages.camera_info(stamp_ns, optical, frame.pinhole)
    yield '/camera/camera_info', stamp_ns, info
    yield '/camera/image_raw/compressed', stamp_ns, image
    if with_truth:
        truth_m = _shrunk(frame)
        depth = messages.depth_image(stamp_ns, optical, truth_m)
        info = messages.camera_info(stamp_ns, optical, TRUTH_PINHOLE)
        yield '/ground_truth/camera_info', stamp_ns, info
        yield '/ground_truth/depth', stamp_ns, depth


def _shrunk(frame: SimulatedFrame) -> Any:
    """Return the depth of every third pixel, those in the middle of a pixel of TRUTH_PINHOLE."""
    every = PINHOLE.width // TRUTH_PINHOLE.width
    first = every // 2
    return frame.depth_m[first::every, first::every]
