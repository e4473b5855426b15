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

import math

from blank import camera_info, grid, image, odometry, stamped, transform, transforms
import cv2
from depth_anything_ros.camera import Pinhole
from depth_anything_ros.replay.bag import RecordingError
from depth_anything_ros.replay.grid_truth import GridFrame
from depth_anything_ros.replay.messages import (
    colour_image,
    depth_image,
    grid_cells,
    mounting_of,
    pinhole_of,
    pose_transform,
    static_transform,
)
from depth_anything_ros.transforms import base_from_mounted_camera
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest


def compressed(data: bytes, form: str) -> object:
    message = stamped('sensor_msgs/msg/CompressedImage', 0)
    message.format, message.data = form, np.frombuffer(data, np.uint8)
    return message


def png(values: np.ndarray) -> bytes:
    return cv2.imencode('.png', values)[1].tobytes()


def test_pinhole_is_k_and_size() -> None:
    assert pinhole_of(camera_info(0, 40, 30, 50.0)) == Pinhole(40, 30, 50.0, 50.0, 19.5, 14.5)


@pytest.mark.parametrize(
    ('encoding', 'pixel', 'bgr'),
    [
        ('bgr8', [1, 2, 3], [1, 2, 3]),
        ('rgb8', [1, 2, 3], [3, 2, 1]),
        ('bgra8', [1, 2, 3, 9], [1, 2, 3]),
        ('rgba8', [1, 2, 3, 9], [3, 2, 1]),
        ('mono8', [7], [7, 7, 7]),
    ],
)
def test_colours_become_bgr(encoding: str, pixel: list[int], bgr: list[int]) -> None:
    pixels = np.tile(np.array(pixel, np.uint8), (2, 3, 1))
    picture = colour_image(image(0, pixels, encoding))
    assert picture.shape == (2, 3, 3)
    assert (picture == bgr).all()


def test_padding_of_rows_is_left_out() -> None:
    padded = np.array([[1, 2, 3, 99], [4, 5, 6, 99]], np.uint8)
    message = image(0, padded, 'mono8')
    message.width = 3
    assert colour_image(message)[..., 0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_compressed_colour_is_decoded() -> None:
    picture = colour_image(compressed(png(np.full((4, 5, 3), 77, np.uint8)), 'png'))
    assert picture.shape == (4, 5, 3)
    assert (picture == 77).all()


MILLIMETRES = np.array([[0, 1500], [40000, 1]], np.uint16)
METRES = np.array([[np.nan, 1.5], [40.0, 0.001]], np.float32)


@pytest.mark.parametrize(
    ('message', 'expected'),
    [
        (image(0, MILLIMETRES, '16UC1'), METRES),
        (image(0, METRES, '32FC1'), METRES),
        (compressed(png(MILLIMETRES), '16UC1; png compressed'), METRES),
        (compressed(bytes(12) + png(MILLIMETRES), '16UC1; compressedDepth png'), METRES),
    ],
)
def test_depth_is_in_metres(message: object, expected: np.ndarray) -> None:
    np.testing.assert_allclose(depth_image(message), expected)
    assert depth_image(message).dtype == np.float32


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_padding_of_depth_is_left_out(encoding: str) -> None:
    wide = np.arange(1, 9).reshape(2, 4).astype(np.uint16 if encoding == '16UC1' else np.float32)
    message = image(0, wide, encoding)
    message.width = 3
    unit = 1e-3 if encoding == '16UC1' else 1.0
    np.testing.assert_allclose(depth_image(message), wide[:, :3] * unit)


def test_big_endian_depth_is_turned() -> None:
    message = image(0, MILLIMETRES.astype('>u2'), '16UC1')
    message.is_bigendian = 1
    np.testing.assert_allclose(depth_image(message), METRES)


@pytest.mark.parametrize(
    ('read', 'message', 'text'),
    [
        (depth_image, image(0, MILLIMETRES, 'bgr8'), "'bgr8' is not 32FC1 or 16UC1"),
        (depth_image, compressed(png(np.zeros((2, 2), np.uint8)), 'png'), '16-bit PNG'),
        (depth_image, compressed(b'nonsense', 'png'), '16-bit PNG'),
        (colour_image, compressed(b'nonsense', 'jpeg'), 'no JPEG or PNG'),
        (colour_image, image(0, MILLIMETRES, '32FC1'), 'not supported'),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(read, message, text: str) -> None:
    with pytest.raises(RecordingError, match=text):
        read(message)


def test_grid_has_rows_along_y() -> None:
    cells, frame = grid_cells(grid(0, np.array([[0, 100, -1], [1, 2, 3]]), 0.5, (-1.0, 2.0)))
    assert cells.tolist() == [[0, 100, -1], [1, 2, 3]]
    assert frame == GridFrame(0.5, -1.0, 2.0)


HALF_TURN = (0.0, 0.0, 1.0, 0.0)
NO_TURN = (0.0, 0.0, 0.0, 1.0)


def test_pose_of_odometry() -> None:
    assert pose_transform(odometry(0, 2.0, 3.0).pose.pose)[:3, 3].tolist() == [2.0, 3.0, 0.0]


def test_static_transforms_are_chained_both_ways() -> None:
    tree = [
        transforms(transform('base', 'mast', (1, 0, 0), HALF_TURN)),
        transforms(transform('mast', 'camera', (0, 2, 0.5), NO_TURN)),
    ]
    base_from_camera = static_transform(tree, 'base', 'camera')
    np.testing.assert_allclose(base_from_camera[:3, 3], [1, -2, 0.5])
    np.testing.assert_allclose(
        static_transform(tree, 'camera', 'base') @ base_from_camera, np.eye(4), atol=1e-12
    )
    assert static_transform(tree, 'base', 'elsewhere') is None
    np.testing.assert_array_equal(static_transform([], 'base', 'base'), np.eye(4))


ANGLES = st.floats(-1.4, 1.4)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0, 3), ANGLES, ANGLES, st.floats(-math.pi, math.pi))
def test_mounting_is_what_was_mounted(
    x: float, height: float, roll: float, pitch: float, yaw: float
) -> None:
    mounted = base_from_mounted_camera(x, 0.1, height, roll, pitch, yaw)
    np.testing.assert_allclose(base_from_mounted_camera(*mounting_of(mounted)), mounted, atol=1e-9)
