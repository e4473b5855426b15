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

from blank import grid, image, odometry, transforms
from depth_anything_ros.replay.bag import encode, Recording, RecordingWriter, stamp_in
from depth_anything_ros.replay.merge import left_out_notice, merge, read_sent_times
from depth_anything_ros.replay.run import COLOR
import numpy as np
from tiny_run import with_own_type

PIXELS = np.zeros((2, 2, 3), np.uint8)
WALL_NS = 9_000_000_000_000
"""The wall clock is so much ahead of the recording's."""


def record(path: Path, messages: list[tuple[str, int, object]]) -> Path:
    with RecordingWriter(path) as writer:
        for topic, kind in {topic: m.__msgtype__ for topic, _, m in messages}.items():
            writer.add_topic(topic, kind)
        for topic, log_time_ns, message in messages:
            writer.write(topic, log_time_ns, encode(message))
    return path


def merged(tmp_path: Path) -> list[tuple[str, int, int]]:
    inputs = record(
        tmp_path / 'in',
        [('/image', 1000 * i, image(1000 * i, PIXELS, 'rgb8')) for i in (1, 2, 3)]
        + [('/odom', 1500, odometry(1500, 0, 0)), (COLOR, 1, image(1, PIXELS, 'rgb8'))],
    )
    outputs = record(tmp_path / 'out', [(COLOR, WALL_NS + 1200, image(1000, PIXELS, 'rgb8'))])
    sent = {1000: WALL_NS + 1000, 2000: WALL_NS + 2030}
    with Recording(inputs) as first, Recording(outputs) as second:
        merge(first, second, '/image', sent, tmp_path / 'merged')
    with Recording(tmp_path / 'merged') as recording:
        return [(m.topic, stamp_in(m), m.log_time_ns) for m in recording.messages()]


def test_outputs_lie_on_the_time_line_of_the_inputs(tmp_path: Path) -> None:
    assert merged(tmp_path) == [
        ('/image', 1000, 1000),
        (COLOR, 1000, 1200),
        ('/odom', 1500, 1500),
        ('/image', 2000, 2030),
    ]


def test_maps_and_static_transforms_stay_latched(tmp_path: Path) -> None:
    messages = [
        ('/image', 1000, image(1000, PIXELS, 'rgb8')),
        ('/map', 1, grid(1, np.zeros((2, 2)), 0.5, (0.0, 0.0))),
        ('/tf_static', 1, transforms()),
    ]
    inputs = record(tmp_path / 'in', messages)
    outputs = record(tmp_path / 'out', [(COLOR, WALL_NS + 1200, image(1000, PIXELS, 'rgb8'))])
    with Recording(inputs) as first, Recording(outputs) as second:
        merge(first, second, '/image', {1000: WALL_NS + 1000}, tmp_path / 'merged')
    topics = (tmp_path / 'merged' / 'metadata.yaml').read_text().split('name: ')[1:]
    latched = {topic.split()[0] for topic in topics if 'durability: 1' in topic}
    assert latched == {'/map', '/tf_static'}


def test_topics_of_a_robots_own_types_are_left_out(tmp_path: Path) -> None:
    plain = record(tmp_path / 'plain', [('/image', 1000, image(1000, PIXELS, 'rgb8'))])
    outputs = record(tmp_path / 'out', [(COLOR, WALL_NS + 1200, image(1000, PIXELS, 'rgb8'))])
    inputs = with_own_type(plain, tmp_path / 'in')
    with Recording(inputs) as first, Recording(outputs) as second:
        merge(first, second, '/image', {1000: WALL_NS + 1000}, tmp_path / 'merged')
        assert '/status: my_robot_msgs/msg/Status' in left_out_notice(first)
        assert left_out_notice(second) == ''
    with Recording(tmp_path / 'merged') as recording:
        assert recording.topics.keys() == {'/image', COLOR}


def test_sent_times_are_read(tmp_path: Path) -> None:
    (tmp_path / 'log.csv').write_text('stamp_ns,publish_wall_ns\n5,17\n6,18\n6,19\n')
    assert read_sent_times(tmp_path / 'log.csv') == {5: 17, 6: 18}


def test_of_images_with_one_stamp_the_first_is_kept_when_it_was_sent(tmp_path: Path) -> None:
    messages = [
        ('/image', 1000 * i, image(stamp, PIXELS, 'rgb8')) for i, stamp in ((1, 7), (2, 7))
    ]
    inputs = record(tmp_path / 'in', messages)
    outputs = record(tmp_path / 'out', [(COLOR, WALL_NS + 1200, image(7, PIXELS, 'rgb8'))])
    with Recording(inputs) as first, Recording(outputs) as second:
        merge(first, second, '/image', {7: WALL_NS + 1000}, tmp_path / 'merged')
    with Recording(tmp_path / 'merged') as recording:
        assert [(m.topic, m.log_time_ns) for m in recording.messages()] == [
            ('/image', 1000),
            (COLOR, 1200),
        ]
