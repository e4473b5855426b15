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

"""Two threads that overlap: one decodes and infers, the other interprets and publishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
import queue
import threading
from typing import Generic, TypeVar

from depth_anything_ros.camera import CameraError
from depth_anything_ros.config import SettingError
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.frame import Frame
from depth_anything_ros.node.handover import Mailbox
from depth_anything_ros.pipeline import Estimate, Output, Pipeline, StageClock, Step
from depth_anything_ros.scale.known_marker import MarkerError

Item = TypeVar('Item')

KNOWN_ERRORS = (BackendError, CameraError, MarkerError, SettingError)
"""What a frame can meet that is no fault of the code: its message goes to the operator."""


class Worker(Generic[Item]):
    """
    Runs a pipeline on the newest item of each key.

    The first thread takes new items only once the second has taken its last estimate, so that
    nothing waits for longer than one step; without `overlap` it does the second's work itself.
    The callbacks run in these threads: `frames_of` in the first, `located`, `wanted` and `publish`
    in the second, `refused` in both.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        frames_of: Callable[[Mapping[str, Item]], Sequence[Frame]],
        located: Callable[[Frame], Frame],
        wanted: Callable[[], Output],
        publish: Callable[[Step], None],
        refused: Callable[[Sequence[Frame], Exception], None],
        died: Callable[[], None],
        *,
        overlap: bool,
    ) -> None:
        """Start the threads; `died` is called where one ends by an error."""
        self.mailbox: Mailbox[Item] = Mailbox()
        self.pipeline = pipeline
        self._frames_of = frames_of
        self._located = located
        self._wanted = wanted
        self._publish = publish
        self._refused = refused
        self._died = died
        self._overlap = overlap
        self._estimates: queue.SimpleQueue[tuple[int, Estimate] | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(1)
        self._interpreting = threading.Lock()
        self._epoch = 0
        self._threads = [
            threading.Thread(target=self._guard, args=(loop,), name=loop.__name__, daemon=True)
            for loop in (self._estimate, self._interpret)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads; what is under way is finished first."""
        self.mailbox.close()
        self._room.release()
        for thread in self._threads:
            thread.join()

    def between_steps(self, action: Callable[[], None], *, discard: bool = False) -> None:
        """Run an action while nothing is interpreted; discard: drop what is under way before."""
        if discard:
            self.mailbox.clear()
            self._epoch += 1
        with self._interpreting:
            action()

    def _guard(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException:
            self._died()
            raise
        finally:
            self._estimates.put(None)  # or the other thread would wait for estimates for good

    def _estimate(self) -> None:
        while True:
            self._room.acquire()
            items = self.mailbox.take()
            if not items:
                break
            epoch, clock = self._epoch, StageClock()
            with clock.time('decode'):
                frames = self._frames_of(items)
            estimate = self._estimate_of(frames, clock) if frames else None
            if estimate is None:
                self._room.release()
            elif self._overlap:
                self._estimates.put((epoch, estimate))
            else:
                self._finish(epoch, estimate)
                self._room.release()

    def _estimate_of(self, frames: Sequence[Frame], clock: StageClock) -> Estimate | None:
        try:
            return self.pipeline.estimate(frames, clock)
        except KNOWN_ERRORS as error:
            self._refused(frames, error)
            return None

    def _interpret(self) -> None:
        while (entry := self._estimates.get()) is not None:
            self._room.release()
            self._finish(*entry)

    def _finish(self, epoch: int, estimate: Estimate) -> None:
        with estimate.clock.time('pose'):
            estimate = with_frames(estimate, [self._located(f) for f in estimate.frames])
        with self._interpreting:
            if epoch == self._epoch:
                self._interpret_one(estimate)

    def _interpret_one(self, estimate: Estimate) -> None:
        try:
            self._publish(self.pipeline.interpret(estimate, self._wanted()))
        except KNOWN_ERRORS as error:
            self._refused(estimate.frames, error)


def with_frames(estimate: Estimate, frames: Sequence[Frame]) -> Estimate:
    """Return the estimate with other frames in the place of its own, in the same order."""
    new = {id(old): frame for old, frame in zip(estimate.frames, frames, strict=True)}
    predictions = [
        replace(p, view=replace(p.view, frame=new[id(p.view.frame)])) for p in estimate.predictions
    ]
    return replace(estimate, frames=frames, predictions=predictions)
