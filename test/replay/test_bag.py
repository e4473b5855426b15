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
import shutil
import sqlite3

from depth_anything_ros.replay.bag import (
    decode,
    encode,
    message_types,
    RawMessage,
    Recording,
    RecordingError,
    RecordingWriter,
)
from hypothesis import example, given, HealthCheck, settings, strategies as st
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

STRING = 'std_msgs/msg/String'
String = message_types().types[STRING]


def write_recording(path: Path, count: int, *, size: int = 10, compress: bool = False) -> Path:
    with RecordingWriter(path, compress=compress) as writer:
        writer.add_topic('/even', STRING)
        writer.add_topic('/odd', STRING, latched=True)
        for i in range(count):
            text = encode(String(data=str(i).rjust(size)))
            writer.write('/odd' if i % 2 else '/even', 1_000_000_000 + i * 1000, text)
    return path


@pytest.mark.parametrize('compress', [False, True])
def test_what_is_written_is_read_back_in_order(tmp_path: Path, compress: bool) -> None:
    path = write_recording(tmp_path / 'bag', 5, compress=compress)
    with Recording(path) as recording:
        assert recording.topics == {'/even': STRING, '/odd': STRING}
        assert (recording.start_ns, recording.end_ns) == (1_000_000_000, 1_000_004_001)
        assert recording.damage is None
        messages = list(recording.messages())
    assert [m.log_time_ns for m in messages] == [1_000_000_000 + i * 1000 for i in range(5)]
    assert [m.topic for m in messages] == ['/even', '/odd', '/even', '/odd', '/even']
    assert [decode(m).data.strip() for m in messages] == ['0', '1', '2', '3', '4']


def test_messages_are_sorted_by_log_time(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / 'bag') as writer:
        writer.add_topic('/late', STRING)
        for time in (30, 10, 20):
            writer.write('/late', time, encode(String(data='')))
    with Recording(tmp_path / 'bag') as recording:
        assert [m.log_time_ns for m in recording.messages()] == [10, 20, 30]


def test_only_the_wanted_topics_are_read(tmp_path: Path) -> None:
    with Recording(write_recording(tmp_path / 'bag', 6)) as recording:
        assert [decode(m).data.strip() for m in recording.messages(['/odd'])] == ['1', '3', '5']


@pytest.mark.parametrize('is_torn', [False, True])
def test_the_message_of_a_log_time_is_found(tmp_path: Path, is_torn: bool) -> None:
    path = write_recording(tmp_path / 'bag', 600, size=1000)
    if is_torn:
        (file,) = path.glob('*.mcap')
        file.write_bytes(file.read_bytes()[:-300])
    with Recording(path) as recording:
        assert (recording.damage is not None) == is_torn
        found = recording.messages(['/odd'], 1_000_000_000 + 5000)
        assert [decode(m).data.strip() for m in found] == ['5']
        assert list(recording.messages(['/even'], 1_000_000_000 + 5000)) == []


def test_latched_topics_offer_transient_local(tmp_path: Path) -> None:
    metadata = (write_recording(tmp_path / 'bag', 2) / 'metadata.yaml').read_text()
    even, odd = metadata.split('name: /even')[1].split('name: /odd')
    assert 'durability: 2' in even  # as Humble reads it: volatile
    assert 'durability: 1' in odd  # transient local


def test_single_file_and_folder_without_metadata_are_read(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 3)
    with Recording(path / 'bag.mcap') as recording:
        assert len(list(recording.messages())) == 3
    (path / 'metadata.yaml').unlink()
    with Recording(path) as recording:
        assert recording.damage is None
        assert len(list(recording.messages())) == 3


def test_sqlite3_is_read(tmp_path: Path) -> None:
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connection = writer.add_connection('/chatter', STRING, typestore=message_types())
        writer.write(connection, 7, encode(String(data='hello')))
    with Recording(tmp_path / 'bag') as recording:
        (message,) = recording.messages()
    assert (message.topic, message.log_time_ns) == ('/chatter', 7)
    assert decode(message).data == 'hello'


def torn_copy(path: Path, to: Path, share: float) -> Path:
    whole = (path / f'{path.name}.mcap').read_bytes()
    to.write_bytes(whole[: int(len(whole) * share)])
    return to


def test_torn_mcap_gives_its_readable_part_and_says_so(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 60, size=200_000)
    torn = torn_copy(path, tmp_path / 'torn.mcap', 0.45)
    with Recording(torn) as recording:
        assert recording.damage is not None
        assert 'torn.mcap is torn at byte' in recording.damage
        texts = [int(decode(m).data) for m in recording.messages()]
    assert texts == list(range(24)), 'four whole chunks of 1 MiB'


