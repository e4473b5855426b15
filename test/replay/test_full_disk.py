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

"""What a disk that takes no more does to the results; a limit of the process stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import resource

from depth_anything_ros.estimation.private_cache import WriteError
from depth_anything_ros.replay.bag import encode, message_types, RecordingError, RecordingWriter
from depth_anything_ros.replay.demo import judge
from depth_anything_ros.replay.topics import CameraTopics
import pytest
from tiny_run import write_run

STRING = 'std_msgs/msg/String'
TOPICS = CameraTopics('/camera/image_raw', '/camera/camera_info', '/odom', is_compressed=False)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize('count', [1, 3000], ids=['at the end', 'on the way'])
def test_a_recording_that_cannot_be_written_is_named(tmp_path: Path, count: int) -> None:
    text = encode(message_types().types[STRING](data='x' * 5000))
    with (
        files_of_at_most(4000),
        pytest.raises(RecordingError, match='bag cannot be written: File too large'),
        RecordingWriter(tmp_path / 'bag') as writer,
    ):
        writer.add_topic('/text', STRING)
        for i in range(count):
            writer.write('/text', i, text)


def test_a_report_that_cannot_be_written_is_named_and_not_left_by_half(tmp_path: Path) -> None:
    write_run(tmp_path / 'recording')
    with (
        files_of_at_most(4000),
        pytest.raises(WriteError, match=r'report\.html cannot be written: File too large'),
    ):
        judge(tmp_path, TOPICS, 'tiny', '', lambda *_: None)
    assert {path.name for path in tmp_path.iterdir()} == {'recording', 'summary.json'}
