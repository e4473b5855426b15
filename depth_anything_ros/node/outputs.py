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

"""Publishers that work only when somebody listens."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
import threading

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.config import NodeConfig
from depth_anything_ros.frame import DepthMap, Prediction, View
from depth_anything_ros.mapping.local_grid import OccupancyGrid as GridCells
from depth_anything_ros.node import topics
from depth_anything_ros.node.calibration import message_of_pinhole
from depth_anything_ros.node.messages import (
    cloud_message,
    color_of,
    depth_message,
    grid_message,
    image_message,
    scan_message,
)
from depth_anything_ros.node.quality_of_service import advertise
from depth_anything_ros.node.topics import Topic
from depth_anything_ros.node.view_frames import view_frame, ViewFrames
from depth_anything_ros.pipeline import CameraResult, Output
from nav_msgs.msg import OccupancyGrid
import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from std_msgs.msg import Header

VIEW_TOPICS = (
    topics.DEPTH,
    topics.DEPTH_INFO,
    topics.RELATIVE,
    topics.COLOR,
    topics.CONFIDENCE,
)

EARLY = 0.9
"""Share of its period after which a grid may be published, so that jitter costs no grid."""

JUMP_NS = 1_000_000_000
"""Steps that are older by more are of another time, not of a camera that is late."""

DELIVERY = Duration(seconds=0.2)
"""A process that is told to end has little more."""


class Publishers:
    """A set of publishers under one prefix."""

    def __init__(self, node: LifecycleNode, prefix: str, wanted: Sequence[Topic]) -> None:
        """Advertise the topics."""
        self._node = node
        self._publishers = {topic.name: advertise(node, topic, prefix) for topic in wanted}

    def is_heard(self, *wanted: Topic) -> bool:
        """Return whether somebody listens to one of the topics, or to any where none is named."""
        names = [topic.name for topic in wanted]
        return any(
            publisher.get_subscription_count() > 0
            for name, publisher in self._publishers.items()
            if not names or name in names
        )

    def publish(self, topic: Topic, message: object) -> None:
        """Send a message."""
        self._publishers[topic.name].publish(message)

    def wait_until_arrived(self) -> None:
        """Wait, not for long, until every reliable subscriber has what was published."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(DELIVERY)

    def close(self) -> None:
        """Take the topics down."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)


class CameraOutputs:
    """What is published for one camera."""

    def __init__(self, node: LifecycleNode, prefix: str) -> None:
        """Advertise the camera's topics."""
        self._node = node
        self._prefix = prefix
        self._whole = Publishers(node, prefix, (topics.POINTS, topics.SCAN))
        self._views = [Publishers(node, prefix, VIEW_TOPICS)]
        self._advertising = threading.Lock()
        self._frames: ViewFrames | None = None

    def advertise_views(self, count: int) -> None:
        """Have the topics of several views; those of one are always there."""
        with self._advertising:
            for index in range(len(self._views) - 1, count if count > 1 else 0):
                prefix = f'{self._prefix}view_{index}/'
                self._views.append(Publishers(self._node, prefix, VIEW_TOPICS))

    def wanted(self) -> Output:
        """Return what somebody listens to, of what the pipeline can leave out."""
        points = Output.POINTS if self._whole.is_heard(topics.POINTS) else Output(0)
        scan = Output.SCAN if self._whole.is_heard(topics.SCAN) else Output(0)
        return points | scan

    def is_heard(self) -> bool:
        """Return whether somebody listens to anything of this camera."""
        return self._whole.is_heard() or any(view.is_heard() for view in self._views)

    def publish(self, result: CameraResult, header: Header, config: NodeConfig) -> None:
        """Publish a camera's results; header: of the image."""
        pairs = list(zip(result.predictions, result.depth_maps, strict=True))
        several = len(pairs) > 1
        self.advertise_views(len(pairs))
        for prediction, depth_map in pairs:
            publishers, own = self._views[0], header
            if several:
                publishers = self._view(prediction.view, header)
                frame_id = view_frame(header.frame_id, prediction.view.index)
                own = Header(stamp=header.stamp, frame_id=frame_id)
            _publish_view(publishers, prediction, depth_map, own, config)
        # A view that is not metric is NaN in the cloud, and unknown where it looks in the scan.
        if not any(depth_map.scale.is_metric for depth_map in result.depth_maps):
            return
        if result.cloud is not None:
            self._whole.publish(topics.POINTS, cloud_message(header, result.cloud))
        if result.scan is not None:
            base = Header(stamp=header.stamp, frame_id=config.base_frame)
            self._whole.publish(topics.SCAN, scan_message(base, result.scan))

    def _view(self, view: View, header: Header) -> Publishers:
        """Return the publishers of one of several views, whose frame tf then has."""
        if self._frames is None:
            self._frames = ViewFrames(self._node)
        self._frames.announce(header, view)
        return self._views[view.index + 1]

    def close(self) -> None:
        """Take the topics down."""
        for publishers in (self._whole, *self._views):
            publishers.close()
        if self._frames is not None:
            self._frames.close()


