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

from depth_anything_ros.camera import CameraError, CameraModel, Pinhole
from depth_anything_ros.node.calibration import (
    camera_from_message,
    fitted_to_image,
    message_of_pinhole,
)
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

PINHOLE = Pinhole(640, 480, 500.0, 510.0, 320.0, 240.0)


def info(**changes: object) -> CameraInfo:
    """Return the message of PINHOLE with changes."""
    message = message_of_pinhole(PINHOLE)
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def camera_of(**changes: object) -> CameraModel:
    return camera_from_message(info(**changes), is_rectified=False)


def test_a_pinhole_survives_its_message() -> None:
    assert camera_of().pinhole == PINHOLE
    assert not camera_of().is_distorted
    matrix = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(info().k.reshape(3, 3), matrix)
    np.testing.assert_array_equal(info().p.reshape(3, 4), np.c_[matrix, np.zeros(3)])
    np.testing.assert_array_equal(info().r.reshape(3, 3), np.eye(3))


@pytest.mark.parametrize(
    'name, count, expected',
    [
        ('plumb_bob', 5, 'plumb_bob'),
        ('', 0, 'plumb_bob'),
        ('rational_polynomial', 8, 'rational_polynomial'),
        ('equidistant', 4, 'equidistant'),
        ('fisheye', 4, 'equidistant'),
    ],
)
def test_distortion_models(name: str, count: int, expected: str) -> None:
    camera = camera_of(distortion_model=name, d=[0.01] * count)
    assert camera.distortion_model == expected
    assert camera.distortion == (0.01,) * count


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'k': [0.0] * 9}, 'all zeros'),
        ({'k': [-1.0, 0, 0, 0, 1.0, 0, 0, 0, 1]}, 'not positive'),
        ({'d': [float('nan')] * 5}, 'NaN'),
        ({'distortion_model': 'mei'}, "'mei' is not supported"),
        ({'d': [0.0] * 3}, '3 coefficients'),
        ({'width': 0}, 'empty'),
    ],
)
def test_what_is_no_calibration_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(CameraError, match=words):
        camera_of(**changes)


def test_rectified_images_have_the_projection_matrix_and_no_distortion() -> None:
    message = info(d=[0.1] * 5)
    message.p = [400.0, 0, 300.0, 0, 0, 410.0, 200.0, 0, 0, 0, 1.0, 0]
    camera = camera_from_message(message, is_rectified=True)
    assert camera == CameraModel(Pinhole(640, 480, 400.0, 410.0, 300.0, 200.0))


def test_a_region_of_interest_moves_the_centre_and_binning_shrinks_the_image() -> None:
    roi = RegionOfInterest(x_offset=100, y_offset=40, width=400, height=300)
    camera = camera_of(roi=roi, binning_x=2, binning_y=2)
    p = camera.pinhole
    assert (p.width, p.height, p.fx, p.fy) == (200, 150, 250.0, 255.0)
    assert (p.cx, p.cy) == ((220 + 0.5) / 2 - 0.5, (200 + 0.5) / 2 - 0.5)


def test_a_pixel_looks_the_same_way_in_a_resized_image() -> None:
    camera = fitted_to_image(camera_of(), 320, 240)
    full, half = PINHOLE, camera.pinhole
    assert (half.width, half.height) == (320, 240)
    assert pytest.approx((0 - half.cx) / half.fx * full.fx + full.cx) == (0 + 0.5) * 2 - 0.5


def test_the_calibration_of_another_camera_is_refused() -> None:
    with pytest.raises(CameraError, match='640×360 but camera_info is for 640×480'):
        fitted_to_image(camera_of(), 640, 360)
