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

from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.replay.bag import decode, Recording, RecordingError
from depth_anything_ros.replay.messages import (
    colour_image,
    depth_image,
    grid_cells,
    pinhole_of,
    pose_transform,
    static_transform,
)
from depth_anything_ros.replay.topics import recognise_topics
from depth_anything_ros.simulation.frames import BASE_FROM_CAMERA
from depth_anything_ros.simulation.recording import (
    BASE_FROM_LIDAR,
    LIDAR_ANGLES,
    LIDAR_RANGE_M,
    PINHOLE,
    record,
    TOPICS,
    TRUTH_PINHOLE,
)
from depth_anything_ros.simulation.renderer import RayCaster
from depth_anything_ros.simulation.worlds import DEMO_SEED, make_world, TEST_SEEDS
import numpy as np
from opengl import needs_opengl
import pytest

DEMO_RECORDING = Path(__file__).parents[2] / 'demo' / 'recording'


@pytest.fixture(scope='module')
def messages():
    with Recording(DEMO_RECORDING) as recording:
        assert recording.topics == TOPICS
        decoded = {topic: [] for topic in TOPICS}
        for raw in recording.messages(set(TOPICS) - {'/tf'}):
            decoded[raw.topic].append(decode(raw))
        return decoded


def test_the_demo_recording_is_small_and_has_its_topics_at_their_rates(messages):
    assert sum(file.stat().st_size for file in DEMO_RECORDING.iterdir()) < 8e6
    counts = {topic: len(found) for topic, found in messages.items() if topic != '/tf'}
    assert counts == {
        '/camera/image_raw/compressed': 501,
        '/camera/camera_info': 501,
        '/odom': 1001,
        '/scan': 251,
        '/tf_static': 1,
        '/ground_truth/depth': 101,
        '/ground_truth/camera_info': 101,
        '/ground_truth/grid': 1,
    }


def test_its_camera_is_recognised_and_its_cameras_are_as_documented(messages):
    topics = recognise_topics(TOPICS)
    assert (topics.image, topics.odom) == ('/camera/image_raw/compressed', '/odom')
    assert pinhole_of(messages['/camera/camera_info'][0]) == PINHOLE
    assert pinhole_of(messages['/ground_truth/camera_info'][0]) == TRUTH_PINHOLE
    image = colour_image(messages['/camera/image_raw/compressed'][0])
    assert image.shape == (PINHOLE.height, PINHOLE.width, 3)
    base_from_camera = static_transform(
        messages['/tf_static'], 'base_link', 'camera_optical_frame'
    )
    np.testing.assert_allclose(base_from_camera, BASE_FROM_CAMERA, atol=1e-9)


def test_every_true_depth_has_the_stamp_of_an_image(messages):
    stamps = {
        nanoseconds(image.header.stamp) for image in messages['/camera/image_raw/compressed']
    }
    assert {nanoseconds(depth.header.stamp) for depth in messages['/ground_truth/depth']} <= stamps


def test_its_depth_and_scans_are_those_of_the_world_at_the_recorded_poses(messages):
    caster = RayCaster(make_world(DEMO_SEED))
    poses = {nanoseconds(m.header.stamp): pose_transform(m.pose.pose) for m in messages['/odom']}
    for depth in messages['/ground_truth/depth'][::25]:
        odom_from_camera = poses[nanoseconds(depth.header.stamp)] @ BASE_FROM_CAMERA
        expected = caster.depth(TRUTH_PINHOLE, odom_from_camera)
        assert np.isclose(depth_image(depth), expected, rtol=0.01).mean() > 0.97
    for scan in messages['/scan'][::50]:
        expected = caster.lidar(
            poses[nanoseconds(scan.header.stamp)] @ BASE_FROM_LIDAR, LIDAR_ANGLES
        )
        expected[expected >= LIDAR_RANGE_M] = np.inf
        np.testing.assert_allclose(scan.ranges, expected, atol=1e-3)


def test_its_grid_blocks_what_the_lidar_hits(messages):
    cells, frame = grid_cells(messages['/ground_truth/grid'][0])
    pose = pose_transform(messages['/odom'][0].pose.pose) @ BASE_FROM_LIDAR
    ranges = messages['/scan'][0].ranges
    bearings = LIDAR_ANGLES + np.arctan2(pose[1, 0], pose[0, 0])
    # Two millimetres into what was hit.
    x = pose[0, 3] + (ranges + 0.002) * np.cos(bearings)
    y = pose[1, 3] + (ranges + 0.002) * np.sin(bearings)
    columns = ((x - frame.origin_x) / frame.resolution_m).astype(int)
    rows = ((y - frame.origin_y) / frame.resolution_m).astype(int)
    assert np.all(cells[rows, columns] == 100)


@needs_opengl
def test_a_new_recording_can_be_read_back(tmp_path):
    record(tmp_path / 'drive', TEST_SEEDS[0], 0.4)
    with Recording(tmp_path / 'drive') as recording:
        topics = [raw.topic for raw in recording.messages()]
        assert recording.damage is None and recording.topics == TOPICS
    assert topics.count('/camera/image_raw/compressed') == 11
    assert topics.count('/ground_truth/depth') == 3
    with pytest.raises(RecordingError, match='exists'):
        record(tmp_path / 'drive', TEST_SEEDS[0], 0.4)
