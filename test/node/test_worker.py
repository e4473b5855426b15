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

from collections.abc import Mapping
import threading

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.frame import Frame, Prediction, View
from depth_anything_ros.node.worker import with_frames, Worker
from depth_anything_ros.pipeline import Estimate, Output, StageClock, Step
import numpy as np
import pytest

PINHOLE = Pinhole(4, 4, 2.0, 2.0, 1.5, 1.5)


def frame(camera: str, stamp_ns: int = 0) -> Frame:
    return Frame(camera, stamp_ns, np.zeros((4, 4), np.uint8), 'mono', CameraModel(PINHOLE))


class Stages:
    """A pipeline whose interpretation waits to be released."""

    def __init__(self) -> None:
        self.estimated: list[list[int]] = []
        self.changed = threading.Condition()
        self.released = threading.Semaphore(0)

    def estimate(self, frames: list[Frame], clock: StageClock) -> Estimate:
        with self.changed:
            self.estimated.append([f.stamp_ns for f in frames])
            self.changed.notify_all()
        return Estimate(frames, [], clock)

    def interpret(self, estimate: Estimate, outputs: Output) -> Step:
        assert self.released.acquire(timeout=10)
        return Step(estimate.frames, None, {})

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.estimated) >= count, timeout=10)


def worker_of(
    stages: Stages, published: list[int], deaths: list[None], *, overlap: bool = True
) -> Worker[int]:
    def frames_of(items: Mapping[str, int]) -> list[Frame]:
        return [frame(camera, stamp) for camera, stamp in items.items() if stamp >= 0]

    return Worker(
        stages,  # type: ignore[arg-type]
        frames_of,
        lambda f: f,
        lambda: Output(0),
        lambda step: published.append(step.cameras[0].stamp_ns),
        lambda frames, error: published.append(-frames[0].stamp_ns),
        lambda: deaths.append(None),
        overlap=overlap,
    )


def test_the_newest_item_is_taken_once_the_last_estimate_was() -> None:
    stages, published, deaths = Stages(), [], []
    worker = worker_of(stages, published, deaths)
    worker.mailbox.put('a', 1)
    stages.wait_for(1)
    worker.mailbox.put('a', 2)
    stages.wait_for(2)
    for stamp in (3, 4, 5):
        worker.mailbox.put('a', stamp)
    stages.released.release(2)
    stages.wait_for(3)
    stages.released.release(5)
    worker.stop()
    assert stages.estimated == [[1], [2], [5]]
    assert published == [1, 2, 5]
    assert not deaths


def test_without_overlap_the_newest_item_is_taken_once_the_last_is_published() -> None:
    stages, published, deaths = Stages(), [], []
    worker = worker_of(stages, published, deaths, overlap=False)
    worker.mailbox.put('a', 1)
    stages.wait_for(1)
    for stamp in (2, 3, 4):
        worker.mailbox.put('a', stamp)
    with stages.changed:
        assert not stages.changed.wait_for(lambda: len(stages.estimated) > 1, timeout=0.1)
    stages.released.release()
    stages.wait_for(2)
    assert published == [1]
    stages.released.release()
    worker.stop()
    assert stages.estimated == [[1], [4]]
    assert not deaths


def test_items_without_a_frame_are_passed_over() -> None:
    stages, published, deaths = Stages(), [], []
    worker = worker_of(stages, published, deaths)
    stages.released.release(9)
    worker.mailbox.put('a', -1)
    worker.mailbox.put('b', 7)
    stages.wait_for(1)
    worker.stop()
    assert published == [7]


def test_what_is_under_way_is_discarded_when_time_jumps() -> None:
    stages, published, deaths = Stages(), [], []
    worker = worker_of(stages, published, deaths)
    worker.mailbox.put('a', 1)
    stages.wait_for(1)
    worker.mailbox.put('a', 2)
    stages.wait_for(2)
    jumped = threading.Thread(target=lambda: worker.between_steps(lambda: None, discard=True))
    jumped.start()
    stages.released.release(9)
    jumped.join(timeout=10)
    worker.mailbox.put('a', 3)
    stages.wait_for(3)
    worker.stop()
    assert 2 not in published and published[-1] == 3


def test_a_thread_that_ends_by_an_error_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    stages, deaths = Stages(), []
    raised: list[object] = []
    monkeypatch.setattr(threading, 'excepthook', raised.append)
    stages.estimate = lambda frames, clock: 1 / 0  # type: ignore[assignment,method-assign]
    worker = worker_of(stages, [], deaths)
    worker.mailbox.put('a', 1)
    for thread in worker._threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert len(deaths) == 1 and raised


def test_a_frame_that_is_refused_is_passed_over() -> None:
    stages, published, deaths = Stages(), [], []
    estimate = stages.estimate

    def refuse_the_first(frames: list[Frame], clock: StageClock) -> Estimate:
        result = estimate(frames, clock)
        if frames[0].stamp_ns == 1:
            raise BackendError('the GPU is gone')
        return result

    stages.estimate = refuse_the_first  # type: ignore[method-assign]
    worker = worker_of(stages, published, deaths)
    stages.released.release(9)
    for count, stamp in enumerate((1, 2), start=1):
        worker.mailbox.put('a', stamp)
        stages.wait_for(count)
    worker.stop()
    assert published == [-1, 2]
    assert not deaths


def test_predictions_follow_their_frames_to_others() -> None:
    old = [frame('a'), frame('b')]
    views = [View(f, 0, np.zeros((2, 2, 3), np.uint8), PINHOLE, np.eye(3)) for f in old]
    predictions = [Prediction(view, np.zeros((2, 2), np.float32), False) for view in views]
    new = [frame('a', 1), frame('b', 2)]
    estimate = with_frames(Estimate(old, predictions, StageClock()), new)
    assert estimate.frames is new
    assert all(p.view.frame is f for p, f in zip(estimate.predictions, new, strict=True))
