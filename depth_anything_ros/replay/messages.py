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

"""Arrays, cameras and poses out of messages that were decoded without ROS."""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import Any

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.node.images import (
    image_from_compressed,
    image_from_message,
    InputError,
)
from depth_anything_ros.replay.bag import RecordingError
from depth_anything_ros.replay.grid_truth import GridFrame
from depth_anything_ros.transforms import (
    inverse,
    rotation_from_quaternion,
    Transform,
    transform_from,
)
import numpy as np
from numpy.typing import NDArray

COMPRESSED_DEPTH_HEADER = 12
"""Bytes before the PNG in compressed_depth_image_transport's messages."""

MILLIMETRES_OF = {'16UC1': True, 'mono16': True, '32FC1': False}

TO_BGR = {'rgb': cv2.COLOR_RGB2BGR, 'mono': cv2.COLOR_GRAY2BGR}


def pinhole_of(camera_info: Any) -> Pinhole:
    """Return the ideal camera of a CameraInfo, its K and size."""
    k = camera_info.k
    return Pinhole(
        int(camera_info.width),
        int(camera_info.height),
        *(float(k[i]) for i in (0, 4, 2, 5)),
    )


def colour_image(message: Any) -> NDArray[np.uint8]:
    """
    Return the (H, W, 3) BGR picture of an Image or CompressedImage.

    Raise RecordingError where the node could not read it either.
    """
    decode = image_from_compressed if hasattr(message, 'format') else image_from_message
    try:
        picture, channels = decode(message)
    except InputError as error:
        raise RecordingError(f'the recording has an image that cannot be read: {error}') from error
    if channels == 'bgr':
        return picture
    return np.asarray(cv2.cvtColor(picture, TO_BGR[channels]), dtype=np.uint8)


def depth_image(message: Any) -> NDArray[np.float32]:
    """
    Return (H, W) metres of a depth Image or a PNG-compressed one; NaN where there is none.

    Raise RecordingError where it is neither 32FC1 metres nor 16-bit millimetres.
    """
    if hasattr(message, 'format'):
        return _depth_from_png(message)
    if message.encoding not in MILLIMETRES_OF:
        raise RecordingError(f'depth encoding {message.encoding!r} is not 32FC1 or 16UC1')
    in_millimetres = MILLIMETRES_OF[message.encoding]
    size, kind = (2, 'u2') if in_millimetres else (4, 'f4')
    rows = np.asarray(message.data).reshape(message.height, message.step)
    order = '>' if message.is_bigendian else '<'
    values = np.ascontiguousarray(rows[:, : message.width * size]).view(order + kind)
    return _metres(values) if in_millimetres else values.astype(np.float32)


def _depth_from_png(message: Any) -> NDArray[np.float32]:
    data = np.asarray(message.data)
    if 'compressedDepth' in message.format:
        data = data[COMPRESSED_DEPTH_HEADER:]
    values = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise RecordingError(f'depth of format {message.format!r} is not a 16-bit PNG')
    return _metres(values)


def _metres(millimetres: NDArray[Any]) -> NDArray[np.float32]:
    metres = millimetres.astype(np.float32) / np.float32(1000)
    metres[millimetres == 0] = np.nan
    return metres


def grid_cells(message: Any) -> tuple[NDArray[np.int8], GridFrame]:
    """Return (rows, columns) cells of an OccupancyGrid without rotation, and where they lie."""
    info = message.info
    origin = info.origin.position
    cells = np.asarray(message.data, dtype=np.int8).reshape(info.height, info.width)
    return cells, GridFrame(float(info.resolution), float(origin.x), float(origin.y))


def pose_transform(pose: Any) -> Transform:
    """Return parent_from_child of a geometry_msgs/Pose or Transform."""
    place = getattr(pose, 'position', None) or pose.translation
    turn = getattr(pose, 'orientation', None) or pose.rotation
    return transform_from(
        rotation_from_quaternion(turn.x, turn.y, turn.z, turn.w),
        np.array([place.x, place.y, place.z]),
    )


def static_transform(messages: Iterable[Any], target: str, source: str) -> Transform | None:
    """Return target_from_source through the frames of TFMessages; None where no path leads."""
    steps: dict[str, dict[str, Transform]] = {}
    for message in messages:
        for stamped in message.transforms:
            parent, child = stamped.header.frame_id, stamped.child_frame_id
            parent_from_child = pose_transform(stamped.transform)
            steps.setdefault(parent, {})[child] = parent_from_child
            steps.setdefault(child, {})[parent] = inverse(parent_from_child)
    reached = {target: np.eye(4)}
    waiting = [target]
    while waiting:
        frame = waiting.pop()
        for neighbour, frame_from_neighbour in steps.get(frame, {}).items():
            if neighbour not in reached:
                reached[neighbour] = reached[frame] @ frame_from_neighbour
                waiting.append(neighbour)
    return reached.get(source)


def mounting_of(base_from_camera: Transform) -> tuple[float, float, float, float, float, float]:
    """Return x, y, z in metres and URDF roll, pitch, yaw of a camera's optical frame."""
    x, y, z = (float(v) for v in base_from_camera[:3, 3])
    forward, right, down = (base_from_camera[:3, i] for i in (2, 0, 1))
    yaw = math.atan2(forward[1], forward[0])
    pitch = math.atan2(-forward[2], math.hypot(forward[0], forward[1]))
    roll = math.atan2(-right[2], -down[2])
    return x, y, z, roll, pitch, yaw
