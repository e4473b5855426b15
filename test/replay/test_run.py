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

from blank import odometry
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.replay.bag import encode, RawMessage, Recording, stamp_in
from depth_anything_ros.replay.run import DEPTH, GRID, load_run, mounting_in, Series, TRUE_DEPTH
from depth_anything_ros.replay.topics import CameraTopics, recognise_topics
import numpy as np
import pytest
from rosbags.rosbag2.errors import ReaderError
from tiny_run import run_of, STAMPS, write_run


def raw(stamp_ns: int, x: float) -> RawMessage:
    return RawMessage('/odom', 'nav_msgs/msg/Odometry', 7, encode(odometry(stamp_ns, x, 0.0)))


def test_stamp_is_read_without_decoding() -> None:
    assert stamp_in(raw(1_700_000_000_123_456_789, 0.0)) == 1_700_000_000_123_456_789


def test_series_is_by_stamp_and_the_first_of_two_counts() -> None:
    series = Series([raw(20, 1.0), raw(10, 2.0), raw(20, 3.0)])
    assert series.stamps_ns.tolist() == [10, 20]
    assert series[20].pose.pose.position.x == 1.0
    assert 10 in series
    assert 11 not in series
    assert series.log_times_ns == {10: 7, 20: 7}


@pytest.mark.parametrize(('stamp', 'nearest'), [(12, 10), (18, 20), (25, 20), (26, None)])
def test_nearest_is_within_the_tolerance(stamp: int, nearest: int | None) -> None:
    found = Series([raw(10, 10.0), raw(20, 20.0)]).nearest(stamp, 5)
    assert (found and found.pose.pose.position.x) == nearest


def test_empty_series_has_nothing_near() -> None:
    assert Series().nearest(5, 100) is None


def test_image_is_answered_when_its_last_output_arrived(tmp_path: Path) -> None:
    run = run_of(write_run(tmp_path / 'bag'))
    assert run.answers_ns == {stamp: stamp + 20_000_000 for stamp in STAMPS}
    del run.series[GRID]
    assert run.answers_ns == {stamp: stamp for stamp in STAMPS}


@pytest.mark.parametrize('topic', ['/camera/image_raw', DEPTH, GRID, TRUE_DEPTH])
def test_what_is_large_stays_in_the_recording_until_it_is_asked_for(
    tmp_path: Path, topic: str
) -> None:
    with Recording(write_run(tmp_path / 'bag')) as recording:
        series = load_run(recording, recognise_topics(recording.topics))[topic]
        assert series.stamps_ns.tolist() == STAMPS
        for stamp in STAMPS:
            assert nanoseconds(series[stamp].header.stamp) == stamp
            assert series[stamp].data.size > 0
    with pytest.raises(ReaderError, match='not open'):
        series[STAMPS[1]]


def test_mounting_comes_from_the_static_transforms(tmp_path: Path) -> None:
    with Recording(write_run(tmp_path / 'bag')) as recording:
        mounting = mounting_in(recording, recognise_topics(recording.topics))
        assert mounting[:3, 3].tolist() == [0.0, 0.0, 0.5]
        np.testing.assert_allclose(mounting[:3, 2], [1, 0, 0], atol=1e-12)
        without = CameraTopics('/camera/image_raw', '/camera/camera_info', '', False)
        assert mounting_in(recording, without) is None
