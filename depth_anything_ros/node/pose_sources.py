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

"""Where cameras and robot are at an image's stamp: from tf2, or odometry and fixed mountings."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
import threading
import time
from typing import Protocol

from depth_anything_ros.config import NodeConfig
from depth_anything_ros.node import topics
from depth_anything_ros.node.quality_of_service import subscribe
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.transforms import (
    rotation_from_quaternion,
    Transform,
    transform_from,
)
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time

KEPT_POSES = 512

LEFTOVER_S = 1.0
"""A transform so far ahead of the clock is of before the clock went back."""


class PoseError(RuntimeError):
    """A pose that is not known; the message says what to check."""


class PoseSource(Protocol):
    """
    Poses by stamp; PoseError where one is not known.

    Called from the worker, so a source guards what its callbacks write.
    """

    grid_frame: str
    base_frame: str

    def base_from_sensor(self, name: str, frame_id: str, stamp_ns: int) -> Transform:
        """Return the pose of a camera or another sensor on the robot, z = 0 at the floor."""

    def grid_from_base(self, stamp_ns: int) -> Transform | None:
        """Return the robot's pose in the fixed frame, None where none is meant to be."""

    def clear(self) -> None:
        """Forget the poses: time has jumped."""

    def close(self) -> None:
        """Stop listening."""


class FixedPoses:
    """The mounting parameters and nothing else: the robot's own pose is unknown."""

    def __init__(
        self, config: Callable[[], NodeConfig], mountings: Mapping[str, Transform]
    ) -> None:
        """Take the settings in force, and base_from_sensor by name; both may change later."""
        self.grid_frame = self.base_frame = config().base_frame
        self._mountings = mountings

    def base_from_sensor(self, name: str, frame_id: str, stamp_ns: int) -> Transform:
        """Return the mounting of the sensor; raise PoseError where it is not set."""
        mounting = self._mountings.get(name)
        if mounting is None:
            raise PoseError(
                f'where {name} is mounted is not known: set its mounting parameters '
                f'({name}: camera_height_m … or *_mounting), or use pose_source: tf'
            )
        return mounting

    def grid_from_base(self, stamp_ns: int) -> Transform | None:
        """Return None: nothing tells where the robot is."""
        return None

    def clear(self) -> None:
        """Do nothing: mountings do not depend on time."""

    def close(self) -> None:
        """Do nothing."""


class OdometryPoses(FixedPoses):
    """The mounting parameters, and the robot's pose from nav_msgs/Odometry on `odom`."""

    def __init__(
        self,
        node: LifecycleNode,
        config: Callable[[], NodeConfig],
        mountings: Mapping[str, Transform],
    ) -> None:
        """Listen to `odom`."""
        super().__init__(config, mountings)
        self.grid_frame = config().grid_frame
        self._config = config
        self._changed = threading.Condition()
        self._poses: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=KEPT_POSES)
        self._frame = ''
        self._problem = ''
        self._node = node
        self._subscription = subscribe(node, topics.ODOMETRY, '', self._keep)

    def _keep(self, message: Odometry) -> None:
        stamp_ns = nanoseconds(message.header.stamp)
        p, q = message.pose.pose.position, message.pose.pose.orientation
        with self._changed:
            self._problem = self._problem_of(message)
            if self._problem:
                self._poses.clear()
                return
            self._frame = message.header.frame_id or self._frame
            self.grid_frame = self._frame or self.grid_frame
            if self._poses and stamp_ns < self._poses[-1][0]:
                self._poses.clear()
            self._poses.append((stamp_ns, np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w])))
            self._changed.notify_all()

    def _problem_of(self, message: Odometry) -> str:
        frame, child = message.header.frame_id, message.child_frame_id.strip('/')
        if child not in ('', self.base_frame.strip('/')):  # some drivers leave it empty
            return (
                f'odom is the pose of {child}, not of base_frame {self.base_frame}: set '
                f'base_frame: {child} if the mounting parameters are those in it, remap odom, or '
                'use pose_source: tf'
            )
        if frame and self._frame not in ('', frame):  # what the grid holds lies in that one
            return (
                f'odom is in {frame} and was in {self._frame}: only one node may publish it; '
                'deactivate and activate this one for the new frame'
            )
        return ''

    def grid_from_base(self, stamp_ns: int) -> Transform:
        """Return the robot's pose, between two messages where there are two around the stamp."""
        config = self._config()
        with self._changed:
            self._changed.wait_for(
                lambda: self._poses and self._poses[-1][0] >= stamp_ns, config.pose_wait_s
            )
            if self._problem:
                raise PoseError(self._problem)
            pose = pose_at(list(self._poses), stamp_ns, config.pose_tolerance_s)
        if not np.isfinite(pose).all():
            raise PoseError('odom has a pose that is not finite: restart the odometry')
        try:
            rotation = rotation_from_quaternion(*map(float, pose[3:]))
        except ValueError as error:
            raise PoseError(f'odom has a pose that cannot be: {error}') from error
        return transform_from(rotation, pose[:3])

    def clear(self) -> None:
        """Forget every pose, and the frame they are in."""
        with self._changed:
            self._poses.clear()
            self._frame = ''

    def close(self) -> None:
        """Stop listening to `odom`."""
        self._node.destroy_subscription(self._subscription)


