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

"""Sensors that measure distance, as points that give the network's depth its scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
import math
import time
from typing import Any, TypeAlias

from depth_anything_ros.camera import CameraError, CameraModel
from depth_anything_ros.frame import Frame, ReferenceSource, SparseReference
from depth_anything_ros.node import topics
from depth_anything_ros.node.images import InputError
from depth_anything_ros.node.pose_sources import PoseError, PoseSource
from depth_anything_ros.node.quality_of_service import subscribe
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.node.topics import Topic
from depth_anything_ros.transforms import between, Transform, transform_points
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image, LaserScan, PointCloud2, PointField, Range

Points: TypeAlias = NDArray[np.float32]

KEPT_S = 3.0
"""What is older than a topic's newest message by more is of no image that is still under way."""

MOST_MESSAGES, MOST_LARGE_MESSAGES = 200, 32
"""Kept of a topic; clouds and images are large."""

ALIVE_S = 1.0
MOST_MISSES = 60
"""Frames in a row; a slow sensor legitimately has nothing near most of them."""

MOST_POINTS = 4000
DEPTH_STEP = 8
"""Every so many pixels of a depth image give a point."""

NARROWEST_CONE_RAD, WIDEST_CONE_RAD = 0.005, 0.8
"""Half angles of range sensors; some drivers leave the field of view at 0."""


class References:
    """Keeps the recent messages of the reference topics; they become points when a frame asks."""

    def __init__(self, node: LifecycleNode, poses: PoseSource, cameras: Mapping[str, str]) -> None:
        """Subscribe; cameras: the prefix of each one's topics."""
        self._node = node
        self._poses = poses
        self._kept: dict[str, list[tuple[int, Any]]] = {}
        self._arrived: dict[str, float] = {}
        self._misses: Counter[tuple[str, str]] = Counter()
        self._subscriptions = [
            self._subscribe('', topic)
            for topic in (topics.SCAN_REFERENCE, topics.POINTS_REFERENCE, topics.RANGE_REFERENCE)
        ] + [self._subscribe(prefix, topics.DEPTH_REFERENCE) for prefix in cameras.values()]
        self._depth_names = {
            camera: prefix + topics.DEPTH_REFERENCE.name for camera, prefix in cameras.items()
        }

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def seen_by(self, frame: Frame, max_age_s: float) -> tuple[list[SparseReference], list[str]]:
        """
        Return, of each sensor, the message nearest in time, as points in the camera's frame.

        Messages farther from the frame than max_age_s are left out. The texts say what is wrong
        with messages that cannot be used.
        """
        names: dict[ReferenceSource, str] = {
            'depth': self._depth_names[frame.camera],
            'scan': topics.SCAN_REFERENCE.name,
            'points': topics.POINTS_REFERENCE.name,
            'range': topics.RANGE_REFERENCE.name,
        }
        seen, problems = [], []
        for source, name in names.items():
            stamped = self._nearest(name, frame.stamp_ns)
            if stamped is None:
                continue
            stamp_ns, message = stamped
            gap_s = abs(stamp_ns - frame.stamp_ns) / 1e9
            if gap_s > max_age_s:
                problems += self._missed(frame, name, gap_s)
                continue
            self._misses[frame.camera, name] = 0
            try:
                points = self._points(frame, source, name, message)
                seen.append(_reference(source, message, points))
            except (PoseError, InputError, CameraError) as error:
                problems.append(str(error))
        return seen, problems

    def _points(self, frame: Frame, source: ReferenceSource, name: str, message: Any) -> Points:
        if source == 'depth':
            return points_of_depth(message, frame.model)
        points = POINTS_OF[source](message)
        camera_from_sensor = self._camera_from_sensor(frame, name, message)
        return transform_points(camera_from_sensor, points).astype(np.float32)

    def _missed(self, frame: Frame, name: str, gap_s: float) -> list[str]:
        """Return what to say of a topic that goes on and has been near no frame for long."""
        self._misses[frame.camera, name] += 1
        is_alive = time.monotonic() - self._arrived[name] < ALIVE_S
        if not is_alive or self._misses[frame.camera, name] < MOST_MISSES:
            return []
        return [
            f'the nearest message on {name} is {gap_s:.2f} s from the image: check its clock, or '
            'raise reference_max_age_s'
        ]

    def _subscribe(self, prefix: str, topic: Topic) -> Subscription[Any]:
        name = prefix + topic.name
        self._kept[name] = []
        is_large = topic.kind in (Image, PointCloud2)
        most = MOST_LARGE_MESSAGES if is_large else MOST_MESSAGES

        def keep(message: Any) -> None:
            self.keep(name, message, most)

        return subscribe(self._node, topic, prefix, keep)

    def keep(self, name: str, message: Any, most: int = MOST_MESSAGES) -> None:
        """Keep a message of a topic, and drop those that are far from it in time."""
        stamp_ns, span_ns = _stamp_ns(message), KEPT_S * 1e9
        near = [entry for entry in self._kept[name] if abs(entry[0] - stamp_ns) <= span_ns]
        self._arrived[name] = time.monotonic()
        # The worker may be reading the list of before.
        self._kept[name] = [*near, (stamp_ns, message)][-most:]

    def _nearest(self, name: str, stamp_ns: int) -> tuple[int, Any] | None:
        return min(self._kept[name], key=lambda entry: abs(entry[0] - stamp_ns), default=None)

    def _camera_from_sensor(self, frame: Frame, name: str, message: Any) -> Transform:
        """Return the sensor's pose at its own stamp, seen from the camera at the frame's."""
        if frame.base_from_camera is None:
            raise PoseError(f'{name} cannot be used before the pose of the camera is known')
        stamp_ns = _stamp_ns(message)
        base_from_sensor = self._poses.base_from_sensor(name, message.header.frame_id, stamp_ns)
        then = self._poses.grid_from_base(stamp_ns)
        if frame.grid_from_base is not None and then is not None:
            base_from_sensor = between(frame.grid_from_base, then) @ base_from_sensor
        return between(frame.base_from_camera, base_from_sensor)


