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

from depth_anything_ros.replay.bag import RecordingError
from depth_anything_ros.replay.topics import (
    CAMERA_INFO,
    CameraTopics,
    COMPRESSED_IMAGE,
    IMAGE,
    ODOMETRY,
    recognise_topics,
)
import pytest

HANDHELD = {
    '/camera/image_raw/compressed': COMPRESSED_IMAGE,
    '/camera/camera_info': CAMERA_INFO,
    '/camera/depth/image_raw/compressedDepth': COMPRESSED_IMAGE,
    '/odom': ODOMETRY,
}


@pytest.mark.parametrize(
    ('topics', 'expected'),
    [
        (
            HANDHELD,
            CameraTopics('/camera/image_raw/compressed', '/camera/camera_info', '/odom', True),
        ),
        (
            {
                '/camera/image_raw': IMAGE,
                '/camera/image_raw/compressed': COMPRESSED_IMAGE,
                '/camera/camera_info': CAMERA_INFO,
                '/ground_truth/depth': IMAGE,
                '/ground_truth/camera_info': CAMERA_INFO,
            },
            CameraTopics('/camera/image_raw', '/camera/camera_info', '', False),
        ),
        (
            {'/image': IMAGE, '/somewhere/info': CAMERA_INFO},
            CameraTopics('/image', '/somewhere/info', '', False),
        ),
    ],
)
def test_topics_are_recognised_by_type(topics: dict[str, str], expected: CameraTopics) -> None:
    assert recognise_topics(topics) == expected


def test_given_names_are_taken() -> None:
    topics = HANDHELD | {'/rear/image_raw': IMAGE, '/rear/info': CAMERA_INFO, '/vo': ODOMETRY}
    chosen = recognise_topics(
        topics, image='/rear/image_raw', camera_info='/rear/info', odom='/vo'
    )
    assert chosen == CameraTopics('/rear/image_raw', '/rear/info', '/vo', False)


@pytest.mark.parametrize(
    ('topics', 'options', 'message'),
    [
        ({}, {}, 'no topics'),
        ({'/odom': ODOMETRY, '/depth': IMAGE}, {}, 'no colour image'),
        (HANDHELD | {'/rear': IMAGE}, {}, 'several cameras.*--image'),
        ({'/image': IMAGE}, {}, '--camera-info'),
        (HANDHELD, {'image': '/odom'}, '/odom is not a topic of type'),
        (HANDHELD, {'odom': '/nope'}, 'it has /odom'),
    ],
)
def test_bad_input_is_one_clear_error(
    topics: dict[str, str], options: dict[str, str], message: str
) -> None:
    with pytest.raises(RecordingError, match=message):
        recognise_topics(topics, **options)
