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

"""rosbag2 recordings (MCAP, sqlite3) read and written without ROS."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
import struct
import sys
from typing import Any, NamedTuple, Protocol

import apsw
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.rosbag2.errors import ReaderError, WriterError
from rosbags.serde import SerdeError
from rosbags.typesys import get_typestore, Stores
from rosbags.typesys.store import Typestore
import zstandard

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DAMAGE = (
    McapError,
    ReaderError,
    apsw.Error,
    zstandard.ZstdError,
    zstd.ZstdError,
    AssertionError,
    EOFError,
    LookupError,
    MemoryError,
    OverflowError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What the readers raise on short records, nonsense lengths and broken chunks."""


class RecordingError(ValueError):
    """A recording that cannot be read or written; the message says what to do."""


class RawMessage(NamedTuple):
    """One message as it was on the wire: `data` is CDR."""

    topic: str
    type_name: str
    log_time_ns: int
    data: bytes


@cache
def message_types() -> Typestore:
    """Return the message classes of ROS 2 Kilted, which are those of Jazzy too."""
    return get_typestore(Stores.ROS2_KILTED)


def is_known(type_name: str) -> bool:
    """Return whether a type, as 'sensor_msgs/msg/Image', can be decoded and written."""
    return type_name in message_types().fielddefs


def encode(message: Any) -> bytes:
    """Return the CDR bytes of a message made from the classes of `message_types().types`."""
    return bytes(message_types().serialize_cdr(message, message.__msgtype__))


def decode(raw: RawMessage) -> Any:
    """Return the message; raise RecordingError where its type is unknown or its bytes are not."""
    try:
        return message_types().deserialize_cdr(raw.data, raw.type_name)
    except (SerdeError, *DAMAGE) as error:
        raise RecordingError(f'{raw.topic}: not a valid {raw.type_name}: {error}') from error