def pose_at(
    poses: list[tuple[int, NDArray[np.float64]]], stamp_ns: int, tolerance_s: float
) -> NDArray[np.float64]:
    """
    Return the (7,) pose x, y, z, qx, qy, qz, qw at a stamp, from poses in order of time.

    Between two poses it is interpolated, the quaternion linearly; outside them the nearest one
    holds for `tolerance_s`. Raise PoseError where none is near enough.
    """
    if not poses:
        raise PoseError('no message on odom yet: remap odom to the odometry of the robot')
    after = bisect_left(poses, stamp_ns, key=lambda pose: pose[0])
    before, stop = max(0, after - 1), after + 1
    around = poses[before:stop]
    gap_ns = min(abs(stamp - stamp_ns) for stamp, _ in around)
    if gap_ns > tolerance_s * 1e9:
        raise PoseError(
            f'the nearest message on odom is {gap_ns / 1e9:.2f} s from the image: '
            'check its rate and clock, or raise pose_tolerance_s'
        )
    if len(around) == 1:
        return around[0][1]
    (t0, first), (t1, second) = around
    if first[3:] @ second[3:] < 0:
        second = np.concatenate([second[:3], -second[3:]])
    return first + (second - first) * ((stamp_ns - t0) / (t1 - t0))


class Tf2Poses:
    """Both poses from tf2, looked up at the image's stamp."""

    def __init__(self, node: LifecycleNode, config: Callable[[], NodeConfig]) -> None:
        """Listen to tf; config: what is in force. Raise PoseError where tf2_ros is missing."""
        try:
            import tf2_ros
        except ImportError as error:
            raise PoseError(
                'tf2_ros is not installed: source a ROS distribution, or set '
                'pose_source: odometry and the mounting of the camera'
            ) from error
        self._tf2 = tf2_ros
        self.grid_frame = config().grid_frame
        self.base_frame = config().base_frame
        self._config = config
        self._clock = node.get_clock()
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def base_from_sensor(self, name: str, frame_id: str, stamp_ns: int) -> Transform:
        """Return the sensor's pose from tf, lifted by `base_height_m`; raise PoseError."""
        transform = self._lookup(self.base_frame, frame_id, stamp_ns)
        transform[2, 3] += self._config().base_height_m
        return transform

    def grid_from_base(self, stamp_ns: int) -> Transform:
        """Return the robot's pose from tf."""
        return self._lookup(self.grid_frame, self.base_frame, stamp_ns)

    def _lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        try:
            transform = self._at_or_latest(target, source, stamp_ns)
        except self._tf2.TransformException as error:
            raise PoseError(f'tf has no {target} ← {source}: {error}') from error
        if not np.isfinite(transform).all():  # tf2 refuses NaN, but not infinity
            raise PoseError(f'{target} ← {source} in tf is not finite: restart who publishes it')
        return transform

    def _at_or_latest(self, target: str, source: str, stamp_ns: int) -> Transform:
        stamp = Time(nanoseconds=stamp_ns)
        give_up = time.monotonic() + self._config().pose_wait_s
        while not self._buffer.can_transform(target, source, stamp):
            if time.monotonic() > give_up:
                return self._latest(target, source, stamp_ns)
            time.sleep(0.001)
        return matrix_of(self._buffer.lookup_transform(target, source, stamp))

    def _latest(self, target: str, source: str, stamp_ns: int) -> Transform:
        latest = self._buffer.lookup_transform(target, source, Time())
        latest_ns = nanoseconds(latest.header.stamp)
        gap_s = abs(latest_ns - stamp_ns) / 1e9
        if gap_s > self._config().pose_tolerance_s:
            now_ns = self._clock.now().nanoseconds
            if latest_ns > now_ns + LEFTOVER_S * 1e9:
                self._buffer.clear()  # or it would refuse what comes as too old
            raise PoseError(
                f'{target} ← {source} in tf is {gap_s:.2f} s from the image: check the clocks, '
                'or raise pose_tolerance_s'
            )
        return matrix_of(latest)

    def clear(self) -> None:
        """Forget every transform that is not static."""
        self._buffer.clear()

    def close(self) -> None:
        """Stop listening to tf."""
        self._listener.unregister()


def matrix_of(stamped: TransformStamped) -> Transform:
    """Return the (4, 4) matrix of a transform message."""
    t, q = stamped.transform.translation, stamped.transform.rotation
    return transform_from(rotation_from_quaternion(q.x, q.y, q.z, q.w), np.array([t.x, t.y, t.z]))
