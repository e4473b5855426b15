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

"""Which topics of a recording are the camera, its calibration and the robot's motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from depth_anything_ros.replay.bag import RecordingError

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
ODOMETRY = 'nav_msgs/msg/Odometry'
NOT_COLOUR = ('depth', 'ground_truth', 'disparity', 'confidence', 'infra', 'mask')


@dataclass(frozen=True)
class CameraTopics:
    """The topics that feed the node; odom is empty where the recording has no odometry."""

    image: str
    camera_info: str
    odom: str
    is_compressed: bool


def recognise_topics(
    topics: Mapping[str, str], *, image: str = '', camera_info: str = '', odom: str = ''
) -> CameraTopics:
    """
    Return the topics that feed the node out of a recording's name → type.

    A name that is given is taken; the others are recognised by type. Depth images and ground
    truth are not taken for the camera. Raise RecordingError where a name is not in the
    recording, where there is no image or no calibration, or where several could be meant.
    """
    image = _given(topics, image, (IMAGE, COMPRESSED_IMAGE)) or _only_image(topics)
    return CameraTopics(
        image,
        _given(topics, camera_info, (CAMERA_INFO,)) or _calibration_of(topics, image),
        _given(topics, odom, (ODOMETRY,)) or _first_odometry(topics),
        topics[image] == COMPRESSED_IMAGE,
    )


def _given(topics: Mapping[str, str], name: str, types: tuple[str, ...]) -> str:
    if name and topics.get(name) not in types:
        found = [topic for topic, kind in topics.items() if kind in types]
        raise RecordingError(
            f'{name} is not a topic of type {" or ".join(types)} in this recording; '
            f'it has {", ".join(found) or "none"}'
        )
    return name


def _is_colour(topic: str) -> bool:
    return not any(word in topic.lower() for word in NOT_COLOUR)


def _only_image(topics: Mapping[str, str]) -> str:
    raw = [t for t, kind in topics.items() if kind == IMAGE and _is_colour(t)]
    compressed = [
        t
        for t, kind in topics.items()
        if kind == COMPRESSED_IMAGE and _is_colour(t) and t.rpartition('/')[0] not in raw
    ]
    candidates = sorted(raw + compressed)
    if not candidates:
        raise RecordingError(
            'the recording has no colour image (sensor_msgs/Image or CompressedImage): '
            f'it has {", ".join(sorted(topics)) or "no topics"}'
        )
    if len(candidates) > 1:
        raise RecordingError(
            f'the recording has several cameras, {", ".join(candidates)}: choose with --image'
        )
    return candidates[0]


def _calibration_of(topics: Mapping[str, str], image: str) -> str:
    infos = sorted(t for t, kind in topics.items() if kind == CAMERA_INFO)
    base = image.rpartition('/')[0]
    for namespace in (base, base.rpartition('/')[0]):
        if f'{namespace}/camera_info' in infos:
            return f'{namespace}/camera_info'
    colour = [t for t in infos if _is_colour(t)]
    if len(colour) == 1:
        return colour[0]
    raise RecordingError(
        f'no sensor_msgs/CameraInfo in the recording belongs to {image}: '
        'choose with --camera-info, or record it with the image'
    )


def _first_odometry(topics: Mapping[str, str]) -> str:
    return min(
        (t for t, kind in topics.items() if kind == ODOMETRY and 'ground_truth' not in t),
        default='',
    )
