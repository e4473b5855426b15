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

"""One recording of a run's inputs and outputs, on the time line of the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import csv
import heapq
from pathlib import Path
from statistics import median_low

from depth_anything_ros.replay.bag import (
    is_known,
    is_latched,
    RawMessage,
    Recording,
    RecordingWriter,
    stamp_in,
)
from depth_anything_ros.replay.run import OUTPUTS


def read_sent_times(log: Path) -> dict[int, int]:
    """
    Return stamp → wall time of publication, nanoseconds, out of the player's log.

    Of images with one stamp the first counts: its answer may precede the others.
    """
    sent_ns: dict[int, int] = {}
    with log.open(newline='') as file:
        for row in csv.DictReader(file):
            sent_ns.setdefault(int(row['stamp_ns']), int(row['publish_wall_ns']))
    return sent_ns


def left_out_notice(inputs: Recording) -> str:
    """Return which topics `merge` leaves out and why, '' where it keeps all."""
    unknown = {topic: kind for topic, kind in inputs.topics.items() if not is_known(kind)}
    if not unknown:
        return ''
    topics, types = ', '.join(sorted(unknown)), ', '.join(sorted(set(unknown.values())))
    return f'the recording of the results leaves out {topics}: {types} is not known here'


def merge(
    inputs: Recording,
    outputs: Recording,
    image_topic: str,
    sent_ns: Mapping[int, int],
    destination: Path,
) -> None:
    """
    Write a recording of all messages; log times of outputs become those of the inputs' clock.

    Topics of types that are not known, such as a robot's own, are left out. sent_ns: wall times
    of the images' publication by stamp. An image gets the log time at which it was really sent,
    so that ages can be read off the result; one that was not sent is left out, and so is one
    whose stamp an image before it had.
    """
    logged: dict[int, int] = {}
    for raw in inputs.messages([image_topic]):
        logged.setdefault(stamp_in(raw), raw.log_time_ns)
    lag_ns = median_low([sent - logged[stamp] for stamp, sent in sent_ns.items()])

    def played() -> Iterator[RawMessage]:
        unwritten = dict(sent_ns)
        for raw in inputs.messages(kept):
            if raw.topic != image_topic:
                yield raw
            elif stamp_in(raw) in unwritten:
                yield raw._replace(log_time_ns=unwritten.pop(stamp_in(raw)) - lag_ns)

    def heard() -> Iterator[RawMessage]:
        for raw in outputs.messages():
            yield raw._replace(log_time_ns=raw.log_time_ns - lag_ns)

    kept = [t for t, kind in inputs.topics.items() if t not in OUTPUTS and is_known(kind)]
    types = {**{topic: inputs.topics[topic] for topic in kept}, **outputs.topics}
    with RecordingWriter(destination, compress=True) as writer:
        for topic, kind in types.items():
            writer.add_topic(topic, kind, latched=is_latched(topic, kind))
        for raw in heapq.merge(played(), heard(), key=lambda message: message.log_time_ns):
            writer.write(raw.topic, raw.log_time_ns, raw.data)
