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

from __future__ import annotations

from array import array
import struct
import zlib

import cv2
from depth_anything_ros.node.images import (
    ENCODINGS,
    image_from_compressed,
    image_from_message,
    InputError,
)
from depth_anything_ros.node.messages import image_message
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

RED = np.tile(np.array([250, 10, 20], np.uint8), (8, 8, 1))
YUV = np.array([87, 97, 233], np.uint8)
"""RED in BT.601: Y = 16 + 65.5 r + 128.6 g + 25 b, U = 128 − 37.8 r …, V = 128 + 112 r …"""


def uyvy_of_red() -> np.ndarray:
    y, u, v = YUV
    return np.tile(np.array([[u, y], [v, y]], np.uint8), (8, 4, 1))


def nv_of_red(order: tuple[int, int]) -> np.ndarray:
    chroma = np.tile(YUV[list(order)], (4, 4))
    return np.concatenate([np.full((8, 8), YUV[0], np.uint8), chroma])


def bayer_of_red(pattern: str) -> np.ndarray:
    values = np.array([RED[0, 0]['rgb'.index(letter)] for letter in pattern], np.uint8)
    return np.tile(values.reshape(2, 2), (4, 4))


IMAGES_OF_RED = {
    'rgb8': RED,
    'bgr8': RED[..., ::-1],
    '8UC3': RED[..., ::-1],
    'rgba8': np.concatenate([RED, np.zeros((8, 8, 1), np.uint8)], axis=2),
    'bgra8': np.concatenate([RED[..., ::-1], np.zeros((8, 8, 1), np.uint8)], axis=2),
    'uyvy': uyvy_of_red(),
    'yuv422': uyvy_of_red(),
    'yuyv': uyvy_of_red()[..., ::-1],
    'yuv422_yuy2': uyvy_of_red()[..., ::-1],
    'nv12': nv_of_red((1, 2)),
    'nv21': nv_of_red((2, 1)),
    **{f'bayer_{p}8': bayer_of_red(p) for p in ('rggb', 'bggr', 'gbrg', 'grbg')},
}


def padded(message: Image, padding: int) -> Image:
    """Return the message with bytes after each row."""
    rows = np.frombuffer(message.data, np.uint8).reshape(-1, message.step)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    message.step += padding
    message.data = array('B', rows.tobytes())
    return message


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', IMAGES_OF_RED)
def test_red_is_red_in_every_encoding(encoding: str, padding: int) -> None:
    message = image_message(Header(), IMAGES_OF_RED[encoding], encoding)
    message.height, message.width = 8, 8
    image, channels = image_from_message(padded(message, padding))
    rgb = image[..., ::-1] if channels == 'bgr' else image
    assert rgb.shape == (8, 8, 3)
    assert np.abs(rgb[2:-2, 2:-2].astype(int) - RED[0, 0]).max() <= 8


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_grey(encoding: str) -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    image, channels = image_from_message(image_message(Header(), grey, encoding))
    assert channels == 'mono' and (image == grey).all()


@pytest.mark.parametrize('encoding', ['mono16', '16UC1'])
@pytest.mark.parametrize('is_bigendian, order', [(0, '<u2'), (1, '>u2')])
@pytest.mark.parametrize('bits', [10, 12, 16])
@pytest.mark.parametrize('padding', [0, 3])
def test_a_sensor_of_so_many_bits_gives_a_bright_picture(
    encoding: str, is_bigendian: int, order: str, bits: int, padding: int
) -> None:
    ramp = np.linspace(0, 2**bits - 1, 256 * 256).reshape(256, 256)
    message = image_message(Header(), ramp.astype(order), encoding)
    message.is_bigendian = is_bigendian
    image, channels = image_from_message(padded(message, padding))
    assert channels == 'mono' and image.dtype == np.uint8
    np.testing.assert_allclose(image, ramp * 255 / (2**bits - 1), atol=8)


def test_eight_bits_in_sixteen_stay_as_they_are() -> None:
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8)
    image, _ = image_from_message(image_message(Header(), deep, 'mono16'))
    assert (image == deep).all()


def test_a_hot_pixel_does_not_darken_a_deep_image() -> None:
    deep = np.full((64, 64), 1000, np.uint16)
    deep[8, 8] = 65535
    image, _ = image_from_message(image_message(Header(), deep, 'mono16'))
    assert (image == 255).all()


def test_every_encoding_is_tried_here() -> None:
    assert set(ENCODINGS) == {*IMAGES_OF_RED, 'mono8', '8UC1', 'mono16', '16UC1'}


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'mono8'])
def test_common_images_are_views_of_their_message(encoding: str) -> None:
    message = image_message(Header(), RED if encoding != 'mono8' else RED[..., 0].copy(), encoding)
    image, _ = image_from_message(message)
    assert np.shares_memory(image, np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize(
    'changes, cause',
    [
        ({'encoding': 'rgb16'}, 'encoding'),
        ({'encoding': ''}, 'encoding'),
        ({'width': 0}, 'size'),
        ({'height': 0}, 'size'),
        ({'encoding': 'yuv422', 'width': 7}, 'size'),
        ({'encoding': 'nv12', 'width': 7}, 'size'),
        ({'encoding': 'nv12', 'height': 5, 'step': 8}, 'size'),
        ({'encoding': 'nv21', 'height': 5, 'step': 8}, 'size'),
        ({'encoding': 'uyvy', 'width': 7}, 'size'),
        ({'encoding': 'yuyv', 'width': 7}, 'size'),
        ({'encoding': 'mono8', 'width': 32767, 'height': 1, 'step': 32767}, 'size'),
        ({'step': 5}, 'short data'),
        ({'height': 9}, 'short data'),
        ({'data': array('B')}, 'short data'),
        ({'encoding': 'nv12', 'step': 24, 'width': 24}, 'short data'),
    ],
)
def test_images_that_cannot_be_are_refused(changes: dict[str, object], cause: str) -> None:
    message = image_message(Header(), RED, 'rgb8')
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(InputError) as caught:
        image_from_message(message)
    assert caught.value.cause == cause


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_compressed_images(extension: str) -> None:
    _, data = cv2.imencode(extension, RED[..., ::-1])
    image, channels = image_from_compressed(CompressedImage(data=array('B', data.tobytes())))
    assert channels == 'bgr'
    assert np.abs(image[..., ::-1].astype(int) - RED).max() <= 8


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content).to_bytes(4, 'big')
        return len(content).to_bytes(4, 'big') + kind + content + checksum

    size = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', size) + chunk(b'IEND', b'')


@pytest.mark.parametrize(
    'data', [b'', b'\xff\xd8\xff', b'GIF89a', png_header(50_000, 50_000), png_header(4, 4)]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match='no JPEG or PNG'):
        image_from_compressed(CompressedImage(data=array('B', data)))


def test_pictures_larger_than_can_be_resampled_are_refused() -> None:
    _, data = cv2.imencode('.png', np.zeros((1, 32767), np.uint8))
    with pytest.raises(InputError, match='32767×1'):
        image_from_compressed(CompressedImage(data=array('B', data.tobytes())))


@pytest.mark.parametrize('size', [(1, 1), (1, 2), (2, 1), (3, 5), (5, 4), (2, 2), (7, 6)])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_small_images_are_decoded_or_refused(encoding: str, size: tuple[int, int]) -> None:
    height, width = size
    message = Image(height=height, width=width, encoding=encoding, step=4 * width)
    message.data = array('B', bytes(2 * height * message.step))
    try:
        image, _ = image_from_message(message)
    except InputError as error:
        assert error.cause == 'size'
    else:
        assert image.shape[:2] == size
