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

"""Messages for tests, made without ROS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from depth_anything_ros.replay.bag import message_types
import numpy as np
from rosbags.interfaces import Nodetype


def blank(type_name: str) -> Any:
    """Return a message whose numbers are zero, and whose texts and sequences are empty."""
    _, fields = message_types().fielddefs[type_name]
    values = {name: _blank_field(kind, detail) for name, (kind, detail) in fields}
    return message_types().types[type_name](**values)


def _blank_field(kind: Nodetype, detail: Any) -> Any:
    if kind == Nodetype.BASE:
        return {'string': '', 'bool': False}.get(detail[0], 0.0 if 'float' in detail[0] else 0)
    if kind == Nodetype.NAME:
        return blank(detail)
    (item_kind, item), length = detail
    if item_kind == Nodetype.BASE and item[0] != 'string':
        return np.zeros(length, dtype={'byte': 'uint8', 'octet': 'uint8'}.get(item[0], item[0]))
    return [_blank_field(item_kind, item) for _ in range(length)]


def stamped(type_name: str, stamp_ns: int, frame_id: str = '') -> Any:
    """Return a blank message with this header."""
    message = blank(type_name)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    message.header.frame_id = frame_id
    return message


def image(stamp_ns: int, pixels: Any, encoding: str) -> Any:
    """Return an Image of (H, W) or (H, W, C) pixels."""
    message = stamped('sensor_msgs/msg/Image', stamp_ns, 'camera_optical_frame')
    message.height, message.width = pixels.shape[:2]
    message.encoding = encoding
    message.step = pixels.nbytes // len(pixels)
    message.data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
    return message


def camera_info(stamp_ns: int, width: int, height: int, focal: float) -> Any:
    """Return the CameraInfo of an ideal camera, centred."""
    message = stamped('sensor_msgs/msg/CameraInfo', stamp_ns, 'camera_optical_frame')
    message.width, message.height = width, height
    message.distortion_model = 'plumb_bob'
    cx, cy = (width - 1) / 2, (height - 1) / 2
    message.k = np.array([focal, 0, cx, 0, focal, cy, 0, 0, 1.0])
    return message


def odometry(stamp_ns: int, x: float, y: float, child_frame: str = 'base_link') -> Any:
    """Return the Odometry of a robot at (x, y) that looks along x."""
    message = stamped('nav_msgs/msg/Odometry', stamp_ns, 'odom')
    message.child_frame_id = child_frame
    message.pose.pose.position.x, message.pose.pose.position.y = x, y
    message.pose.pose.orientation.w = 1.0
    return message


def grid(stamp_ns: int, cells: Any, resolution: float, origin: tuple[float, float]) -> Any:
    """Return the OccupancyGrid of (rows, columns) cells in odom."""
    message = stamped('nav_msgs/msg/OccupancyGrid', stamp_ns, 'odom')
    message.info.height, message.info.width = cells.shape
    message.info.resolution = resolution
    message.info.origin.position.x, message.info.origin.position.y = origin
    message.data = cells.astype(np.int8).ravel()
    return message


def transform(parent: str, child: str, translation: Any, rotation_xyzw: Any) -> Any:
    """Return a TransformStamped."""
    message = stamped('geometry_msgs/msg/TransformStamped', 0, parent)
    message.child_frame_id = child
    place, turn = message.transform.translation, message.transform.rotation
    place.x, place.y, place.z = translation
    turn.x, turn.y, turn.z, turn.w = rotation_xyzw
    return message


def transforms(*stamped_transforms: Any) -> Any:
    """Return a TFMessage."""
    message = blank('tf2_msgs/msg/TFMessage')
    message.transforms = list(stamped_transforms)
    return message


def diagnostics(stamp_ns: int, said: Mapping[str, Mapping[str, str]]) -> Any:
    """Return a DiagnosticArray of values by status name."""
    message = stamped('diagnostic_msgs/msg/DiagnosticArray', stamp_ns)
    key_value = message_types().types['diagnostic_msgs/msg/KeyValue']
    for name, values in said.items():
        status = blank('diagnostic_msgs/msg/DiagnosticStatus')
        status.name = name
        status.values = [key_value(key=key, value=value) for key, value in values.items()]
        message.status.append(status)
    return message
