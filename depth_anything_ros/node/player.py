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

"""Plays a recording to its topics in real time, for where there is no `ros2 bag play`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from queue import Queue
import signal
from statistics import median_low
import sys
from threading import Thread
import time
from typing import Any

from depth_anything_ros.node.message_types import message_class, MissingTypeError
from depth_anything_ros.node.process import own_arguments, ros_context
from depth_anything_ros.replay.bag import (
    is_latched,
    RawMessage,
    Recording,
    RecordingError,
    stamp_in,
)
import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

RELIABLE = QoSProfile(depth=10)
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DISCOVERY_S = 0.5
DELIVERY_S = 0.3
"""What the last message needs to arrive before its publisher is gone."""


LARGEST_DELAY_NS = 250_000_000
"""Stamps that are farther from their log times were made by another clock."""

STAMPS_LOOKED_AT = 100

READ_AHEAD = 32
"""Messages that are read before they are due, so that a slow disk does not delay them."""


class PlayerError(RuntimeError):
    """What keeps a recording from being played."""


def clock_offset_ns(messages: Iterable[RawMessage]) -> int:
    """
    Return how far the clock of the stamps is ahead of that of the log times, nanoseconds.

    That is the median; 0 where it is at most 0.25 s, which is delay. Stamps that are not set do
    not count.
    """
    offsets = [stamp - raw.log_time_ns for raw in messages if (stamp := stamp_in(raw)) > 0]
    offset = median_low(offsets) if offsets else 0
    return offset if abs(offset) > LARGEST_DELAY_NS else 0


def read_ahead(messages: Iterable[RawMessage]) -> Iterator[RawMessage]:
    """Yield messages that a thread reads, READ_AHEAD before they are due; raise its error."""
    waiting: Queue[RawMessage | Exception | None] = Queue(READ_AHEAD)

    def read() -> None:
        try:
            for message in messages:
                waiting.put(message)
        except Exception as error:  # whatever it is, it is raised where the messages are wanted
            waiting.put(error)
        waiting.put(None)

    Thread(target=read, daemon=True).start()
    while (item := waiting.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item


class Player:
    """Publishes the messages of a recording, which it reads as it goes."""

    def __init__(self, node: Node, recording: Recording, topics: Sequence[str]) -> None:
        """Advertise the topics; those whose type is missing are skipped, aloud."""
        self._node = node
        self._recording = recording
        self._publishers: dict[str, Publisher[Any]] = {}
        for topic in topics:
            self._advertise(topic, recording.topics[topic])
        self._start_ns = recording.start_ns
        self._clock_offset_ns = 0
        self._clock: Publisher[Any] | None = None

    def _advertise(self, topic: str, type_name: str) -> None:
        try:
            message_type = message_class(type_name)
        except MissingTypeError as error:
            print(f'skipping {topic}: {error}', flush=True)
            return
        qos = LATCHED if is_latched(topic, type_name) else RELIABLE
        self._publishers[topic] = self._node.create_publisher(message_type, topic, qos)

    def follow_stamps(self, topic: str) -> None:
        """Let /clock go by the stamps of a topic where another clock made the log times, aloud."""
        some = islice(self._recording.messages([topic]), STAMPS_LOOKED_AT)
        self._clock_offset_ns = clock_offset_ns(some)
        if self._clock_offset_ns:
            seconds = self._clock_offset_ns / 1e9
            print(f'/clock goes by the stamps of {topic}, {seconds:+.2f} s off', flush=True)

    def wait_for_listeners(self, seconds: float) -> None:
        """Wait until every topic has a subscriber; raise PlayerError after so many seconds."""
        give_up = time.monotonic() + seconds
        while silent := [t for t, p in self._publishers.items() if not p.get_subscription_count()]:
            if time.monotonic() > give_up:
                raise PlayerError(f'nobody listens to {", ".join(silent)}: is the node active?')
            time.sleep(0.05)
        time.sleep(DISCOVERY_S)

    def play(self, rate: float, clock_hz: float) -> Iterator[tuple[RawMessage, int]]:
        """Yield each message after it was published, and the wall time of that."""
        clock = self._advertised_clock() if clock_hz > 0 else None
        messages = read_ahead(self._recording.messages(list(self._publishers)))
        first = list(islice(messages, 1))
        started = time.monotonic()
        tick_ns = self._start_ns
        for message in chain(first, messages):
            while clock is not None and tick_ns <= message.log_time_ns:
                self._sleep_until(tick_ns, started, rate)
                shown = Time(nanoseconds=max(0, tick_ns + self._clock_offset_ns))
                clock.publish(Clock(clock=shown.to_msg()))
                tick_ns += int(1e9 / clock_hz)
            self._sleep_until(message.log_time_ns, started, rate)
            now_ns = time.time_ns()
            self._publishers[message.topic].publish(message.data)
            yield message, now_ns

    def _advertised_clock(self) -> Publisher[Any]:
        if self._clock is None:  # one for all loops: the first ticks of a new one would be lost
            self._clock = self._node.create_publisher(Clock, '/clock', RELIABLE)
        return self._clock

    def _sleep_until(self, log_time_ns: int, started: float, rate: float) -> None:
        due = started + (log_time_ns - self._start_ns) / 1e9 / rate
        time.sleep(max(0.0, due - time.monotonic()))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog='player', description=__doc__)
    result.add_argument('recording', type=Path, help='rosbag2 folder, .mcap or .db3')
    result.add_argument('--topics', default='', help='play only these, separated by commas')
    result.add_argument('--rate', type=float, default=1.0, help='1: real time')
    result.add_argument('--clock', type=float, default=0.0, help='publish /clock at this rate, Hz')
    result.add_argument('--loop', type=int, default=1, help='play so many times')
    result.add_argument('--wait', type=float, default=0.0, help='seconds to wait for subscribers')
    result.add_argument('--log', type=Path, help='CSV of stamp_ns,publish_wall_ns of --log-topic')
    result.add_argument('--log-topic', default='', help='the topic that --log is about')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a recording; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    options = parser().parse_args(own_arguments(arguments))
    try:
        with ros_context(arguments):
            count = _play(rclpy.create_node('player'), options)
    except (RecordingError, PlayerError) as error:
        sys.stderr.write(f'player: {error}\n')
        return 1
    except KeyboardInterrupt:
        return 0
    print(f'played {count} messages', flush=True)
    return 0


def _play(node: Node, options: argparse.Namespace) -> int:
    recording = Recording(options.recording)
    if recording.damage:
        print(recording.damage, flush=True)
    topics = [t for t in options.topics.split(',') if t] or sorted(recording.topics)
    unknown = sorted(set(topics) - set(recording.topics))
    if unknown:
        raise PlayerError(f'{", ".join(unknown)} is not in {options.recording}')
    player = Player(node, recording, topics)
    if options.clock > 0 and options.log_topic:
        player.follow_stamps(options.log_topic)
    player.wait_for_listeners(options.wait) if options.wait else time.sleep(DISCOVERY_S)
    print('playing', flush=True)
    count = 0
    lines = []
    for _ in range(options.loop):
        for message, wall_ns in player.play(options.rate, options.clock):
            count += 1
            if message.topic == options.log_topic:
                lines.append(f'{stamp_in(message)},{wall_ns}\n')
    time.sleep(DELIVERY_S)
    if options.log:
        options.log.write_text('stamp_ns,publish_wall_ns\n' + ''.join(lines))
    return count


if __name__ == '__main__':
    sys.exit(main())
