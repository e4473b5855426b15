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

"""A node under test and what surrounds it on a robot, over real DDS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
import threading
import time
from typing import Any

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.node.calibration import message_of_pinhole
from depth_anything_ros.node.depth_anything_node import DepthAnythingNode
from depth_anything_ros.node.messages import image_message
import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import Log
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

HEIGHT, WIDTH = 126, 168
CAMERA = Pinhole.from_field_of_view(WIDTH, HEIGHT, 70.0)
CAMERA_HEIGHT_M = 0.3
WALL_M = 3.0
SCALE_A, SCALE_B = 0.2, 0.01
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=10)
COUNTER = count()
LATCHED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def scene_inverse_depth() -> NDArray[np.float32]:
    """Return (HEIGHT, WIDTH) 1/z of a level camera over a floor, before a wall."""
    floor = np.maximum(CAMERA.ray_y, 0) / CAMERA_HEIGHT_M
    column = np.maximum(floor, 1 / WALL_M).astype(np.float32)
    return np.repeat(column[:, None], WIDTH, axis=1)


class SceneBackend:
    """A network that always sees the scene, relative as the real one does."""

    def __init__(self) -> None:
        self.info = BackendInfo('fake', 'test', 'scene', 'fp32', 1, HEIGHT, WIDTH, False, 0.0)
        self.batches: list[int] = []
        self.seconds = 0.0
        self.is_closed = False
        self._values = (scene_inverse_depth() - SCALE_B) / SCALE_A

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(batch))
        time.sleep(self.seconds)
        return np.repeat(self._values[None], len(batch), axis=0)

    def close(self) -> None:
        self.is_closed = True


class Robot:
    """The node under test, and a peer that plays its camera, its odometry and Nav2."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.name = f'node_{next(COUNTER)}'  # two of one name would share their log's publisher
        self._executor = SingleThreadedExecutor(context=context)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._spin)
        self._publishers: dict[str, Publisher[Any]] = {}
        self.backend = SceneBackend()
        self.node: DepthAnythingNode | None = None
        self.image_qos = BEST_EFFORT
        self.deaths: list[None] = []
        self.peer = Node('peer', context=context)
        self._executor.add_node(self.peer)
        self._logs = self.hear('/rosout', Log, LATCHED)
        self._thread.start()

    def start(
        self, activate: bool = True, arguments: Sequence[str] = (), **settings: Any
    ) -> DepthAnythingNode:
        """Start the node with ROS arguments, and parameters beside those that fit the scene."""
        values = {'pose_source': 'none', 'camera_height_m': CAMERA_HEIGHT_M, **settings}
        self.node = DepthAnythingNode(
            lambda: self.deaths.append(None),
            lambda config: self.load(config),
            context=self._context,
            cli_args=['--ros-args', '-r', f'__node:={self.name}', *arguments],
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
        )
        if activate:
            self.node.start()
        self._executor.add_node(self.node)
        return self.node

    def load(self, config: EstimationConfig) -> SceneBackend:
        return self.backend

    def stop(self) -> None:
        self._stopping.set()
        self._executor.wake()
        self._thread.join()
        if self.node is not None:
            self.node.release()
            self.node.destroy_node()
        self.peer.destroy_node()

    def hear(self, topic: str, message_type: type, qos: QoSProfile = RELIABLE) -> list[Any]:
        """Return a list that grows with what arrives."""
        messages: list[Any] = []
        self.peer.create_subscription(message_type, topic, messages.append, qos)
        return messages

    def publish(self, topic: str, message: Any, qos: QoSProfile = BEST_EFFORT) -> None:
        """Publish, once somebody is there to hear it."""
        if topic not in self._publishers:
            self._publishers[topic] = self.peer.create_publisher(type(message), topic, qos)
            publisher = self._publishers[topic]
            self.until(lambda: publisher.get_subscription_count() > 0, f'a subscriber of {topic}')
        self._publishers[topic].publish(message)

    def header(self, frame_id: str = 'camera_optical_frame') -> Header:
        """Return a header of now."""
        return Header(stamp=self.peer.get_clock().now().to_msg(), frame_id=frame_id)

    def show(self, prefix: str = '', **changes: Any) -> Image:
        """Publish a picture and its calibration, as a camera does; return the picture."""
        width, height = changes.pop('size', (WIDTH, HEIGHT))
        with_info = changes.pop('info', True)
        info = message_of_pinhole(CAMERA.resized(width, height))
        image = image_message(self.header(), np.full((height, width, 3), 128, np.uint8), 'rgb8')
        for name, value in changes.items():
            setattr(image, name, value)
        info.header = image.header
        if with_info:
            self.publish(f'{prefix}camera_info', info)
        self.publish(f'{prefix}image_raw', image, self.image_qos)
        return image

    def keep_showing(self, done: Callable[[], object], what: str, **changes: Any) -> None:
        """Publish at 30 Hz until something holds."""
        self.until(done, what, lambda: self.show(**changes))

    def until(
        self,
        done: Callable[[], object],
        what: str,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Wait until something holds."""
        give_up = time.monotonic() + 10
        while not done():
            assert time.monotonic() < give_up, f'waited in vain for {what}; log: {self.log}'
            meanwhile()
            time.sleep(1 / 30)

    @property
    def log(self) -> list[str]:
        """Return what the node said."""
        return [message.msg for message in self._logs if message.name == self.name]

    def _spin(self) -> None:
        while not self._stopping.is_set():
            self._executor.spin_once(timeout_sec=0.05)