def points_of_scan(scan: LaserScan) -> Points:
    """Return (N, 3) points in the scanner's frame of the valid ranges."""
    ranges = np.asarray(scan.ranges, np.float32)
    angles = scan.angle_min + np.arange(len(ranges)) * scan.angle_increment
    good = np.isfinite(ranges) & (ranges >= scan.range_min) & (ranges <= scan.range_max)
    points = np.zeros((int(good.sum()), 3), np.float32)
    points[:, 0] = ranges[good] * np.cos(angles[good])
    points[:, 1] = ranges[good] * np.sin(angles[good])
    return points


def points_of_cloud(cloud: PointCloud2) -> Points:
    """Return (N, 3) finite points of a thinned cloud; raise InputError without float x, y, z."""
    offsets = {f.name: f.offset for f in cloud.fields if f.datatype == PointField.FLOAT32}
    ends = [offsets.get(name, math.inf) + 4 for name in 'xyz']
    line = cloud.width * cloud.point_step
    row_step = cloud.row_step if cloud.height > 1 else line
    fits = max(ends) <= cloud.point_step and line <= row_step
    if not fits or cloud.is_bigendian or len(cloud.data) < cloud.height * row_step:
        raise InputError('reference', 'points_reference is no cloud of float x, y, z')
    layout = np.dtype(
        {
            'names': ['x', 'y', 'z'],
            'formats': ['<f4'] * 3,
            'offsets': [offsets[name] for name in 'xyz'],
            'itemsize': cloud.point_step,
        }
    )
    rows = np.frombuffer(cloud.data, np.uint8, cloud.height * row_step)
    rows = np.ascontiguousarray(rows.reshape(cloud.height, row_step)[:, :line])
    some = rows.reshape(-1).view(layout)[:: max(1, rows.size // cloud.point_step // MOST_POINTS)]
    points: Points = np.stack([some['x'], some['y'], some['z']], axis=1)
    finite: Points = points[np.isfinite(points).all(axis=1)]
    return finite


def points_of_range(message: Range) -> Points:
    """Return the (1, 3) point on the sensor's axis, (0, 3) where the range is not valid."""
    is_valid = message.min_range <= message.range <= message.max_range
    if not (is_valid and math.isfinite(message.range)):
        return np.empty((0, 3), np.float32)
    return np.array([[message.range, 0, 0]], np.float32)


def points_of_depth(depth: Image, camera: CameraModel) -> Points:
    """
    Return (N, 3) points in the optical frame of a depth image registered to the camera's.

    Raise InputError where it is neither 16UC1 (mm) nor 32FC1 (m).
    """
    kinds: dict[str, tuple[Any, float]] = {'16UC1': (np.uint16, 1e-3), '32FC1': (np.float32, 1.0)}
    kind, metres = kinds.get(depth.encoding, (np.uint8, 0.0))
    line = depth.width * np.dtype(kind).itemsize
    is_whole = 0 < line <= depth.step and 0 < depth.height * depth.step <= len(depth.data)
    if depth.encoding not in kinds or not is_whole:
        raise InputError('reference', 'depth_reference is no whole 16UC1 or 32FC1 image')
    rows = np.frombuffer(depth.data, np.uint8, depth.height * depth.step)
    rows = rows.reshape(depth.height, depth.step)[::DEPTH_STEP, :line]
    z = np.ascontiguousarray(rows).view(kind)[:, ::DEPTH_STEP] * metres
    v, u = np.nonzero(np.isfinite(z) & (z > 0))
    pixels = DEPTH_STEP * np.stack([u, v], axis=1).astype(np.float64)
    if not len(pixels):
        return np.empty((0, 3), np.float32)
    rays = camera.resized(depth.width, depth.height).normalised(pixels)
    points: Points = (np.c_[rays, np.ones(len(rays))] * z[v, u, None]).astype(np.float32)
    return points


POINTS_OF: Mapping[str, Callable[[Any], Points]] = {
    'scan': points_of_scan,
    'points': points_of_cloud,
    'range': points_of_range,
}


def _reference(source: ReferenceSource, message: Any, points: Points) -> SparseReference:
    angle = 0.0
    if source == 'range':
        angle = min(max(message.field_of_view / 2, NARROWEST_CONE_RAD), WIDEST_CONE_RAD)
    return SparseReference(source, _stamp_ns(message), points, angle)


def _stamp_ns(message: Any) -> int:
    return nanoseconds(message.header.stamp)