class GridOutput:
    """The grid, and its end when no camera delivers any more."""

    def __init__(self, node: LifecycleNode) -> None:
        """Advertise the grid."""
        self._publishers = Publishers(node, '', (topics.GRID,))
        self._last: OccupancyGrid | None = None
        self._last_stamp_ns = 0

    def is_heard(self) -> bool:
        """Return whether somebody listens."""
        return self._publishers.is_heard()

    def stamp_of(self, newest_ns: int) -> int:
        """Return a grid's stamp after a step: a camera that is late does not take it back."""
        behind_ns = self._last_stamp_ns - newest_ns
        return self._last_stamp_ns if 0 < behind_ns < JUMP_NS else newest_ns

    def is_due(self, stamp_ns: int, rate_hz: float) -> bool:
        """Return whether a grid of this stamp keeps to the rate; 0 is any rate."""
        since_ns = stamp_ns - self._last_stamp_ns
        return rate_hz == 0 or not 0 <= since_ns < EARLY * 1e9 / rate_hz

    def publish(self, grid: GridCells, header: Header) -> None:
        """Publish a grid; header: newest stamp, and the frame it lies in."""
        self._last_stamp_ns = Time.from_msg(header.stamp).nanoseconds
        self._last = grid_message(header, grid)
        self._publishers.publish(topics.GRID, self._last)

    def publish_unknown(self) -> None:
        """Take back what the last grid said, once: it holds until a consumer gets another."""
        if self._last is not None:
            self._last.data = array('b', [-1]) * len(self._last.data)
            self._publishers.publish(topics.GRID, self._last)
            self._last = None

    def close(self) -> None:
        """Take the topic down, but first let the grid arrive that takes back the others."""
        self._publishers.wait_until_arrived()
        self._publishers.close()


def _publish_view(
    publishers: Publishers,
    prediction: Prediction,
    depth_map: DepthMap,
    header: Header,
    config: NodeConfig,
) -> None:
    if publishers.is_heard(topics.RELATIVE):
        publishers.publish(topics.RELATIVE, image_message(header, prediction.values, '32FC1'))
    if publishers.is_heard(topics.COLOR):
        values = prediction.values
        nearness = np.reciprocal(values) if prediction.is_metric else values
        publishers.publish(topics.COLOR, image_message(header, color_of(nearness), 'rgb8'))
    if not depth_map.scale.is_metric:
        return
    if publishers.is_heard(topics.CONFIDENCE):
        message = image_message(header, depth_map.confidence, '32FC1')
        publishers.publish(topics.CONFIDENCE, message)
    if publishers.is_heard(topics.DEPTH, topics.DEPTH_INFO):
        depth_m, pinhole = _sized(depth_map, config.depth_size)
        message = depth_message(header, depth_m, config.depth_encoding)
        publishers.publish(topics.DEPTH, message)
        info = message_of_pinhole(pinhole)
        info.header = header
        publishers.publish(topics.DEPTH_INFO, info)


def _sized(depth_map: DepthMap, size: str) -> tuple[NDArray[np.float32], Pinhole]:
    """Return depth and its camera; the camera's size without depths between neighbours."""
    view = depth_map.view
    if size == 'network':
        return depth_map.depth_m, view.pinhole
    camera = view.frame.model.pinhole
    pinhole = view.pinhole.resized(camera.width, camera.height)
    large = cv2.resize(
        depth_map.depth_m, (camera.width, camera.height), interpolation=cv2.INTER_NEAREST_EXACT
    )
    return np.asarray(large, np.float32), pinhole
