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

from pathlib import Path

from blank import camera_info, image, odometry
from depth_anything_ros.replay.bag import encode, Recording, RecordingError, RecordingWriter
from depth_anything_ros.replay.setting_up import node_setup, NodeSetup
from depth_anything_ros.replay.topics import recognise_topics
import numpy as np
import pytest
from tiny_run import write_run


def setup_of(path: Path, camera_height_m: float | None = None) -> NodeSetup:
    with Recording(path) as recording:
        topics = recognise_topics(recording.topics)
        return node_setup(recording, topics, model='tiny', camera_height_m=camera_height_m)


def handheld(path: Path, child_frame: str, silent: str = '') -> Path:
    messages = [
        ('/camera/image_raw', image(1, np.zeros((2, 2, 3), np.uint8), 'rgb8')),
        ('/camera/camera_info', camera_info(1, 2, 2, 1.0)),
        ('/odom', odometry(1, 0, 0, child_frame)),
    ]
    with RecordingWriter(path) as writer:
        for topic, message in messages:
            writer.add_topic(topic, message.__msgtype__)
            if topic != silent:
                writer.write(topic, 1, encode(message))
    return path


def test_robot_with_odometry_and_mounting_gets_a_rolling_grid(tmp_path: Path) -> None:
    setup = setup_of(write_run(tmp_path / 'bag'))
    assert setup.parameters == {
        'use_sim_time': True,
        'model': 'tiny',
        'image_transport': 'raw',
        'pose_source': 'odometry',
        'grid_frame': 'odom',
        'base_frame': 'base_link',
        'camera_x_m': 0.0,
        'camera_y_m': 0.0,
        'camera_height_m': 0.5,
        'camera_roll_rad': pytest.approx(0),
        'camera_pitch_rad': pytest.approx(0),
        'camera_yaw_rad': pytest.approx(0),
    }
    assert setup.remappings == {
        'image_raw': '/camera/image_raw',
        'camera_info': '/camera/camera_info',
        'odom': '/odom',
    }
    assert setup.notice == ''


@pytest.mark.parametrize(
    ('child_frame', 'notice'),
    [
        ('camera_optical_frame', '/odom is the pose of the camera itself'),
        ('base_link', 'no static transforms lead from base_link to camera_optical_frame'),
    ],
)
def test_scale_is_not_invented(tmp_path: Path, child_frame: str, notice: str) -> None:
    setup = setup_of(handheld(tmp_path / 'bag', child_frame))
    assert setup.parameters['pose_source'] == 'none'
    assert 'camera_height_m' not in setup.parameters
    assert 'odom' not in setup.remappings
    assert notice in setup.notice
    assert '--camera-height' in setup.notice


def test_given_height_is_taken_for_a_level_camera(tmp_path: Path) -> None:
    setup = setup_of(handheld(tmp_path / 'bag', 'camera_optical_frame'), 1.2)
    assert setup.parameters['camera_height_m'] == 1.2
    assert setup.parameters['pose_source'] == 'none'
    assert 'level' in setup.notice


def test_given_height_replaces_the_recorded_one(tmp_path: Path) -> None:
    path = write_run(tmp_path / 'bag')
    setup, recorded = setup_of(path, 0.8), setup_of(path)
    assert setup.parameters == {**recorded.parameters, 'camera_height_m': 0.8}
    assert setup.remappings == recorded.remappings
    assert '0.8 m over the floor, as you said, not 0.50 m' in setup.notice


@pytest.mark.parametrize('height_m', [0.0, -0.25])
def test_a_camera_that_is_recorded_below_the_base_has_no_height(
    tmp_path: Path, height_m: float
) -> None:
    setup = setup_of(write_run(tmp_path / 'bag', height_m=height_m))
    assert setup.parameters['pose_source'] == 'none'
    assert f'camera_optical_frame is not over base_link, but at {height_m:.2f} m' in setup.notice
    assert '--camera-height' in setup.notice


@pytest.mark.parametrize('topic', ['/camera/image_raw', '/camera/camera_info'])
def test_a_camera_that_says_nothing_is_refused_before_the_start(
    tmp_path: Path, topic: str
) -> None:
    path = handheld(tmp_path / 'bag', 'base_link', silent=topic)
    with pytest.raises(RecordingError, match=f'{topic} and has no message of it'):
        setup_of(path)


@pytest.mark.parametrize('stamps', [(7, 7, 7), (7, 7, 8), (0, 0, 0), (7,)])
def test_stamps_that_stand_still_are_refused_before_the_start(
    tmp_path: Path, stamps: tuple[int, ...]
) -> None:
    path = tmp_path / 'bag'
    with RecordingWriter(path) as writer:
        writer.add_topic('/camera/image_raw', 'sensor_msgs/msg/Image')
        writer.add_topic('/camera/camera_info', 'sensor_msgs/msg/CameraInfo')
        writer.write('/camera/camera_info', 1, encode(camera_info(1, 2, 2, 1.0)))
        for i, stamp in enumerate(stamps):
            message = image(stamp, np.zeros((2, 2, 3), np.uint8), 'rgb8')
            writer.write('/camera/image_raw', i, encode(message))
    if stamps == (7, 7, 7):
        with pytest.raises(RecordingError, match='/camera/image_raw all have the stamp'):
            setup_of(path)
    else:
        setup_of(path)


def test_odometry_that_says_nothing_is_none(tmp_path: Path) -> None:
    setup = setup_of(handheld(tmp_path / 'bag', 'base_link', silent='/odom'))
    assert setup.parameters['pose_source'] == 'none'
    assert setup.notice.startswith('the recording has no message of /odom')
