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

"""A node in a process of its own, and here a camera that feeds it and a robot that listens."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import struct
import tempfile
import threading
import time
from typing import Any, TypeAlias

from depth_anything_ros.config import CameraConfig, settings_of
from depth_anything_ros.node.calibration import message_of_pinhole
from depth_anything_ros.node.topics import OUTPUTS
from depth_anything_ros.replay.processes import Process, ProcessGroup
from depth_anything_ros.replay.timing import Timing, timing_of
from diagnostic_msgs.msg import DiagnosticArray
from footage import Footage
from machine import cpu_seconds, resident_mb
from nav_msgs.msg import Odometry
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

NODE = 'depth_anything_ros.node.main'
START_S = 120.0
SETTLE_S = 1.5
LAST_ANSWERS_S = 0.5
MOST_DROPS_PERCENT = 5.0
OVERLOAD_HZ = 150.0
CAMERA_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LISTENER_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
Answer: TypeAlias = tuple[type, str]
ANSWERS = tuple(topic for topic in OUTPUTS if topic.name != '/diagnostics')


@dataclass(frozen=True)
class Measurement:
    """
    What came of showing images at a rate for a while.

    timing: an image is answered when every output of it was heard, and its age is that of the
    last one. stage_ms: means over the images; cpu_percent: of one core, the node's process alone.
    """

    offered_hz: float
    timing: Timing
    stage_ms: Mapping[str, float]
    cpu_percent: float
    rss_mb: float

    @property
    def dropped_percent(self) -> float:
        """Images without an answer."""
        return 100.0 * (1.0 - self.timing.frames_out / max(self.timing.frames_in, 1))

    @property
    def age_ms(self) -> dict[str, float]:
        """Mean, percentiles and maximum of the ages."""
        ages = self.timing.ages_ms if self.timing.frames_out else np.array([np.nan])
        p50, p99 = np.percentile(ages, (50, 99))
        figures = {'mean': ages.mean(), 'p50': p50, 'p99': p99, 'max': ages.max()}
        return {name: round(float(value), 2) for name, value in figures.items()}

    @property
    def jitter_ms(self) -> float:
        """Return the standard deviation of the time between two answers."""
        times = self.timing.received_s
        return round(float(np.diff(times).std() * 1e3), 2) if len(times) > 2 else float('nan')


class Camera:
    """Publishes footage, the same to every camera, and the odometry of the robot with it."""

    def __init__(self, node: Node, footage: Footage, prefixes: Sequence[str]) -> None:
        """Advertise the topics and make the messages."""
        qos = CAMERA_QOS
        self._footage = footage
        self._odom = node.create_publisher(Odometry, 'odom', QoSProfile(depth=10))
        self._images = [node.create_publisher(Image, f'{p}image_raw', qos) for p in prefixes]
        self._infos = [node.create_publisher(CameraInfo, f'{p}camera_info', qos) for p in prefixes]
        self._messages = [_image_message(image) for image in footage.images]
        self._info = message_of_pinhole(footage.pinhole)
        self._shown = 0

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens to every image."""
        return all(publisher.get_subscription_count() for publisher in self._images)

    def show(self) -> int:
        """Publish the next image of every camera; return its stamp, which is now."""
        index = self._footage.index(self._shown)
        self._shown += 1
        stamp_ns = time.time_ns()
        stamp = Time(nanoseconds=stamp_ns).to_msg()
        odom, image = self._footage.poses[index], self._messages[index]
        for message in (odom, image, self._info):
            message.header.stamp = stamp
        self._odom.publish(odom)
        for info, images in zip(self._infos, self._images, strict=True):
            info.publish(self._info)
            images.publish(image)
        return stamp_ns


class Listener:
    """Notes when each output is received, by the stamp that it carries."""

    def __init__(self, node: Node, answers: Sequence[Answer], listeners: int) -> None:
        """Subscribe to every output so many times."""
        self._lock = threading.Lock()
        self._heard: dict[int, list[int]] = defaultdict(list)
        self._stage_ms: list[dict[str, float]] = []
        self._needed = listeners * len(answers)
        for _ in range(listeners):
            for kind, name in answers:
                node.create_subscription(kind, name, self._note, LISTENER_QOS, raw=True)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._note_stages, 10)

    def _note(self, data: bytes) -> None:
        now_ns = time.time_ns()
        seconds, nanoseconds = struct.unpack_from('<iI', data, 4)
        with self._lock:
            self._heard[seconds * 1_000_000_000 + nanoseconds].append(now_ns)

    def _note_stages(self, message: DiagnosticArray) -> None:
        values = {pair.key: pair.value for pair in message.status[0].values}
        stages = {k[:-3]: float(v) for k, v in values.items() if k.endswith('_ms')}
        with self._lock:
            self._stage_ms.append(stages)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._heard.clear()
            self._stage_ms.clear()

    def answers_ns(self) -> dict[int, int]:
        """Return when the last output of each completely answered image came, by its stamp."""
        with self._lock:
            return {
                s: max(times) for s, times in self._heard.items() if len(times) >= self._needed
            }

    def mean_stage_ms(self) -> dict[str, float]:
        """Return the mean of what diagnostics told of each stage."""
        with self._lock:
            reports = [report for report in self._stage_ms if report]
        names = {name: None for report in reports for name in report}
        return {
            name: round(float(np.mean([r[name] for r in reports if name in r])), 3)
            for name in names
        }


