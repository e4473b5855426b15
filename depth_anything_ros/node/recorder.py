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

"""Records topics into a rosbag2 folder, for where there is no `ros2 bag record`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
import signal
import sys
import time

from depth_anything_ros.node.message_types import message_class, MissingTypeError
from depth_anything_ros.node.process import own_arguments, ros_context
from depth_anything_ros.replay.bag import RecordingError, RecordingWriter
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile


class Recorder:
    """Subscribes to each topic as soon as somebody publishes it, as its publisher offers it."""

    def __init__(
        self,
        node: Node,
        writer: RecordingWriter,
        topics: Sequence[str],
        keep_every: Mapping[str, int],
    ) -> None:
        """Begin to look for the topics; keep_every: 1 of so many messages of a topic is kept."""
        self._node = node
        self._writer = writer
        self._missing = list(topics)
        self._keep_every = keep_every
        self._counts: Counter[str] = Counter()
        self._timer = node.create_timer(0.05, self._look)

    def _look(self) -> None:
        for topic in list(self._missing):
            publishers = self._node.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            self._missing.remove(topic)
            try:
                self._subscribe(topic, publishers[0].topic_type, publishers[0].qos_profile)
            except MissingTypeError as error:
                print(f'skipping {topic}: {error}', flush=True)
        if not self._missing:
            print('recording', flush=True)
            self._node.destroy_timer(self._timer)

    def _subscribe(self, topic: str, type_name: str, offered: QoSProfile) -> None:
        kind = message_class(type_name)
        latched = offered.durability == DurabilityPolicy.TRANSIENT_LOCAL
        self._writer.add_topic(topic, type_name, latched=latched)
        qos = QoSProfile(depth=50, reliability=offered.reliability, durability=offered.durability)
        self._node.create_subscription(
            kind, topic, lambda data: self._write(topic, data), qos, raw=True
        )

    def _write(self, topic: str, data: bytes) -> None:
        self._counts[topic] += 1
        if (self._counts[topic] - 1) % self._keep_every.get(topic, 1) == 0:
            self._writer.write(topic, time.time_ns(), data)


def _thinning(text: str) -> tuple[str, int]:
    topic, _, count = text.partition('=')
    if not count.isdigit() or int(count) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not TOPIC=N with N of 1 or more')
    return topic, int(count)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog='recorder', description=__doc__)
    result.add_argument('out', type=Path, help='folder to create')
    result.add_argument('--topics', required=True, help='full names, separated by commas')
    result.add_argument(
        '--keep-every', action='append', default=[], type=_thinning, metavar='TOPIC=N'
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Record until SIGINT or SIGTERM; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    options = parser().parse_args(own_arguments(arguments))
    try:
        with RecordingWriter(options.out) as writer, ros_context(arguments):
            node = rclpy.create_node('recorder')
            topics = [topic for topic in options.topics.split(',') if topic]
            Recorder(node, writer, topics, dict(options.keep_every))
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            while True:
                executor.spin_once(timeout_sec=0.1)  # a signal waits for it to return
    except RecordingError as error:
        sys.stderr.write(f'recorder: {error}\n')
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
