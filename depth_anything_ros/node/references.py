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
from typing import Any, NamedTuple, TypeAlias

from depth_anything_ros.camera import CameraError, CameraModel
from depth_anything_ros.frame import Frame, ReferenceSource, SparseReference
from depth_anything_ros.node import topics
from depth_anything_ros.node.calibration import is_same_shape
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


class SparseDepth(NamedTuple):
    """Every so many pixels of a depth image: (N, 2) u, v and (N,) metres along z."""

    width: int
    height: int
    pixels: NDArray[np.float32]
    depth_m: NDArray[np.float32]


class Reading(NamedTuple):
    """
    What is kept of a message: of clouds and images a hundredth.

    content: (N, 3) points in the sensor's frame, a depth image, or why there is neither.
    """

    stamp_ns: int
    frame_id: str
    content: Points | SparseDepth | InputError
    cone_half_angle_rad: float


class References:
    """Keeps what the reference topics said recently, until a frame asks for it."""

    def __init__(self, node: LifecycleNode, poses: PoseSource, cameras: Mapping[str, str]) -> None:
        """Subscribe; cameras: the prefix of each one's topics."""
        self._node = node
        self._poses = poses
        self._kept: dict[str, list[Reading]] = {}
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

    def clear(self) -> None:
        """Forget every message: time has jumped."""
        for name in self._kept:
            self._kept[name] = []

    def seen_by(
        self, frame: Frame, max_age_s: float
    ) -> tuple[list[SparseReference], dict[str, str]]:
        """
        Return, of each sensor, the message nearest in time, as points in the camera's frame.

        Messages farther from the frame than max_age_s are left out. The texts say, by topic, what
        is wrong with messages that cannot be used.
        """
        names: dict[ReferenceSource, str] = {
            'depth': self._depth_names[frame.camera],
            'scan': topics.SCAN_REFERENCE.name,
            'points': topics.POINTS_REFERENCE.name,
            'range': topics.RANGE_REFERENCE.name,
        }
        seen: list[SparseReference] = []
        problems: dict[str, str] = {}
        for source, name in names.items():
            reading = self._nearest(name, frame.stamp_ns)
            if reading is None:
                continue
            gap_s = abs(reading.stamp_ns - frame.stamp_ns) / 1e9
            if gap_s > max_age_s:
                problems |= self._missed(frame, name, gap_s)
                continue
            self._misses[frame.camera, name] = 0
            try:
                points = self._points(frame, name, reading)
            except (PoseError, InputError, CameraError) as error:
                problems[name] = str(error)
                continue
            angle = reading.cone_half_angle_rad
            seen.append(SparseReference(source, reading.stamp_ns, points, angle))
        return seen, problems

    def _points(self, frame: Frame, name: str, reading: Reading) -> Points:
        """Return the points in the camera's frame."""
        content = reading.content
        if isinstance(content, InputError):
            raise InputError(content.cause, str(content))
        if isinstance(content, SparseDepth):
            return points_of_depth(content, frame.model)
        camera_from_sensor = self._camera_from_sensor(frame, name, reading)
        return transform_points(camera_from_sensor, content).astype(np.float32)

    def _missed(self, frame: Frame, name: str, gap_s: float) -> dict[str, str]:
        """Return what to say of a topic that goes on and has been near no frame for long."""
        self._misses[frame.camera, name] += 1
        is_alive = time.monotonic() - self._arrived[name] < ALIVE_S
        if not is_alive or self._misses[frame.camera, name] < MOST_MISSES:
            return {}
        text = f'the nearest message on {name} is {gap_s:.2f} s from the image'
        return {name: f'{text}: check its clock, or raise reference_max_age_s'}

    def _subscribe(self, prefix: str, topic: Topic) -> Subscription[Any]:
        name = prefix + topic.name
        self._kept[name] = []
        is_large = topic.kind in (Image, PointCloud2)
        most = MOST_LARGE_MESSAGES if is_large else MOST_MESSAGES

        def keep(message: Any) -> None:
            self.keep(name, message, most)

        return subscribe(self._node, topic, prefix, keep)

    def keep(self, name: str, message: Any, most: int = MOST_MESSAGES) -> None:
        """Keep what a message of a topic says, and drop those that are far from it in time."""
        reading = reading_of(message)
        stamp_ns, span_ns = reading.stamp_ns, KEPT_S * 1e9
        near = [kept for kept in self._kept[name] if abs(kept.stamp_ns - stamp_ns) <= span_ns]
        self._arrived[name] = time.monotonic()
        # The worker may be reading the list of before.
        self._kept[name] = [*near, reading][-most:]

    def _nearest(self, name: str, stamp_ns: int) -> Reading | None:
        kept = self._kept[name]
        return min(kept, key=lambda reading: abs(reading.stamp_ns - stamp_ns), default=None)

    def _camera_from_sensor(self, frame: Frame, name: str, reading: Reading) -> Transform:
        """Return the sensor's pose at its own stamp, seen from the camera at the frame's."""
        if frame.base_from_camera is None:
            raise PoseError(f'{name} cannot be used before the pose of the camera is known')
        stamp_ns = reading.stamp_ns
        base_from_sensor = self._poses.base_from_sensor(name, reading.frame_id, stamp_ns)
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
    rows = rows.reshape(cloud.height, row_step)[:, :line]
    count = cloud.height * cloud.width
    row, column = np.divmod(np.arange(0, count, max(1, count // MOST_POINTS)), cloud.width)
    some = rows.reshape(cloud.height, cloud.width, cloud.point_step)[row, column].view(layout)
    points: Points = np.concatenate([some['x'], some['y'], some['z']], axis=1)
    finite: Points = points[np.isfinite(points).all(axis=1)]
    return finite


def points_of_range(message: Range) -> Points:
    """Return the (1, 3) point on the sensor's axis, (0, 3) where the range is not valid."""
    is_valid = message.min_range <= message.range <= message.max_range
    if not (is_valid and math.isfinite(message.range)):
        return np.empty((0, 3), np.float32)
    return np.array([[message.range, 0, 0]], np.float32)


def sparse_depth(depth: Image) -> SparseDepth:
    """Return the pixels of a depth image that are used; InputError unless 16UC1 mm or 32FC1 m."""
    kinds = {'16UC1': ('u2', 1e-3), '32FC1': ('f4', 1.0)}
    name, metres = kinds.get(depth.encoding, ('u1', 0.0))
    kind = np.dtype(name).newbyteorder('>' if depth.is_bigendian else '<')
    line = depth.width * kind.itemsize
    is_whole = 0 < line <= depth.step and 0 < depth.height * depth.step <= len(depth.data)
    if depth.encoding not in kinds or not is_whole:
        raise InputError('reference', 'depth_reference is no whole 16UC1 or 32FC1 image')
    rows = np.frombuffer(depth.data, np.uint8, depth.height * depth.step)
    rows = rows.reshape(depth.height, depth.step)[::DEPTH_STEP, :line]
    z = np.ascontiguousarray(rows).view(kind)[:, ::DEPTH_STEP] * np.float32(metres)
    v, u = np.nonzero(np.isfinite(z) & (z > 0))
    pixels = DEPTH_STEP * np.stack([u, v], axis=1).astype(np.float32)
    return SparseDepth(depth.width, depth.height, pixels, z[v, u])


def points_of_depth(depth: SparseDepth, camera: CameraModel) -> Points:
    """
    Return (N, 3) points in the optical frame of depth registered to the camera's image.

    Raise InputError where the two have not the same shape.
    """
    if not len(depth.pixels):
        return np.empty((0, 3), np.float32)
    image = camera.pinhole
    if not is_same_shape((depth.width, depth.height), (image.width, image.height)):
        raise InputError(
            'reference',
            f'depth_reference is {depth.width}×{depth.height}, the image '
            f'{image.width}×{image.height}: let the driver align depth to the image',
        )
    resized = camera.resized(depth.width, depth.height)
    rays = resized.normalised(depth.pixels.astype(np.float64))
    points: Points = (np.c_[rays, np.ones(len(rays))] * depth.depth_m[:, None]).astype(np.float32)
    return points


CONTENT_OF: Mapping[type[Any], Callable[[Any], Points | SparseDepth]] = {
    LaserScan: points_of_scan,
    PointCloud2: points_of_cloud,
    Range: points_of_range,
    Image: sparse_depth,
}


def reading_of(message: Any) -> Reading:
    """Return what is kept of a message of a reference topic."""
    content: Points | SparseDepth | InputError
    try:
        content = CONTENT_OF[type(message)](message)
    except InputError as error:
        content = error.with_traceback(None)  # which would hold the message
    angle = 0.0
    if isinstance(message, Range):
        angle = min(max(message.field_of_view / 2, NARROWEST_CONE_RAD), WIDEST_CONE_RAD)
    return Reading(nanoseconds(message.header.stamp), message.header.frame_id, content, angle)
