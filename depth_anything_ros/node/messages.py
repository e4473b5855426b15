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

"""
Results as messages.

Their payloads are views of the arrays: publishing takes any buffer, and copies it. The setters of
the generated messages would copy it two or three times before.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import cv2
from depth_anything_ros.mapping.local_grid import OccupancyGrid as GridCells
from depth_anything_ros.mapping.point_cloud import PointCloud
from depth_anything_ros.mapping.virtual_scan import VirtualScan
from geometry_msgs.msg import Point, Pose, Quaternion
from nav_msgs.msg import MapMetaData, OccupancyGrid
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image, LaserScan, PointCloud2, PointField
from std_msgs.msg import Header

_LEVELS = np.arange(256, dtype=np.uint8).reshape(256, 1)
_PALETTE: NDArray[np.uint8] = np.ascontiguousarray(
    cv2.applyColorMap(_LEVELS, cv2.COLORMAP_TURBO)[..., ::-1]
)
_LARGEST_MM = np.iinfo(np.uint16).max


Message = TypeVar('Message')


def with_payload(
    message: Message, field: str, values: NDArray[Any], code: Literal['B', 'b', 'f'] = 'B'
) -> Message:
    """
    Return the message with the bytes of an array in one of its fields, past the field's setter.

    code: type code of the field's elements. The array must stay as it is until the message is
    published.
    """
    if values.size > 0:  # memoryview casts nothing that is empty, as messages are at first
        view = np.ascontiguousarray(values).data.cast('B')
        setattr(message, f'_{field}', view.cast(code))
    return message


def image_message(header: Header, image: NDArray[Any], encoding: str) -> Image:
    """Return the message of an (H, W) or (H, W, C) array whose dtype fits the encoding."""
    height, width = image.shape[:2]
    message = Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=image.nbytes // height,
    )
    return with_payload(message, 'data', image)


def depth_message(header: Header, depth_m: NDArray[np.float32], encoding: str) -> Image:
    """Return (h, w) metres as 32FC1, or as 16UC1 millimetres with 0 for what has no number."""
    if encoding == '32FC1':
        return image_message(header, depth_m, encoding)
    millimetres = np.rint(depth_m * 1000)
    valid = (millimetres > 0) & (millimetres <= _LARGEST_MM)
    return image_message(header, np.where(valid, millimetres, 0).astype(np.uint16), encoding)


def color_of(nearness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """
    Return an (h, w, 3) RGB picture of (h, w) relative inverse depth, near is red.

    The span between the 2nd and the 98th percentile fills the palette; np.percentile would take
    as long as all the rest.
    """
    some = nearness[::8, ::8].ravel()
    ends = [some.size // 50, some.size - 1 - some.size // 50]
    low, high = map(float, np.partition(some, ends)[ends])
    step = 255.0 / max(high - low, 1e-6)
    levels = cv2.convertScaleAbs(np.clip(nearness, low, high), alpha=step, beta=-low * step)
    return np.asarray(cv2.applyColorMap(levels, _PALETTE), np.uint8)


def cloud_message(header: Header, cloud: PointCloud) -> PointCloud2:
    """Return a PointCloud2 of xyz, or of xyz and rgb as PCL packs it."""
    height, width = cloud.points.shape[:2]
    packed = cloud.points
    names = ['x', 'y', 'z']
    if cloud.rgb is not None:
        names.append('rgb')
        packed = np.empty((height, width, 4), np.float32)
        packed[..., :3] = cloud.points
        color = packed.view(np.uint8)[..., 12:]
        color[..., :3] = cloud.rgb[..., ::-1]
        color[..., 3] = 0
    fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate(names)
    ]
    message = PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=fields,
        is_bigendian=False,
        point_step=4 * len(names),
        row_step=4 * len(names) * width,
        is_dense=False,
    )
    return with_payload(message, 'data', packed)


def scan_message(header: Header, scan: VirtualScan) -> LaserScan:
    """Return the LaserScan of a virtual scan."""
    message = LaserScan(
        header=header,
        angle_min=scan.angle_min,
        angle_max=scan.angle_max,
        angle_increment=scan.angle_increment,
        range_min=scan.range_min_m,
        range_max=scan.range_max_m,
    )
    return with_payload(message, 'ranges', scan.ranges, 'f')


def grid_message(header: Header, grid: GridCells) -> OccupancyGrid:
    """Return the OccupancyGrid of a grid, whose rows are y and columns x."""
    rows, columns = grid.cells.shape
    message = OccupancyGrid(
        header=header,
        info=MapMetaData(
            map_load_time=header.stamp,
            resolution=grid.resolution_m,
            width=columns,
            height=rows,
            origin=Pose(
                position=Point(x=grid.origin_x, y=grid.origin_y),
                orientation=Quaternion(w=1.0),
            ),
        ),
    )
    return with_payload(message, 'data', grid.cells, 'b')
