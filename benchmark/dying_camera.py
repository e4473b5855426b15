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

"""
Three cameras, of which the first stops for the middle third and returns with another size.

What the others lose by it: rate and age of each camera's depth in each third, over DDS.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
from pathlib import Path
import tempfile
import time
from typing import Any

from depth_anything_ros.replay.processes import ProcessGroup
from diagnostic_msgs.msg import DiagnosticArray
from footage import DEMO_RECORDING, Footage, load_footage
from machine import write_json
import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from rig import Camera, LISTENER_QOS, NODE, our_node, running_peer
from sensor_msgs.msg import Image

CAMERAS = ('camera_0', 'camera_1', 'camera_2')
THIRDS = ('all three', 'the first is silent', 'it is back, larger')
SMALL, LARGE = (320, 240), (480, 360)
LEVELS = {b'\x00': 'OK', b'\x01': 'WARN', b'\x02': 'ERROR', b'\x03': 'STALE'}


class Ages:
    """Notes each camera's depth: stamp and age; and the last level of its diagnostics."""

    def __init__(self, node: Node) -> None:
        """Subscribe."""
        self.seconds: dict[str, list[float]] = {name: [] for name in CAMERAS}
        self.levels: dict[str, str] = {}
        for name in CAMERAS:
            topic = f'{name}/depth/image_rect'
            node.create_subscription(Image, topic, self._noting(name), LISTENER_QOS)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._note_levels, 10)

    def _noting(self, name: str) -> Any:
        def note(message: Image) -> None:
            stamp_ns = Time.from_msg(message.header.stamp).nanoseconds
            self.seconds[name].append((time.time_ns() - stamp_ns) / 1e9)

        return note

    def _note_levels(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.levels[status.name.rpartition(' ')[2]] = LEVELS[status.level]


def show(cameras: Sequence[Camera], rate_hz: float, until: float) -> int:
    """Show the next image of each camera at a rate; return how many of each."""
    count = 0
    while time.monotonic() < until:
        due = time.monotonic() + 1 / rate_hz
        for camera in cameras:
            camera.show()
        count += 1
        time.sleep(max(0.0, due - time.monotonic()))
    return count


def run(ages: Ages, thirds: Sequence[Sequence[Camera]], rate_hz: float, seconds: float) -> Any:
    """Return, for each third and camera, what was shown and answered, and the ages."""
    rows = []
    for third, cameras in zip(THIRDS, thirds, strict=True):
        for noted in ages.seconds.values():
            noted.clear()
        shown = show(cameras, rate_hz, time.monotonic() + seconds / 3)
        for name in CAMERAS:
            heard = ages.seconds[name] or [float('nan')]
            p50, p99 = np.percentile(heard, (50, 99)) * 1e3
            row = {'third': third, 'camera': name, 'shown_hz': round(3 * shown / seconds, 1)}
            row |= {'rate_hz': round(3 * len(ages.seconds[name]) / seconds, 1)}
            row |= {'age_p50_ms': round(p50, 1), 'age_p99_ms': round(p99, 1)}
            rows.append(row | {'level': ages.levels.get(name, '')})
    return rows


@contextmanager
def running_node(parameters: Sequence[str]) -> Iterator[Node]:
    """Start the node, and give a peer of it."""
    with tempfile.TemporaryDirectory() as logs, ProcessGroup(Path(logs)) as group:
        group.start('node', NODE, *parameters)
        with running_peer(group) as peer:
            yield peer


def footage_of(size: tuple[int, int]) -> Footage:
    """Return the demo's images at a size."""
    return load_footage(DEMO_RECORDING, *size, 60)


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--rate', type=float, default=10.0, help='of each camera, Hz')
    parser.add_argument('--json', type=Path)
    options = parser.parse_args()
    small, large = footage_of(SMALL), footage_of(LARGE)
    (_, parameters), *_ = our_node(small, {'model': 'demo'}, len(CAMERAS)).commands
    with running_node(parameters) as peer:
        ages = Ages(peer)
        first, *others = (Camera(peer, small, [f'{name}/']) for name in CAMERAS)
        larger = Camera(peer, large, [f'{CAMERAS[0]}/'])
        everyone = [first, *others]
        while not all(ages.seconds.values()):
            show(everyone, options.rate, time.monotonic() + 0.5)
        rows = run(ages, [everyone, others, [larger, *others]], options.rate, options.seconds)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    write_json(options.json, {'rows': rows})


if __name__ == '__main__':
    main()
