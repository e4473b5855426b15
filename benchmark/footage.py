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

"""What a camera saw on a recorded drive, in memory and at any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import hashlib
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.replay.bag import decode, Recording
from depth_anything_ros.replay.messages import colour_image, pinhole_of
from depth_anything_ros.replay.setting_up import node_setup
from depth_anything_ros.replay.topics import recognise_topics
from nav_msgs.msg import Odometry
import numpy as np
from numpy.typing import NDArray

DEMO_RECORDING = Path(__file__).parents[1] / 'demo' / 'recording'


@dataclass(frozen=True)
class Footage:
    """
    What a camera saw on a drive, in memory, to be shown forth and back without end.

    images: (H, W, 3) uint8 BGR; poses: of the robot at each; parameters: of a node for it.
    """

    images: Sequence[NDArray[np.uint8]]
    poses: Sequence[Odometry]
    pinhole: Pinhole
    parameters: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Of all the pixels, in hex."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(image.tobytes())
        return digest.hexdigest()

    def index(self, i: int) -> int:
        """Return which image is the i-th that is shown."""
        around = i % (2 * len(self.images) - 2)
        return min(around, 2 * len(self.images) - 2 - around)


def load_footage(path: Path, width: int, height: int, count: int) -> Footage:
    """Return the first `count` images of a recording, cut to the shape asked for and resized."""
    with Recording(path) as recording:
        topics = recognise_topics(recording.topics)
        setup = node_setup(recording, topics, model='', camera_height_m=None)
        info = decode(next(recording.messages([topics.camera_info])))
        odometry = [decode(raw) for raw in recording.messages([topics.odom])]
        raws = list(islice(recording.messages([topics.image]), count))
    pinhole, images = pinhole_of(info), []
    for raw in raws:
        cut, image = _cut(pinhole, colour_image(decode(raw)), width / height)
        images.append(np.asarray(cv2.resize(image, (width, height)), np.uint8))
    at = np.array([_seconds(pose) for pose in odometry])
    stamps = [_seconds(decode(raw)) for raw in raws]
    poses = [_odometry(odometry[int(np.abs(at - stamp).argmin())]) for stamp in stamps]
    parameters = {**setup.parameters, 'use_sim_time': False, 'image_transport': 'raw'}
    return Footage(images, poses, cut.resized(width, height), parameters)


def _odometry(recorded: Any) -> Odometry:
    """Return the pose as a message of ROS."""
    message = Odometry(child_frame_id=recorded.child_frame_id)
    message.header.frame_id = recorded.header.frame_id
    for name in ('position', 'orientation'):
        for axis, value in vars(getattr(recorded.pose.pose, name)).items():
            if not axis.startswith('_'):
                setattr(getattr(message.pose.pose, name), axis, float(value))
    return message


def _seconds(message: Any) -> float:
    return float(message.header.stamp.sec + message.header.stamp.nanosec * 1e-9)


def _cut(
    pinhole: Pinhole, image: NDArray[np.uint8], aspect: float
) -> tuple[Pinhole, NDArray[np.uint8]]:
    """Return the middle of an image, as wide or as high as it is, and its camera."""
    height, width = image.shape[:2]
    new_width, new_height = min(width, round(height * aspect)), min(height, round(width / aspect))
    left, top = (width - new_width) // 2, (height - new_height) // 2
    bottom, right = top + new_height, left + new_width
    camera = Pinhole(
        new_width, new_height, pinhole.fx, pinhole.fy, pinhole.cx - left, pinhole.cy - top
    )
    return camera, image[top:bottom, left:right]
