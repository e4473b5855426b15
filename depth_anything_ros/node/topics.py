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

"""Every topic and service of the node, named once."""

from __future__ import annotations

from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import (
    CameraInfo,
    CompressedImage,
    Image,
    LaserScan,
    PointCloud2,
    Range,
)
from std_srvs.srv import Trigger

INPUT_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
NEWEST_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
OUTPUT_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


class Topic(NamedTuple):
    """A topic; where `per_camera`, several cameras prefix it with their names."""

    name: str
    kind: Any
    per_camera: bool
    qos: QoSProfile
    description: str


IMAGE = Topic('image_raw', Image, True, NEWEST_QOS, 'with `image_transport: raw`')
COMPRESSED_IMAGE = Topic(
    'image_raw/compressed',
    CompressedImage,
    True,
    NEWEST_QOS,
    'JPEG or PNG, with `image_transport: compressed`',
)
CAMERA_INFO = Topic(
    'camera_info', CameraInfo, True, NEWEST_QOS, 'the newest counts, whatever its stamp'
)
ODOMETRY = Topic(
    'odom', Odometry, False, INPUT_QOS, 'pose of `base_frame`, with `pose_source: odometry`'
)
SCAN_REFERENCE = Topic('scan_reference', LaserScan, False, INPUT_QOS, 'a source of scale')
POINTS_REFERENCE = Topic('points_reference', PointCloud2, False, INPUT_QOS, 'a source of scale')
RANGE_REFERENCE = Topic('range_reference', Range, False, INPUT_QOS, 'a source of scale')
DEPTH_REFERENCE = Topic(
    'depth_reference',
    Image,
    True,
    INPUT_QOS,
    'a source of scale: depth registered to the image, 16UC1 mm or 32FC1 m',
)
INPUTS = (
    IMAGE,
    COMPRESSED_IMAGE,
    CAMERA_INFO,
    ODOMETRY,
    SCAN_REFERENCE,
    POINTS_REFERENCE,
    RANGE_REFERENCE,
    DEPTH_REFERENCE,
)

DEPTH = Topic(
    'depth/image_rect',
    Image,
    True,
    OUTPUT_QOS,
    'metres along z (REP 118), undistorted; silent while the scale is lost',
)
DEPTH_INFO = Topic(
    'depth/camera_info', CameraInfo, True, OUTPUT_QOS, 'of exactly depth/image_rect'
)
RELATIVE = Topic('depth/relative', Image, True, OUTPUT_QOS, "32FC1, the network's raw prediction")
COLOR = Topic('depth/color', Image, True, OUTPUT_QOS, 'rgb8 picture of depth, for people')
CONFIDENCE = Topic('depth/confidence', Image, True, OUTPUT_QOS, '32FC1, 0…1')
POINTS = Topic(
    'depth/points',
    PointCloud2,
    True,
    OUTPUT_QOS,
    'organised, in the optical frame, NaN where not to be trusted; rgb with `cloud_color`',
)
SCAN = Topic(
    'scan',
    LaserScan,
    True,
    OUTPUT_QOS,
    'nearest obstacle of the height band per bearing; +Inf seen free, NaN unknown',
)
GRID = Topic(
    'local_grid',
    OccupancyGrid,
    False,
    LATCHED_QOS,
    'all cameras; −1 unknown, 0…100, all unknown while no camera delivers',
)
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray, False, QoSProfile(depth=10), 'once a second')
OUTPUTS = (
    DEPTH,
    DEPTH_INFO,
    RELATIVE,
    COLOR,
    CONFIDENCE,
    POINTS,
    SCAN,
    GRID,
    DIAGNOSTICS,
)


class Service(NamedTuple):
    """A service of the node."""

    name: str
    kind: Any
    description: str


RESET_GRID = Service('~/reset_grid', Trigger, 'turn every cell of the grid unknown')
RESET_SCALE = Service('~/reset_scale', Trigger, 'forget the scale and find it anew')
SERVICES = (RESET_GRID, RESET_SCALE)
