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

"""What a run left behind: a camera's images, what the node made of them, and truth, by stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from depth_anything_ros.replay.bag import decode, RawMessage, Recording, stamp_in
from depth_anything_ros.replay.messages import static_transform
from depth_anything_ros.replay.topics import CameraTopics
from depth_anything_ros.transforms import Transform
import numpy as np

NAMESPACE = '/depth_anything'
DEPTH = f'{NAMESPACE}/depth/image_rect'
DEPTH_INFO = f'{NAMESPACE}/depth/camera_info'
COLOR = f'{NAMESPACE}/depth/color'
POINTS = f'{NAMESPACE}/depth/points'
SCAN = f'{NAMESPACE}/scan'
GRID = f'{NAMESPACE}/local_grid'
DIAGNOSTICS = '/diagnostics'

OUTPUTS = (DEPTH, DEPTH_INFO, COLOR, POINTS, SCAN, GRID, DIAGNOSTICS)
ANSWERS = (DEPTH, COLOR, POINTS, SCAN, GRID)
"""Outputs with the stamp of the image they were made of."""

TRUE_DEPTH = '/ground_truth/depth'
TRUE_DEPTH_INFO = '/ground_truth/camera_info'
TRUE_GRID = '/ground_truth/grid'


STAMP_BYTES = 12
"""The beginning of a message with a header, up to the end of its stamp."""


class Series:
    """The messages of one topic by stamp; each is decoded when it is asked for."""

    def __init__(self, messages: Sequence[RawMessage] = ()) -> None:
        """
        Read the stamps; of two messages with one stamp the first counts.

        The second would be a grid that the node took back once the recording had ended.
        """
        self._raw = {stamp_in(raw): raw for raw in reversed(messages)}
        self.stamps_ns = np.array(sorted(self._raw), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, stamp_ns: object) -> bool:
        return stamp_ns in self._raw

    def __getitem__(self, stamp_ns: int) -> Any:
        return decode(self._raw[int(stamp_ns)])

    @property
    def log_times_ns(self) -> dict[int, int]:
        """Log time by stamp."""
        return {stamp: raw.log_time_ns for stamp, raw in self._raw.items()}

    def nearest(self, stamp_ns: int, tolerance_ns: int) -> Any | None:
        """Return the message whose stamp is nearest, None where none is within the tolerance."""
        if not self._raw:
            return None
        nearest = int(self.stamps_ns[np.argmin(np.abs(self.stamps_ns - stamp_ns))])
        return self[nearest] if abs(nearest - stamp_ns) <= tolerance_ns else None


class StoredSeries(Series):
    """A series too large for memory: a message is read from the recording when it is asked for."""

    def __init__(self, recording: Recording, messages: Sequence[RawMessage]) -> None:
        """Messages: of one topic of an open recording; stubs up to the stamp are enough."""
        super().__init__(messages)
        self._recording = recording

    def __getitem__(self, stamp_ns: int) -> Any:
        stub = self._raw[int(stamp_ns)]
        found = self._recording.messages([stub.topic], stub.log_time_ns)
        return next(decode(raw) for raw in found if stamp_in(raw) == stamp_ns)


def _stub(raw: RawMessage) -> RawMessage:
    return raw._replace(data=bytes(raw.data[:STAMP_BYTES]))


@dataclass(frozen=True)
class Run:
    """
    A recording with the camera's inputs, the node's outputs and, where there is any, truth.

    series: by topic, empty for what was not recorded. base_from_camera: from the recording's
    static transforms, None where they do not lead from one to the other.
    """

    topics: CameraTopics
    series: dict[str, Series]
    base_from_camera: Transform | None

    def __getitem__(self, topic: str) -> Series:
        return self.series.get(topic, Series())

    @property
    def images(self) -> Series:
        """Return the camera's images; their log times are those of their publication."""
        return self[self.topics.image]

    @property
    def answers_ns(self) -> dict[int, int]:
        """When the last output of each stamp was received."""
        latest: dict[int, int] = {}
        for topic in ANSWERS:
            for stamp, received in self[topic].log_times_ns.items():
                latest[stamp] = max(received, latest.get(stamp, received))
        return latest


def load_run(recording: Recording, topics: CameraTopics) -> Run:
    """
    Return the run that a recording of inputs and outputs holds, for as long as that is open.

    What is large stays in the file.
    """
    small = [topics.camera_info, topics.odom, DEPTH_INFO, DIAGNOSTICS, TRUE_DEPTH_INFO, TRUE_GRID]
    large = [topics.image, *ANSWERS, TRUE_DEPTH]
    messages: dict[str, list[RawMessage]] = {}
    for raw in recording.messages([name for name in small + large if name in recording.topics]):
        messages.setdefault(raw.topic, []).append(_stub(raw) if raw.topic in large else raw)
    series = {
        topic: StoredSeries(recording, raws) if topic in large else Series(raws)
        for topic, raws in messages.items()
    }
    return Run(topics, series, mounting_in(recording, topics))


def mounting_in(recording: Recording, topics: CameraTopics) -> Transform | None:
    """
    Return the camera's optical frame in the odometry's child frame, from /tf_static.

    None where one of them is not recorded or no path of transforms leads from one to the other.
    """
    needed = {'/tf_static', topics.camera_info, topics.odom}
    if not needed <= recording.topics.keys():
        return None
    static = [decode(raw) for raw in recording.messages(['/tf_static'])]
    odom = next((decode(raw) for raw in recording.messages([topics.odom])), None)
    info = next((decode(raw) for raw in recording.messages([topics.camera_info])), None)
    if odom is None or info is None:
        return None
    return static_transform(static, odom.child_frame_id, info.header.frame_id)
