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

"""sensor_msgs/CameraInfo to and from camera models."""

from __future__ import annotations

from depth_anything_ros.camera import CameraError, CameraModel, Pinhole
import numpy as np
from sensor_msgs.msg import CameraInfo

SAME_SHAPE = 0.01
"""Relative difference of width/height up to which one image is taken for the other, resized."""

DISTORTION_NAMES = {'': 'plumb_bob', 'fisheye': 'equidistant', 'kannala_brandt4': 'equidistant'}


def camera_from_message(message: CameraInfo, *, is_rectified: bool) -> CameraModel:
    """
    Return the camera that made the images: region of interest cut out, binning applied.

    is_rectified: the images are, so P holds and there is no distortion. Raise CameraError where
    the calibration cannot be one.
    """
    matrix = np.asarray(message.p if is_rectified else message.k)
    columns = 4 if is_rectified else 3
    fx, cx, fy, cy = matrix[[0, 2, columns + 1, columns + 2]]
    if not matrix.any():
        raise CameraError(
            'camera_info is all zeros: calibrate the camera or set horizontal_fov_deg'
        )
    roi = message.roi
    width, height = roi.width or message.width, roi.height or message.height
    pinhole = Pinhole(
        width, height, float(fx), float(fy), float(cx) - roi.x_offset, float(cy) - roi.y_offset
    )
    name = DISTORTION_NAMES.get(message.distortion_model, message.distortion_model)
    camera = (
        CameraModel(pinhole)
        if is_rectified
        else CameraModel(pinhole, name, tuple(map(float, message.d)))
    )
    binning_x, binning_y = max(1, message.binning_x), max(1, message.binning_y)
    return camera.resized(width // binning_x, height // binning_y)


def fitted_to_image(camera: CameraModel, width: int, height: int) -> CameraModel:
    """
    Return the camera for images of another size, where they have the same shape.

    Raise CameraError where the calibration belongs to other images.
    """
    own = camera.pinhole
    if (own.width, own.height) == (width, height):
        return camera
    if not is_same_shape((width, height), (own.width, own.height)):
        raise CameraError(
            f'the image is {width}×{height} but camera_info is for {own.width}×{own.height}: '
            'publish the camera_info that belongs to the image'
        )
    return camera.resized(width, height)


def is_same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether an image of one (width, height) may be the other's, resized."""
    (width, height), (other_width, other_height) = size, other
    difference = abs(width * other_height - height * other_width)
    return difference <= SAME_SHAPE * width * other_height


def message_of_pinhole(pinhole: Pinhole) -> CameraInfo:
    """Return the CameraInfo, header empty, of an undistorted image of `pinhole`."""
    p = pinhole
    return CameraInfo(
        width=p.width,
        height=p.height,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=[p.fx, 0.0, p.cx, 0.0, p.fy, p.cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[p.fx, 0.0, p.cx, 0.0, 0.0, p.fy, p.cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )
