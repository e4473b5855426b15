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

"""Images of a recording, for quantisation."""

from __future__ import annotations

from pathlib import Path

import cv2
from depth_anything_ros.replay.bag import decode, Recording, RecordingError
from depth_anything_ros.replay.messages import colour_image
from depth_anything_ros.replay.topics import recognise_topics
import numpy as np
from numpy.typing import NDArray

COUNT = 64


def recorded_images(path: Path, height: int, width: int) -> list[NDArray[np.uint8]]:
    """
    Return up to 64 images, (1, height, width, 3) uint8 RGB, spread over a recording.

    Raise RecordingError (a ValueError) where it has no readable images.
    """
    with Recording(path) as recording:
        topic = recognise_topics(recording.topics).image
        count = sum(1 for _ in recording.messages([topic]))
        if count == 0:
            raise RecordingError(f'{path} has no image on {topic}')
        wanted = set(np.linspace(0, count - 1, min(count, COUNT), dtype=int))
        kept = [raw for i, raw in enumerate(recording.messages([topic])) if i in wanted]
        pictures = [colour_image(decode(raw)) for raw in kept]
    return [
        np.asarray(cv2.cvtColor(cv2.resize(p, (width, height)), cv2.COLOR_BGR2RGB), np.uint8)[None]
        for p in pictures
    ]