def test_torn_file_inside_a_folder_is_salvaged(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 60, size=200_000)
    torn_copy(path, path / 'bag.mcap', 0.5)
    with Recording(path) as recording:
        assert recording.damage is not None
        assert len(list(recording.messages(['/even']))) > 5


def test_splits_without_metadata_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / 'bag').mkdir()
    for i in range(12):
        with RecordingWriter(tmp_path / f'part_{i}') as writer:
            writer.add_topic('/count', STRING)
            writer.write('/count', 1000 + i, encode(String(data=str(i))))
        (file,) = (tmp_path / f'part_{i}').glob('*.mcap')
        file.rename(tmp_path / 'bag' / f'bag_{i}.mcap')
    with Recording(tmp_path / 'bag') as recording:
        assert [decode(m).data for m in recording.messages()] == [str(i) for i in range(12)]


def read_or_refused(path: Path) -> int:
    """Return how many messages could be read before a RecordingError, the only one allowed."""
    count = 0
    try:
        with Recording(path) as recording:
            for message in recording.messages():
                decode(message)
                count += 1
    except RecordingError:
        pass
    return count


@given(st.floats(0, 1), st.booleans())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_wherever_it_is_torn_it_is_read_or_refused(
    small_mcap: bytes, tmp_path: Path, share: float, as_zeros: bool
) -> None:
    kept = round(len(small_mcap) * share)
    rest = bytes(len(small_mcap) - kept) if as_zeros else b''
    (tmp_path / 'torn.mcap').write_bytes(small_mcap[:kept] + rest)
    assert read_or_refused(tmp_path / 'torn.mcap') <= 8


@given(st.floats(0, 0.9999), st.integers(1, 255))
@example(0.02484110312690729, 128)  # a length of more than a ssize_t
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_whatever_byte_is_wrong_it_is_read_or_refused(
    small_mcap: bytes, tmp_path: Path, share: float, flip: int
) -> None:
    wrong = bytearray(small_mcap)
    wrong[int(len(wrong) * share)] ^= flip
    (tmp_path / 'wrong.mcap').write_bytes(wrong)
    read_or_refused(tmp_path / 'wrong.mcap')


@pytest.fixture(scope='module')
def small_mcap(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write_recording(tmp_path_factory.mktemp('small') / 'bag', 8)
    return (path / 'bag.mcap').read_bytes()


def test_no_topics_are_no_messages(tmp_path: Path) -> None:
    with Recording(write_recording(tmp_path / 'bag', 3)) as recording:
        assert list(recording.messages([])) == []


def test_torn_before_the_first_message_is_an_error(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 3)
    with pytest.raises(RecordingError, match='Not one whole message'):
        Recording(torn_copy(path, tmp_path / 'torn.mcap', 0.1))


def test_flipped_bytes_in_the_middle_are_an_error_while_reading(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 60, size=20_000, compress=True)
    file = path / 'bag.mcap'
    data = bytearray(file.read_bytes())
    data[60:160] = bytes(100)
    file.write_bytes(data)
    with Recording(path) as recording, pytest.raises(RecordingError, match='damaged'):
        list(recording.messages())


@pytest.mark.parametrize('name', ['nothing', 'empty.mcap', 'text.mcap', 'empty.db3', 'a.txt'])
def test_no_recording_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / 'empty.mcap').touch()
    (tmp_path / 'empty.db3').touch()
    (tmp_path / 'text.mcap').write_text('not a recording ' * 10)
    (tmp_path / 'a.txt').write_text('x')
    with pytest.raises(RecordingError, match=name):
        Recording(tmp_path / name)


def test_folder_without_recording_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match='no rosbag2'):
        Recording(tmp_path)


def test_broken_database_is_an_error(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / 'other.db3') as database:
        database.execute('CREATE TABLE unrelated (x)')
    with pytest.raises(RecordingError, match='cannot be read'):
        Recording(tmp_path / 'other.db3')


def test_writer_does_not_overwrite(tmp_path: Path) -> None:
    path = write_recording(tmp_path / 'bag', 1)
    with pytest.raises(RecordingError, match='exists already'):
        RecordingWriter(path)
    shutil.rmtree(path)
    RecordingWriter(path).close()


def test_writer_refuses_unknown_types(tmp_path: Path) -> None:
    message = 'my_msgs/msg/Own is no message type'
    with RecordingWriter(tmp_path / 'bag') as writer, pytest.raises(RecordingError, match=message):
        writer.add_topic('/x', 'my_msgs/msg/Own')


@pytest.mark.parametrize('data', [b'', b'\0\1\0\0', b'\0\1\0\0\xff\xff\xff\xff'])
def test_decode_refuses_garbage(data: bytes) -> None:
    with pytest.raises(RecordingError, match='/x: not a valid'):
        decode(RawMessage('/x', STRING, 0, data))
