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

"""Image messages in the encodings of camera drivers, as arrays."""

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
    """
    Bytes per pixel in the message, what they become, and OpenCV's code for it, if any.

    block: width and height of the pixels that share their colour; an image has whole blocks.
    """

    bytes_per_pixel: int
    channels: Channels
    conversion: int | None = None
    block: tuple[int, int] = (1, 1)


LARGEST_SIDE_PX = 32_766
"""OpenCV resamples no larger images."""

BRIGHT_PERCENT = 99
DEEP_STEP = 4
"""Every so many rows and columns tell how bright a 16-bit image is."""

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
    'uyvy': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_UYVY, (2, 1)),
    'yuv422': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_UYVY, (2, 1)),
    'yuyv': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_YUY2, (2, 1)),
    'yuv422_yuy2': _Encoding(2, 'rgb', cv2.COLOR_YUV2RGB_YUY2, (2, 1)),
    'nv12': _Encoding(1, 'rgb', cv2.COLOR_YUV2RGB_NV12, (2, 2)),
    'nv21': _Encoding(1, 'rgb', cv2.COLOR_YUV2RGB_NV21, (2, 2)),
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
    rows = _rows(message, encoding)
    if message.encoding in ('mono16', '16UC1'):
        return _eight_bits(rows, '>u2' if message.is_bigendian else '<u2'), 'mono'
    if encoding.bytes_per_pixel > 1:
        rows = rows.reshape(len(rows), message.width, encoding.bytes_per_pixel)
    if encoding.conversion is not None:
        rows = _converted(rows, encoding.conversion, message)
    return rows, encoding.channels


def _eight_bits(rows: Pixels, kind: str) -> Pixels:
    """
    Return (H, W) of the (H, 2 W) bytes of 16-bit pixels, of which a sensor may fill 10 or 12 bits.

    Brightness is scaled by what the image itself holds: all but its brightest percent, so that a
    hot pixel does not darken it.
    """
    deep = np.ascontiguousarray(rows).view(kind).astype(np.uint16, copy=False)
    some = deep[::DEEP_STEP, ::DEEP_STEP]
    bright = max(255.0, float(np.percentile(some, BRIGHT_PERCENT)))
    return np.asarray(cv2.convertScaleAbs(deep, alpha=255.0 / bright), dtype=np.uint8)


def _converted(rows: Pixels, conversion: int, message: Image) -> Pixels:
    try:
        return np.asarray(cv2.cvtColor(rows, conversion), dtype=np.uint8)
    except cv2.error as error:
        raise _size_error(message.width, message.height, message.encoding) from error


def _size_error(width: int, height: int, kind: str) -> InputError:
    return InputError('size', f'a {width}×{height} {kind} image cannot be')


def _rows(message: Image, encoding: _Encoding) -> Pixels:
    height, width = message.height, message.width
    is_whole = width % encoding.block[0] == 0 and height % encoding.block[1] == 0
    if not (is_whole and 0 < min(height, width) <= max(height, width) <= LARGEST_SIDE_PX):
        raise _size_error(width, height, message.encoding)
    line = width * encoding.bytes_per_pixel
    lines = height * 3 // 2 if message.encoding in ('nv12', 'nv21') else height
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
    image = _decoded(data) if data.size else None
    if image is None:
        raise InputError(
            'compression',
            f'{data.size} bytes of format {message.format!r} are no JPEG or PNG: '
            'check the image_transport of the camera',
        )
    height, width = image.shape[:2]
    if max(height, width) > LARGEST_SIDE_PX:
        raise _size_error(width, height, message.format)
    return image, 'bgr'


def _decoded(data: Pixels) -> Pixels | None:
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # such as a header that claims more pixels than memory holds
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)
