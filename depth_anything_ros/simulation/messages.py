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

"""ROS 2 messages of what the simulated robot measures, made without ROS."""

from __future__ import annotations

from typing import Any

import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.replay.bag import message_types
from depth_anything_ros.replay.grid_truth import GridFrame
from depth_anything_ros.simulation.driving import BaseState
from depth_anything_ros.transforms import quaternion_from_rotation, Transform
import numpy as np
from numpy.typing import NDArray


def _new(name: str, **fields: Any) -> Any:
    return message_types().types[name](**fields)


def _time(stamp_ns: int) -> Any:
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    return _new('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)


def _header(stamp_ns: int, frame_id: str) -> Any:
    return _new('std_msgs/msg/Header', stamp=_time(stamp_ns), frame_id=frame_id)


def _vector(values: NDArray[np.float64], name: str = 'Vector3') -> Any:
    x, y, z = (float(value) for value in values)
    return _new(f'geometry_msgs/msg/{name}', x=x, y=y, z=z)


def _quaternion(rotation: NDArray[np.float64]) -> Any:
    x, y, z, w = quaternion_from_rotation(rotation)
    return _new('geometry_msgs/msg/Quaternion', x=x, y=y, z=z, w=w)


def _pose(transform: Transform) -> Any:
    return _new(
        'geometry_msgs/msg/Pose',
        position=_vector(transform[:3, 3], 'Point'),
        orientation=_quaternion(transform[:3, :3]),
    )


def transforms(stamp_ns: int, tree: list[tuple[str, str, Transform]]) -> Any:
    """Return a TFMessage of (parent, child, parent_from_child)."""
    return _new(
        'tf2_msgs/msg/TFMessage',
        transforms=[
            _new(
                'geometry_msgs/msg/TransformStamped',
                header=_header(stamp_ns, parent),
                child_frame_id=child,
                transform=_new(
                    'geometry_msgs/msg/Transform',
                    translation=_vector(parent_from_child[:3, 3]),
                    rotation=_quaternion(parent_from_child[:3, :3]),
                ),
            )
            for parent, child, parent_from_child in tree
        ],
    )


def compressed_image(
    stamp_ns: int, frame_id: str, rgb: NDArray[np.uint8], jpeg_quality: int
) -> Any:
    """Return a CompressedImage of an (H, W, 3) RGB image, as image_transport writes it."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    return _new(
        'sensor_msgs/msg/CompressedImage',
        header=_header(stamp_ns, frame_id),
        format='bgr8; jpeg compressed bgr8',
        data=data.ravel(),
    )


def depth_image(stamp_ns: int, frame_id: str, depth_m: NDArray[np.float32]) -> Any:
    """Return an Image 16UC1 of (H, W) metres, in millimetres (REP 118); 0 where out of range."""
    millimetres = np.rint(depth_m * 1000)
    in_range = np.isfinite(millimetres) & (millimetres < 65535)
    values = np.where(in_range, millimetres, 0).astype('<u2')
    height, width = depth_m.shape
    return _new(
        'sensor_msgs/msg/Image',
        header=_header(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding='16UC1',
        is_bigendian=0,
        step=2 * width,
        data=values.view(np.uint8).ravel(),
    )


def camera_info(stamp_ns: int, frame_id: str, pinhole: Pinhole) -> Any:
    """Return the CameraInfo of an ideal camera."""
    p = pinhole
    return _new(
        'sensor_msgs/msg/CameraInfo',
        header=_header(stamp_ns, frame_id),
        height=p.height,
        width=p.width,
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=np.array([p.fx, 0, p.cx, 0, p.fy, p.cy, 0, 0, 1]),
        r=np.eye(3).ravel(),
        p=np.array([p.fx, 0, p.cx, 0, 0, p.fy, p.cy, 0, 0, 0, 1, 0]),
        binning_x=0,
        binning_y=0,
        roi=_new(
            'sensor_msgs/msg/RegionOfInterest',
            x_offset=0,
            y_offset=0,
            height=0,
            width=0,
            do_rectify=False,
        ),
    )


def odometry(stamp_ns: int, frame_id: str, child_frame_id: str, state: BaseState) -> Any:
    """Return the Odometry of a base; its pose and speeds are exact, so covariances are zero."""
    twist = _new(
        'geometry_msgs/msg/Twist',
        linear=_vector(np.array([state.speed, 0, 0])),
        angular=_vector(np.array([0, 0, state.turn_rate])),
    )
    return _new(
        'nav_msgs/msg/Odometry',
        header=_header(stamp_ns, frame_id),
        child_frame_id=child_frame_id,
        pose=_new(
            'geometry_msgs/msg/PoseWithCovariance',
            pose=_pose(state.odom_from_base),
            covariance=np.zeros(36),
        ),
        twist=_new('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=np.zeros(36)),
    )


def laser_scan(
    stamp_ns: int,
    frame_id: str,
    angles: NDArray[np.float64],
    ranges_m: NDArray[np.float32],
    range_max_m: float,
) -> Any:
    """Return a LaserScan of evenly spaced bearings; +Inf where nothing is in range (REP 117)."""
    return _new(
        'sensor_msgs/msg/LaserScan',
        header=_header(stamp_ns, frame_id),
        angle_min=float(angles[0]),
        angle_max=float(angles[-1]),
        angle_increment=float(angles[1] - angles[0]),
        time_increment=0.0,
        scan_time=0.0,
        range_min=0.05,
        range_max=range_max_m,
        ranges=np.where(ranges_m < range_max_m, ranges_m, np.inf).astype(np.float32),
        intensities=np.zeros(0, np.float32),
    )


def occupancy_grid(stamp_ns: int, frame_id: str, cells: NDArray[np.int8], frame: GridFrame) -> Any:
    """Return the OccupancyGrid of (rows, columns) cells."""
    origin = np.eye(4)
    origin[:2, 3] = frame.origin_x, frame.origin_y
    return _new(
        'nav_msgs/msg/OccupancyGrid',
        header=_header(stamp_ns, frame_id),
        info=_new(
            'nav_msgs/msg/MapMetaData',
            map_load_time=_time(stamp_ns),
            resolution=frame.resolution_m,
            width=cells.shape[1],
            height=cells.shape[0],
            origin=_pose(origin),
        ),
        data=cells.ravel(),
    )
