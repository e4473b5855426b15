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

"""Image messages of every encoding that camera drivers emit, as arrays."""

from __future__ import annotations

from typing import Literal, NamedTuple, TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # reports decode messages of recordings with it, where no ROS is installed
    from sensor_msgs.msg import CompressedImage, Image

Channels: TypeAlias = Literal['rgb', 'bgr', 'mono']
Pixels: TypeAlias = NDArray[np.uint8]


class InputError(ValueError):
    """A message that cannot be used; `cause` is its short name in diagnostics."""

    def __init__(self, cause: str, message: str) -> None:
        """Keep the cause beside the message."""
        super().__init__(message)
        self.cause = cause


class _Encoding(NamedTuple):
    """Bytes per pixel in the message, what they become, and OpenCV's code for it, if any."""

    bytes_per_pixel: int
    channels: Channels
    conversion: int | None = None


ENCODINGS = {
    'rgb8': _Encoding(3, 'rgb'),
    'bgr8': _Encoding(3, 'bgr'),
    '8UC3': _Encoding(3, 'bgr'),
    'rgba8': _Encoding(4, 'rgb', cv2.COLOR_RGBA2RGB),
    'bgra8': _Encoding(4, 'rgb', cv2.COLOR_BGRA2RGB),
    'mono8': _Encoding(1, 'mono'),
    '8UC1': _Encoding(1, 'mono'),
    'mono16': _Encoding(2, 'mono'),
    '16UC1': _Encoding(2, 'mono'),
    'uyvy': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_UYVY),
    'yuv422': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_UYVY),
    'yuyv': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_YUY2),
    'yuv422_yuy2': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_YUY2),
    'nv12': _Encoding(1, 'rgb', cv2.COLOR_YUV2RGB_NV12),
    'nv21': _Encoding(1, 'rgb', cv2.COLOR_YUV2RGB_NV21),
    # OpenCV names a pattern by its second row; the usual names came later than 4.5.4.
    'bayer_rggb8': _Encoding(1, 'rgb', cv2.COLOR_BayerBG2RGB),
    'bayer_bggr8': _Encoding(1, 'rgb', cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg8': _Encoding(1, 'rgb', cv2.COLOR_BayerGR2RGB),
    'bayer_grbg8': _Encoding(1, 'rgb', cv2.COLOR_BayerGB2RGB),
}


def image_from_message(message: Image) -> tuple[Pixels, Channels]:
    """
    Return the image, (H, W, 3) uint8 or (H, W) for mono, and the order of its channels.

    rgb8, bgr8 and mono8 are views of the message. Raise InputError that says what is wrong.
    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise InputError(
            'encoding',
            f'encoding {message.encoding!r} is not supported: '
            f'set the driver to one of {", ".join(ENCODINGS)}',
        )
    rows = _rows(message, encoding.bytes_per_pixel)
    if message.encoding in ('mono16', '16UC1'):
        upper = 0 if message.is_bigendian else 1
        return rows[:, upper::2].copy(), 'mono'
    if encoding.bytes_per_pixel > 1:
        rows = rows.reshape(len(rows), message.width, encoding.bytes_per_pixel)
    if encoding.conversion is not None:
        rows = np.asarray(cv2.cvtColor(rows, encoding.conversion), dtype=np.uint8)
    return rows, encoding.channels


def _rows(message: Image, bytes_per_pixel: int) -> Pixels:
    height, width = message.height, message.width
    is_planar = message.encoding in ('nv12', 'nv21')
    if height == 0 or width == 0 or ((is_planar or 'yuv' in message.encoding) and width % 2):
        raise InputError('size', f'a {width}×{height} {message.encoding} image cannot be')
    line = width * bytes_per_pixel
    lines = height * 3 // 2 if is_planar else height
    if message.step < line or len(message.data) < lines * message.step:
        raise InputError(
            'short data',
            f'{len(message.data)} bytes with a step of {message.step} are too few for '
            f'{width}×{height} {message.encoding}: the driver sends broken images',
        )
    data = np.frombuffer(message.data, np.uint8, lines * message.step)
    return data.reshape(lines, message.step)[:, :line]


def image_from_compressed(message: CompressedImage) -> tuple[Pixels, Channels]:
    """Return the (H, W, 3) uint8 BGR image of a JPEG or PNG; raise InputError where it is none."""
    data = np.frombuffer(message.data, np.uint8)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise InputError(
            'compression',
            f'{data.size} bytes of format {message.format!r} are no JPEG or PNG: '
            'check the image_transport of the camera',
        )
    return np.asarray(image, dtype=np.uint8), 'bgr'
