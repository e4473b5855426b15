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

"""Bad input: one clear message, at most once a second, and the node stays up."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import time

import cv2
from depth_anything_ros.estimation.load import load_backend
from depth_anything_ros.node.calibration import message_of_pinhole
import numpy as np
import pytest
from rclpy.parameter import Parameter
from robot import CAMERA, HEIGHT, Robot, WIDTH
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from tiny_onnx import write_tiny_onnx

pytestmark = pytest.mark.system

SHOWN_S = 1.2
FIRST_LINES = ('scene fp32', 'active', 'camera: no camera_info yet')
"""Which network runs, that it does, and that a calibration may arrive after the first image."""


def expect_one_message(robot: Robot, words: str, bad: Callable[[], object]) -> None:
    """Show bad input at 30 Hz for longer than a second: nothing else is said, and not often."""
    started = time.monotonic()
    robot.until(lambda: time.monotonic() > started + SHOWN_S, 'the end', bad)
    log = [line for line in robot.log if not line.startswith(FIRST_LINES)]
    seconds = time.monotonic() - started
    assert log, 'nothing was said'
    assert all(words in line for line in log), log
    assert len(log) <= seconds + 1, log


def expect_one_message_and_life(robot: Robot, words: str, bad: Callable[[], object]) -> None:
    """Expect one message and no depth of bad input, then depth of good input."""
    depths = robot.hear('depth/image_rect', Image)
    expect_one_message(robot, words, bad)
    assert not depths
    robot.keep_showing(lambda: depths, 'depth after bad input')
    assert not robot.deaths


def calibrated_with(robot: Robot, matrix: list[float]) -> Callable[[], object]:
    """Return what shows good images with a calibration whose K is given."""

    def show() -> None:
        image = robot.show(info=False)
        info = message_of_pinhole(CAMERA)
        info.header, info.k, info.p = image.header, matrix, [0.0] * 12
        robot.publish('camera_info', info)

    return show


def test_without_camera_info(robot: Robot) -> None:
    robot.start(cameras=['front'])
    expect_one_message_and_life(robot, 'no camera_info yet', lambda: robot.show(info=False))


@pytest.mark.parametrize(
    'matrix, words',
    [
        ([0.0] * 9, 'camera_info is all zeros'),
        ([float('nan')] * 9, 'NaN or infinite'),
        ([1e-300] * 9, 'cannot be those of a 168×126 image'),
    ],
)
def test_camera_info_that_is_no_calibration(robot: Robot, matrix: list[float], words: str) -> None:
    robot.start()
    expect_one_message_and_life(robot, words, calibrated_with(robot, matrix))


def test_unknown_encoding(robot: Robot) -> None:
    robot.start()
    expect_one_message_and_life(
        robot, "encoding 'yuv444' is not supported", lambda: robot.show(encoding='yuv444')
    )


@pytest.mark.parametrize(
    'encoding, height, width', [('nv12', 127, 168), ('uyvy', 126, 169), ('rgb8', 1, 32767)]
)
def test_sizes_that_an_encoding_cannot_have(
    robot: Robot, encoding: str, height: int, width: int
) -> None:
    robot.start()
    step = 4 * width
    data = array('B', bytes(2 * height * step))

    def show() -> None:
        robot.show(encoding=encoding, height=height, width=width, step=step, data=data)

    expect_one_message_and_life(robot, f'a {width}×{height} {encoding} image cannot be', show)


def test_data_shorter_than_its_rows(robot: Robot) -> None:
    robot.start()
    expect_one_message_and_life(
        robot, 'too few for 168×126', lambda: robot.show(data=array('B', bytes(100)))
    )


# A header of 50,000 × 50,000 pixels is refused by OpenCV with an exception.
HUGE_PNG = bytes.fromhex('89504e470d0a1a0a0000000d494844520000c3500000c3500802000000c4cdaa9d')


@pytest.mark.parametrize('data', [b'\xff\xd8 not a picture', HUGE_PNG])
def test_broken_jpeg(robot: Robot, data: bytes) -> None:
    robot.start(image_transport='compressed')
    color = robot.hear('depth/color', Image)
    message = CompressedImage(format='jpeg', data=array('B', data))

    def show() -> None:
        message.header = robot.header()
        robot.publish('image_raw/compressed', message)

    expect_one_message(robot, 'no JPEG or PNG', show)
    assert not color


def test_calibration_of_another_camera(robot: Robot) -> None:
    robot.start()

    def show() -> None:
        image = robot.show(info=False)
        info = message_of_pinhole(replace(CAMERA, width=500))
        info.header = image.header
        robot.publish('camera_info', info)

    expect_one_message_and_life(robot, 'but camera_info is for 500×126', show)


@pytest.mark.parametrize('seconds', [0, -1])
def test_images_without_a_stamp(robot: Robot, seconds: int) -> None:
    robot.start()
    header = robot.header()
    header.stamp.sec, header.stamp.nanosec = seconds, 0
    expect_one_message_and_life(robot, 'its stamp is not set', lambda: robot.show(header=header))


def test_images_that_are_too_old(robot: Robot) -> None:
    robot.start()

    def show() -> None:
        header = robot.header()
        header.stamp.sec -= 100
        robot.show(header=header)

    expect_one_message_and_life(robot, 'set use_sim_time', show)


def test_a_body_mask_that_is_not_there(robot: Robot) -> None:
    node = robot.start(body_mask='/nowhere.png')
    assert node.state == 'unconfigured'
    robot.until(lambda: robot.log, 'a line')
    assert robot.log == ['body_mask /nowhere.png is not an image that can be read']
    depths = robot.hear('depth/points', PointCloud2)
    node.set_parameters([Parameter('body_mask', value='')])
    node.start()
    robot.keep_showing(lambda: depths, 'a cloud without the mask')


def test_a_body_mask_that_cannot_be_read_leaves_the_old_one_in_force(
    robot: Robot, tmp_path: Path
) -> None:
    (tmp_path / 'text.png').write_text('no image')
    cv2.imwrite(str(tmp_path / 'camera.png'), np.zeros((4, 4), np.uint8))
    mask = str(tmp_path / '{camera}.png')
    node = robot.start(body_mask=mask)
    depths = robot.hear('depth/points', PointCloud2)
    for path in ('/nowhere.png', str(tmp_path), str(tmp_path / 'text.png')):
        (result,) = node.set_parameters([Parameter('body_mask', value=path)])
        assert not result.successful and f'body_mask {path} is not an image' in result.reason
    assert node.parameters.configs.pipeline.cleaning.body_mask == mask
    robot.keep_showing(lambda: depths, 'a cloud')


def test_size_changes_in_mid_stream(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    infos = robot.hear('depth/camera_info', CameraInfo)
    robot.start(depth_size='camera')
    robot.keep_showing(lambda: depths, 'depth')
    robot.keep_showing(
        lambda: depths[-1].width == 2 * WIDTH and infos[-1].width == 2 * WIDTH,
        'depth of the new size',
        size=(2 * WIDTH, 2 * HEIGHT),
    )
    assert infos[-1].k[0] == pytest.approx(2 * CAMERA.fx)


def test_missing_model_file(robot: Robot, tmp_path: Path) -> None:
    robot.load = load_backend
    node = robot.start(model=str(tmp_path / 'nowhere.onnx'))
    robot.until(lambda: any('nowhere.onnx' in line for line in robot.log), 'the message')
    assert len(robot.log) == 1
    assert node.state == 'unconfigured'


def test_model_with_the_wrong_input_shape(robot: Robot, tmp_path: Path) -> None:
    write_tiny_onnx(tmp_path / 'wrong.onnx', channels=1)
    robot.load = load_backend
    node = robot.start(model=str(tmp_path / 'wrong.onnx'))
    robot.until(lambda: any('wrong shape' in line for line in robot.log), 'the message')
    assert len(robot.log) == 1
    assert node.state == 'unconfigured'