class Rig:
    """The camera and the listener, in this process, and the processes that are measured."""

    def __init__(self, processes: Sequence[Process], camera: Camera, listener: Listener) -> None:
        """Take what is running."""
        self._processes = processes
        self._camera = camera
        self._listener = listener

    def show(self, rate_hz: float, seconds: float) -> Measurement:
        """Show images at a rate and return what came of it, the first moments left out."""
        self._show(rate_hz, SETTLE_S)
        self._listener.forget()
        cpu, start = self._cpu_seconds(), time.perf_counter()
        sent = self._show(rate_hz, seconds)
        elapsed = time.perf_counter() - start
        cpu_percent = 100 * (self._cpu_seconds() - cpu) / elapsed
        stage_ms = self._listener.mean_stage_ms()
        time.sleep(LAST_ANSWERS_S)
        return Measurement(
            offered_hz=rate_hz,
            timing=timing_of({stamp: stamp for stamp in sent}, self._listener.answers_ns()),
            stage_ms=stage_ms,
            cpu_percent=round(cpu_percent, 1),
            rss_mb=round(sum(resident_mb(process.pid) for process in self._processes), 1),
        )

    def highest_rate(self, seconds: float) -> float:
        """Return the highest rate in Hz with less than 5 % drops, by bisection to 2 %."""
        most = self.show(OVERLOAD_HZ, seconds).timing.rate_hz
        low, high = 0.5 * most, 1.2 * most
        while high > 1.02 * low:
            middle = 0.5 * (low + high)
            if self.show(middle, seconds).dropped_percent < MOST_DROPS_PERCENT:
                low = middle
            else:
                high = middle
        return round(low, 1)

    def _cpu_seconds(self) -> float:
        return sum(cpu_seconds(process.pid) for process in self._processes)

    def _show(self, rate_hz: float, seconds: float) -> list[int]:
        start = time.perf_counter()
        stamps = []
        for i in range(round(rate_hz * seconds)):
            time.sleep(max(0.0, start + i / rate_hz - time.perf_counter()))
            stamps.append(self._camera.show())
        return stamps

    def wait_until_answered(self) -> None:
        """Wait until all is active and an image was answered; raise ProcessError on failure."""
        give_up = time.monotonic() + START_S
        while not (self._camera.is_heard and self._listener.answers_ns()):
            for process in self._processes:
                if process.logged_errors or process.return_code is not None:
                    raise process.error(f'the {process.name} does not start')
            if time.monotonic() > give_up:
                raise self._processes[0].error(f'no image was answered in {START_S:.0f} s')
            if self._camera.is_heard:
                self._camera.show()
            time.sleep(0.1)


@dataclass(frozen=True)
class Subject:
    """
    What is measured.

    commands: modules and arguments of the processes; answers: the outputs an image must bring;
    prefixes: of the topics of each camera.
    """

    commands: Sequence[tuple[str, Sequence[str]]]
    answers: Sequence[Answer]
    prefixes: Sequence[str] = ('',)


def our_node(footage: Footage, parameters: Mapping[str, Any], cameras: int = 1) -> Subject:
    """Return the node, with the same footage from each of its cameras, and all its outputs."""
    names = [f'camera_{i}' for i in range(cameras)] if cameras > 1 else ['camera']
    prefixes = [f'{name}/' for name in names] if cameras > 1 else ['']
    answers = [(t.kind, p + t.name) for t in ANSWERS if t.per_camera for p in prefixes]
    answers += [(t.kind, t.name) for t in ANSWERS if not t.per_camera]
    arguments = _ros_arguments({**footage.parameters, **parameters}, names)
    return Subject([(NODE, arguments)], answers, prefixes)


@contextmanager
def running_rig(footage: Footage, subject: Subject, listeners: int = 1) -> Iterator[Rig]:
    """Start what is measured on a domain of its own, and what feeds it and listens to it."""
    with tempfile.TemporaryDirectory() as logs, ProcessGroup(Path(logs)) as group:
        processes = [
            group.start(f'{module.rpartition(".")[2]}_{i}', module, *arguments)
            for i, (module, arguments) in enumerate(subject.commands)
        ]
        with running_peer(group) as node:
            camera = Camera(node, footage, subject.prefixes)
            rig = Rig(processes, camera, Listener(node, subject.answers, listeners))
            rig.wait_until_answered()
            yield rig


@contextmanager
def running_peer(group: ProcessGroup) -> Iterator[Node]:
    """Give a node in this process that meets those of a group; a thread spins it."""
    os.environ.update(group.environment)
    with rclpy.init():
        node = rclpy.create_node('peer')
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spinning = threading.Thread(target=executor.spin, daemon=True)
        spinning.start()
        try:
            yield node
        finally:
            executor.shutdown()
            spinning.join()


def _ros_arguments(parameters: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return the command line; what belongs to a camera is given to each."""
    own = {setting.name for setting in settings_of(CameraConfig)}
    given: dict[str, Any] = {'cameras': list(names)}
    for name, value in parameters.items():
        several = name in own and len(names) > 1
        given.update({f'{camera}.{name}': value for camera in names} if several else {name: value})
    arguments = ['--ros-args']
    for name, value in given.items():
        arguments += ['-p', f'{name}:={json.dumps(value)}']
    return arguments


def _image_message(image: NDArray[np.uint8]) -> Image:
    height, width = image.shape[:2]
    data = array('B')
    data.frombytes(np.ascontiguousarray(image).data.cast('B'))
    header = Header(frame_id='camera_optical_frame')
    return Image(
        header=header, height=height, width=width, encoding='bgr8', step=3 * width, data=data
    )
