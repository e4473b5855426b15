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

"""What happened to each camera's images: counts, ages, causes of drops, a line about each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import threading
import time

from depth_anything_ros.scale.estimate import ScaleEstimate

WARNING_LASTS_S = 3.0
DROP_LINE_S = 1.0
WARNING_LINE_S = 10.0

REPLACED = 'replaced'
"""A newer image came before this one's turn: not a fault, but compute is short."""


class Throttle:
    """Lets a line through at most once in a while, for each cause."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._said: dict[str, float] = {}

    def allows(self, cause: str, period_s: float) -> bool:
        """Return whether to say it now."""
        now = time.monotonic()
        if now - self._said.get(cause, float('-inf')) < period_s:
            return False
        self._said[cause] = now
        return True


@dataclass(frozen=True)
class CameraReport:
    """
    What happened to one camera's images since the last report.

    silent_s: since the last image, inf before the first; drops: images by cause; faults: what was
    said about drops; totals count from activation.
    """

    seconds: float
    received: int
    processed: int
    ages_s: tuple[float, ...]
    silent_s: float
    drops: Mapping[str, int]
    faults: Mapping[str, str]
    warnings: Mapping[str, str]
    scale: ScaleEstimate | None
    total_received: int
    total_processed: int
    total_drops: Mapping[str, int]


class CameraHealth:
    """Counts what the threads of the node tell it about one camera."""

    def __init__(self, name: str, say: Callable[[str], object]) -> None:
        """Start at zero; `say` writes a warning to the log."""
        self.name = name
        self._say = say
        self._lock = threading.Lock()
        self._throttle = Throttle()
        self._received, self._processed = 0, 0
        self._drops: Counter[str] = Counter()
        self._ages: deque[float] = deque(maxlen=1000)
        self._faults: dict[str, str] = {}
        self._warnings: dict[str, tuple[float, str]] = {}
        self._scale: ScaleEstimate | None = None
        self._last_image = float('-inf')
        self._reported = time.monotonic(), 0, 0, Counter[str]()

    def received(self) -> None:
        """Count an image."""
        with self._lock:
            self._received += 1
            self._last_image = time.monotonic()

    def dropped(self, cause: str, text: str = '') -> None:
        """Count an image that is not used; say why, at most once a second for each cause."""
        with self._lock:
            self._drops[cause] += 1
            if text:
                self._faults[cause] = text
            speaks = bool(text) and self._throttle.allows(cause, DROP_LINE_S)
        if speaks:
            self._say(f'{self.name}: {text}')

    def warned(self, cause: str, text: str) -> None:
        """Note something that is not as it should be; say it every ten seconds while it lasts."""
        with self._lock:
            self._warnings[cause] = time.monotonic(), text
            speaks = self._throttle.allows(cause, WARNING_LINE_S)
        if speaks:
            self._say(f'{self.name}: {text}')

    def processed(self, age_s: float | None, scale: ScaleEstimate | None) -> None:
        """Count an image whose results were published, its age then if known, and its scale."""
        with self._lock:
            self._processed += 1
            if age_s is not None:
                self._ages.append(age_s)
            self._scale = scale

    def report(self) -> CameraReport:
        """Return what happened since the last call."""
        now = time.monotonic()
        with self._lock:
            then, received, processed, drops = self._reported
            report = CameraReport(
                seconds=now - then,
                received=self._received - received,
                processed=self._processed - processed,
                ages_s=tuple(self._ages),
                silent_s=now - self._last_image,
                drops=self._drops - drops,
                faults=self._faults,
                warnings={
                    cause: text
                    for cause, (noted, text) in self._warnings.items()
                    if now - noted < WARNING_LASTS_S
                },
                scale=self._scale,
                total_received=self._received,
                total_processed=self._processed,
                total_drops=dict(self._drops),
            )
            self._reported = now, self._received, self._processed, self._drops.copy()
            self._ages.clear()
            self._faults = {}
        return report
