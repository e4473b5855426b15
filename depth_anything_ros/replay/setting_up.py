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

"""How the node must be set up for a recording: its topics, its poses, the camera's mounting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from depth_anything_ros.replay.bag import decode, Recording, RecordingError, stamp_in
from depth_anything_ros.replay.messages import mounting_of
from depth_anything_ros.replay.run import mounting_in
from depth_anything_ros.replay.topics import CameraTopics
from depth_anything_ros.transforms import Transform

MOUNTING = (
    'camera_x_m',
    'camera_y_m',
    'camera_height_m',
    'camera_roll_rad',
    'camera_pitch_rad',
    'camera_yaw_rad',
)

STAMPS_LOOKED_AT = 10


@dataclass(frozen=True)
class NodeSetup:
    """
    Parameters of the node, and by the names of its inputs the topics of a recording to play to it.

    notice: what the recording lacks and what that means; empty where it lacks nothing.
    """

    topics: CameraTopics
    parameters: dict[str, Any]
    remappings: dict[str, str]
    notice: str = ''


def node_setup(
    recording: Recording, topics: CameraTopics, *, model: str, camera_height_m: float | None
) -> NodeSetup:
    """
    Return how to run the node on a recording.

    With odometry of the robot and static transforms that lead to the camera, the grid rolls; a
    camera_height_m replaces the height in them. Else it is taken for a level camera of which
    nothing else is known. Without either, metres are not to be had and are not invented. Raise
    RecordingError where the camera or its calibration said nothing, or its stamps stand still.
    """
    for topic in (topics.image, topics.camera_info):
        if _first(recording, topic) is None:
            raise RecordingError(
                f'{recording.path} announces {topic} and has no message of it: record it again, '
                'or choose other topics with --image and --camera-info'
            )
    _check_stamps(recording, topics.image)
    base_from_camera = mounting_in(recording, topics)
    if base_from_camera is not None and base_from_camera[2, 3] > 0:
        poses, notice = _recorded_poses(recording, topics, base_from_camera, camera_height_m)
    else:
        poses, notice = _no_poses(recording, topics, base_from_camera, camera_height_m)
    parameters = {
        'use_sim_time': True,
        'model': model,
        'image_transport': 'compressed' if topics.is_compressed else 'raw',
        **poses,
    }
    remappings = {
        'image_raw/compressed' if topics.is_compressed else 'image_raw': topics.image,
        'camera_info': topics.camera_info,
    }
    if poses['pose_source'] == 'odometry':
        remappings['odom'] = topics.odom
    return NodeSetup(topics, parameters, remappings, notice)


def _recorded_poses(
    recording: Recording,
    topics: CameraTopics,
    base_from_camera: Transform,
    camera_height_m: float | None,
) -> tuple[dict[str, Any], str]:
    """Return the parameters for odometry and a mounting, and the notice."""
    odom = _first(recording, topics.odom)
    parameters = {
        'pose_source': 'odometry',
        'grid_frame': odom.header.frame_id,
        'base_frame': odom.child_frame_id,
        **dict(zip(MOUNTING, mounting_of(base_from_camera), strict=True)),
    }
    if camera_height_m is None:
        return parameters, ''
    return parameters | {'camera_height_m': camera_height_m}, (
        f'the camera is taken to be {camera_height_m:g} m over the floor, as you said, '
        f'not {base_from_camera[2, 3]:.2f} m as in /tf_static'
    )


def _no_poses(
    recording: Recording,
    topics: CameraTopics,
    base_from_camera: Transform | None,
    camera_height_m: float | None,
) -> tuple[dict[str, Any], str]:
    """Return the parameters where nothing says where the robot is, and the notice."""
    if camera_height_m is not None:
        return {'pose_source': 'none', 'camera_height_m': camera_height_m}, (
            f'the camera is taken to be level, {camera_height_m:g} m over the floor, as you said; '
            "nothing says where the robot is, so each grid shows one image's view"
        )
    return {'pose_source': 'none'}, (
        f'{_lacking(recording, topics, base_from_camera)}, so the height of the camera over the '
        'floor is not known: depth is relative, without metres, scan or grid. '
        'Give --camera-height if you know it'
    )


def _check_stamps(recording: Recording, image: str) -> None:
    """Raise RecordingError where no stamp tells images apart; the node tells of unset ones."""
    stamps = [stamp_in(raw) for raw in islice(recording.messages([image]), STAMPS_LOOKED_AT)]
    if len(stamps) > 1 and len(set(stamps)) == 1 and stamps[0] > 0:
        raise RecordingError(
            f'the images on {image} all have the stamp {stamps[0] / 1e9:.3f} s, so nothing tells '
            'which of them an output belongs to: record again with a driver that stamps each'
        )


def _lacking(
    recording: Recording, topics: CameraTopics, base_from_camera: Transform | None
) -> str:
    if not topics.odom:
        return 'the recording has no odometry'
    odom, info = (_first(recording, topic) for topic in (topics.odom, topics.camera_info))
    if odom is None:
        return f'the recording has no message of {topics.odom}'
    if odom.child_frame_id == info.header.frame_id:
        return f'{topics.odom} is the pose of the camera itself'
    base, camera = odom.child_frame_id, info.header.frame_id
    if base_from_camera is not None:
        return f'{camera} is not over {base}, but at {base_from_camera[2, 3]:.2f} m, in /tf_static'
    return f'no static transforms lead from {base} to {camera}'


def _first(recording: Recording, topic: str) -> Any:
    """Return the first message of a topic, None where it was announced only."""
    return next((decode(raw) for raw in recording.messages([topic])), None)
