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

"""A run of three frames, made without a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blank import camera_info, diagnostics, grid, image, odometry, transform, transforms
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.replay.bag import encode, Recording, RecordingWriter
from depth_anything_ros.replay.run import (
    DEPTH,
    DEPTH_INFO,
    DIAGNOSTICS,
    GRID,
    load_run,
    Run,
    TRUE_DEPTH,
    TRUE_DEPTH_INFO,
    TRUE_GRID,
)
from depth_anything_ros.replay.topics import recognise_topics
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

OPTICAL = (-0.5, 0.5, -0.5, 0.5)
"""Quaternion of a level, forward-looking optical frame."""

STAMPS = [1_700_000_000_000_000_000 + i * 100_000_000 for i in range(3)]
TRUE_CELLS = np.zeros((60, 60), np.int8)
TRUE_CELLS[:, 40] = 100


NODE_SAYS = {
    'depth_anything/depth_anything: node': {
        'backend': 'openvino',
        'device': 'some CPU',
        'model': 'tiny',
        'precision': 'fp32',
        'input_size': '15x20',
        'infer_ms': '4.0',
        'grid_ms': '2.5',
    },
    'depth_anything/depth_anything: camera': {'scale_source': 'floor', 'age_p50_ms': '12.0'},
}


def log_time_of(message: Any) -> int:
    """Return the stamp, of transforms the first one of the run."""
    return nanoseconds(message.header.stamp) if hasattr(message, 'header') else STAMPS[0]


def write_run(
    path: Path, *, depth_m: float = 2.0, cells: np.ndarray = TRUE_CELLS, height_m: float = 0.5
) -> Path:
    """Record a robot whose camera stands 2 m before a wall, and what the node made of it."""
    flat = np.full((30, 40), 2.0, np.float32)
    small = np.full((15, 20), depth_m, np.float32)
    messages = [
        (
            '/tf_static',
            transforms(transform('base_link', 'camera_optical_frame', (0, 0, height_m), OPTICAL)),
        ),
        (TRUE_GRID, grid(STAMPS[0], TRUE_CELLS, 0.1, (-2.0, -3.0))),
    ]
    for stamp in STAMPS:
        messages += [
            ('/camera/image_raw', image(stamp, np.zeros((30, 40, 3), np.uint8), 'rgb8')),
            ('/camera/camera_info', camera_info(stamp, 40, 30, 20.0)),
            ('/odom', odometry(stamp + 1_000_000, 0.0, 0.0)),
            (TRUE_DEPTH, image(stamp, flat, '32FC1')),
            (TRUE_DEPTH_INFO, camera_info(stamp, 40, 30, 20.0)),
            (DEPTH, image(stamp, small, '32FC1')),
            (DEPTH_INFO, camera_info(stamp, 20, 15, 10.0)),
            (GRID, grid(stamp, cells[:, 10:], 0.1, (-1.0, -3.0))),
            (DIAGNOSTICS, diagnostics(stamp, NODE_SAYS)),
        ]
    with RecordingWriter(path) as writer:
        for topic, kind in {topic: m.__msgtype__ for topic, m in messages}.items():
            writer.add_topic(topic, kind)
        for topic, message in messages:
            late_ns = 20_000_000 if topic == GRID else 0
            writer.write(topic, log_time_of(message) + late_ns, encode(message))
    return path


OWN_TYPE = 'my_robot_msgs/msg/Status'


def with_own_type(source: Path, path: Path) -> Path:
    """Copy a recording and add a message of a type that only the robot has."""
    store = get_typestore(Stores.ROS2_KILTED)
    store.register(get_types_from_msg('string text', OWN_TYPE))
    with (
        Recording(source) as recording,
        Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer,
    ):
        types = {**recording.topics, '/status': OWN_TYPE}
        connections = {t: writer.add_connection(t, k, typestore=store) for t, k in types.items()}
        for raw in recording.messages():
            writer.write(connections[raw.topic], raw.log_time_ns, raw.data)
        said = store.serialize_cdr(store.types[OWN_TYPE](text='well'), OWN_TYPE)
        writer.write(connections['/status'], recording.start_ns, said)
    return path


def run_of(path: Path) -> Run:
    """Return a run whose recording stays open as long as the run is there."""
    recording = Recording(path)
    return load_run(recording, recognise_topics(recording.topics))