def stamp_in(raw: RawMessage) -> int:
    """Return the stamp in nanoseconds of a message that begins with a header."""
    seconds, nanoseconds = struct.unpack_from('<iI' if raw.data[1] else '>iI', raw.data, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def is_latched(topic: str, type_name: str) -> bool:
    """Return whether a topic is for whoever comes late, too: static transforms and maps are."""
    return topic == '/tf_static' or type_name == 'nav_msgs/msg/OccupancyGrid'


class _Source(Protocol):
    topics: dict[str, str]
    start_ns: int
    end_ns: int

    def messages(
        self, topics: Collection[str], at_ns: int | None = None
    ) -> Iterator[RawMessage]: ...

    def close(self) -> None: ...


class _Indexed:
    """An intact recording, read by its index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = Reader(path)
        self._reader.open()
        self.topics = {c.topic: c.msgtype for c in self._reader.connections}
        self.start_ns = self._reader.start_time if self._reader.message_count else 0
        self.end_ns = self._reader.end_time

    def messages(self, topics: Collection[str], at_ns: int | None = None) -> Iterator[RawMessage]:
        wanted = [c for c in self._reader.connections if c.topic in topics]
        if not wanted:
            return
        last = self.start_ns
        stop = None if at_ns is None else at_ns + 1
        try:
            for connection, last, data in self._reader.messages(wanted, at_ns, stop):
                yield RawMessage(connection.topic, connection.msgtype, last, data)
        except DAMAGE as error:
            seconds = (last - self.start_ns) / 1e9
            raise RecordingError(
                f'{self._path} is damaged {seconds:.1f} s after its start: {error}'
            ) from error

    def close(self) -> None:
        self._reader.close()


class _Linear:
    """MCAP files whose index is lost: every whole chunk before the tear, in file order."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self.tears: list[str] = []
        self.topics: dict[str, str] = {}
        times: list[int] = []
        for file in files:
            for message in self._read(file, self.tears):
                self.topics[message.topic] = message.type_name
                times.append(message.log_time_ns)
        self.start_ns, self.end_ns = min(times, default=0), max(times, default=-1) + 1

    def messages(self, topics: Collection[str], at_ns: int | None = None) -> Iterator[RawMessage]:
        for file in self._files:
            for message in self._read(file, []):
                if message.topic in topics and at_ns in (None, message.log_time_ns):
                    yield message

    def close(self) -> None:
        pass

    @staticmethod
    def _read(file: Path, tears: list[str]) -> Iterator[RawMessage]:
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        with file.open('rb') as stream:
            try:
                for record in StreamReader(stream, validate_crcs=True).records:
                    if isinstance(record, Schema):
                        schemas[record.id] = record
                    elif isinstance(record, Channel):
                        channels[record.id] = record
                    elif isinstance(record, Message):
                        channel = channels[record.channel_id]
                        name = schemas[channel.schema_id].name
                        yield RawMessage(channel.topic, name, record.log_time, record.data)
            except DAMAGE:
                tears.append(f'{file.name} is torn at byte {stream.tell()}')


class Recording:
    """
    A rosbag2 folder, or a single .mcap or .db3 file, opened for reading.

    topics: name → type, as 'sensor_msgs/msg/Image'. start_ns, end_ns: log times, end exclusive.
    damage: what is missing of a torn MCAP, of which the readable part is offered; None of an
    intact one. Raise RecordingError where nothing can be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise RecordingError(f'{path} does not exist: name a rosbag2 folder or an .mcap file')
        self.path = path
        self.damage: str | None = None
        self._source = self._open(path)
        self.topics = self._source.topics
        self.start_ns, self.end_ns = self._source.start_ns, self._source.end_ns

    def _open(self, path: Path) -> _Source:
        indexed = path
        if path.is_dir() and not (path / 'metadata.yaml').exists():
            files = sorted([*path.glob('*.mcap'), *path.glob('*.db3')])
            if not files:
                raise RecordingError(f'{path} has no metadata.yaml, .mcap or .db3: no rosbag2')
            indexed = files[0] if len(files) == 1 else path
        try:
            return _Indexed(indexed)
        except DAMAGE as error:
            return self._salvage(path, str(error))

    def _salvage(self, path: Path, reason: str) -> _Source:
        files = sorted(path.glob('*.mcap'), key=_split) if path.is_dir() else [path]
        if not files or any(file.suffix != '.mcap' for file in files):
            raise RecordingError(f'{path} cannot be read: {reason}')
        source = _Linear(files)
        if not source.topics:
            raise RecordingError(
                f'{path} cannot be read: {reason} Not one whole message is in it; record again'
            )
        seconds = (source.end_ns - source.start_ns) / 1e9
        if source.tears:
            self.damage = f'{"; ".join(source.tears)}: only its first {seconds:.1f} s are readable'
        return source

    def messages(
        self, topics: Collection[str] | None = None, at_ns: int | None = None
    ) -> Iterator[RawMessage]:
        """
        Yield the messages of these topics, by default all, in the order of their log time.

        at_ns: only those of this log time.
        Raise RecordingError where the file turns out to be damaged on the way.
        """
        return self._source.messages(self.topics if topics is None else topics, at_ns)

    def close(self) -> None:
        """Close the files."""
        self._source.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _split(file: Path) -> tuple[int, str]:
    """Return what the files of a split recording sort by: bag_2 precedes bag_10."""
    return len(file.name), file.name


def _offered_qos(latched: bool) -> Qos:
    forever = QosTime(0x7FFFFFFF, 0xFFFFFFFF)
    durability = QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE
    return Qos(
        QosHistory.KEEP_LAST,
        1 if latched else 10,
        QosReliability.RELIABLE,
        durability,
        forever,
        forever,
        QosLiveliness.AUTOMATIC,
        forever,
        False,
    )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Name the file in an error of the disk, which does not say which one is full."""
    try:
        yield
    except OSError as error:
        raise RecordingError(f'{path} cannot be written: {error.strerror}') from error


class RecordingWriter:
    """
    A new rosbag2 folder with one MCAP file, profile ros2 and ros2msg schemas.

    Its metadata are of version 8, which Humble plays; 9 is read since Jazzy only.

    compress: zstd per chunk, as `ros2 bag record --storage-preset-profile zstd_fast`. Raise
    RecordingError where the folder exists, a type is unknown or the disk cannot take it.
    """

    def __init__(self, path: Path, *, compress: bool = False) -> None:
        self._path = path
        self._connections: dict[str, Connection] = {}
        try:
            self._writer = Writer(path, version=8, storage_plugin=StoragePlugin.MCAP)
            if compress:
                self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            with _writing(path):
                self._writer.open()
        except WriterError as error:
            raise RecordingError(str(error)) from error

    def add_topic(self, name: str, type_name: str, *, latched: bool = False) -> None:
        """Announce a topic; a latched one (tf_static, maps) is replayed transient local."""
        if not is_known(type_name):
            raise RecordingError(f'{name}: {type_name} is no message type of ROS 2 Kilted')
        self._connections[name] = self._writer.add_connection(
            name,
            type_name,
            typestore=message_types(),
            offered_qos_profiles=[_offered_qos(latched)],
        )

    def write(self, topic: str, log_time_ns: int, data: bytes | memoryview) -> None:
        """Append one message in CDR to a topic that was added before."""
        with _writing(self._path):
            self._writer.write(self._connections[topic], log_time_ns, data)

    def close(self) -> None:
        """Write the index and metadata.yaml."""
        with _writing(self._path):
            self._writer.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
