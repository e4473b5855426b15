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

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any

from depth_anything_ros.node.player import Player, READ_AHEAD, read_ahead
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.replay.bag import (
    encode,
    message_types,
    RawMessage,
    Recording,
    RecordingError,
    RecordingWriter,
)
import pytest

POINT = 'geometry_msgs/msg/PointStamped'
START_NS = 1_700_000_000 * 10**9
PERIOD_NS = 20_000_000


class FakeNode:
    """Keeps what is published, by topic."""

    def __init__(self) -> None:
        self.published: dict[str, list[Any]] = {}
        self.advertised: list[str] = []

    def create_publisher(self, _type: type, topic: str, _qos: object) -> SimpleNamespace:
        self.advertised.append(topic)
        messages = self.published.setdefault(topic, [])
        return SimpleNamespace(publish=messages.append)


def write_points(path: Path, offset_ns: int, count: int = 10) -> Path:
    """Record points whose stamps are so far ahead of their log times."""
    types = message_types().types
    with RecordingWriter(path) as writer:
        writer.add_topic('/point', POINT)
        for log_ns in range(START_NS, START_NS + count * PERIOD_NS, PERIOD_NS):
            seconds, nanosec = divmod(log_ns + offset_ns, 10**9)
            stamp = types['builtin_interfaces/msg/Time'](seconds, nanosec)
            header = types['std_msgs/msg/Header'](stamp, 'odom')
            point = types['geometry_msgs/msg/Point'](0.0, 0.0, 0.0)
            writer.write('/point', log_ns, encode(types[POINT](header, point)))
    return path


def clock_offset_ns(path: Path) -> int:
    """Return how far the first tick of a player's clock is from the first log time."""
    node = FakeNode()
    with Recording(path) as recording:
        player = Player(node, recording, ['/point'])
        player.follow_stamps('/point')
        played = list(player.play(rate=100.0, clock_hz=50.0))
    ticks = [nanoseconds(message.clock) for message in node.published['/clock']]
    assert len(played) == len(ticks) == 10
    assert {b - a for a, b in pairwise(ticks)} == {PERIOD_NS}
    return ticks[0] - START_NS


@pytest.mark.parametrize('seconds', [-0.7, 3600.0, 12.5 - START_NS / 1e9])
def test_the_clock_goes_by_stamps_of_another_clock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: float
) -> None:
    offset_ns = round(seconds * 1e9)
    assert clock_offset_ns(write_points(tmp_path / 'bag', offset_ns)) == offset_ns
    assert '/clock goes by the stamps of /point' in capsys.readouterr().out


@pytest.mark.parametrize('offset_ns', [0, -200_000_000, -START_NS - 10 * PERIOD_NS])
def test_the_clock_goes_by_log_times_where_stamps_are_late_or_not_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], offset_ns: int
) -> None:
    assert clock_offset_ns(write_points(tmp_path / 'bag', offset_ns)) == 0
    assert capsys.readouterr().out == ''


def test_a_recording_is_read_little_by_little_and_in_order() -> None:
    read: list[int] = []

    def messages() -> Iterator[RawMessage]:
        for i in range(10 * READ_AHEAD):
            read.append(i)
            yield RawMessage('/point', POINT, i, b'')

    played = read_ahead(messages())
    assert next(played).log_time_ns == 0
    sleep(0.2)
    assert READ_AHEAD <= len(read) <= READ_AHEAD + 2
    assert [message.log_time_ns for message in played] == list(range(1, 10 * READ_AHEAD))


@pytest.mark.parametrize('error', [RecordingError('damaged'), ArithmeticError('never expected')])
def test_an_error_on_the_way_is_told_after_what_is_whole(error: Exception) -> None:
    def messages() -> Iterator[RawMessage]:
        yield RawMessage('/point', POINT, 0, b'')
        raise error

    played = read_ahead(messages())
    next(played)
    with pytest.raises(type(error), match=str(error)):
        next(played)


def test_every_loop_plays_everything_on_the_same_topics(tmp_path: Path) -> None:
    node = FakeNode()
    with Recording(write_points(tmp_path / 'bag', 0)) as recording:
        player = Player(node, recording, ['/point'])
        rounds = [[m.log_time_ns for m, _ in player.play(100.0, 50.0)] for _ in range(2)]
    assert rounds[0] == rounds[1] == sorted(rounds[0])
    assert len(rounds[0]) == 10
    assert node.advertised == ['/point', '/clock']
