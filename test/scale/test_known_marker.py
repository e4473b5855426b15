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

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.frame import Frame
from depth_anything_ros.scale.known_marker import DICTIONARIES, MarkerError, MarkerFinder
import numpy as np
import pytest

CAMERA = Pinhole.from_field_of_view(640, 480, 60.0)
SIDE_M = 0.1
DRAW = getattr(cv2.aruco, 'generateImageMarker', None) or cv2.aruco.drawMarker  # before 4.7


def marker_image(center, turn=(0.0, 0.0, 0.0), dictionary='apriltag_36h11', pinhole=CAMERA):
    """Return (h, w) the image of a marker with a white border of a quarter of its side."""
    family = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARIES[dictionary]))
    black = DRAW(family, 3, 200)
    sheet = cv2.copyMakeBorder(black, 50, 50, 50, 50, cv2.BORDER_CONSTANT, value=255)
    half = SIDE_M / 2 * 300 / 200
    square = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
    corners = pinhole.project(square @ cv2.Rodrigues(np.array(turn))[0].T + center)
    ends = np.array([[-0.5, -0.5], [299.5, -0.5], [299.5, 299.5], [-0.5, 299.5]])
    # Four times larger and averaged: a camera integrates over its pixels.
    warp = cv2.getPerspectiveTransform(
        ends.astype(np.float32), (4 * corners + 1.5).astype(np.float32)
    )
    size = (4 * pinhole.width, 4 * pinhole.height)
    large = cv2.warpPerspective(sheet, warp, size, borderValue=128)
    return cv2.resize(large, (pinhole.width, pinhole.height), interpolation=cv2.INTER_AREA)


def frame(image, channels='mono', model=None):
    return Frame('', 0, image, channels, model or CameraModel(CAMERA))


@pytest.mark.parametrize('dictionary', ['apriltag_36h11', '4x4_50'])
@pytest.mark.parametrize('turn', [(0.0, 0.0, 0.0), (0.1, 0.4, 0.2)])
def test_points_lie_on_a_marker_two_metres_away(dictionary, turn):
    image = marker_image((0.2, -0.1, 2.0), turn, dictionary)
    points = MarkerFinder(SIDE_M, dictionary).points(frame(image))
    assert points.shape == (49, 3)
    np.testing.assert_allclose(points.mean(axis=0), (0.2, -0.1, 2.0), rtol=0.02, atol=0.005)


@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
def test_colour_images(channels):
    image = np.repeat(marker_image((0, 0, 1.0))[..., None], 3, axis=2)
    points = MarkerFinder(SIDE_M, 'apriltag_36h11').points(frame(image, channels))
    assert np.median(points[:, 2]) == pytest.approx(1.0, rel=0.02)


def test_distortion_is_taken_out():
    fisheye = CameraModel(CAMERA, 'equidistant', (0.0, 0.0, 0.0, 0.0))
    straight = marker_image((0.5, 0.3, 1.2))
    u, v = np.meshgrid(np.arange(640.0), np.arange(480.0))
    rays = fisheye.normalised(np.stack([u.ravel(), v.ravel()], axis=1)).reshape(480, 640, 2)
    table = (rays * (CAMERA.fx, CAMERA.fy) + (CAMERA.cx, CAMERA.cy)).astype(np.float32)
    image = cv2.remap(straight, table, None, cv2.INTER_LINEAR, borderValue=128)
    points = MarkerFinder(SIDE_M, 'apriltag_36h11').points(frame(image, model=fisheye))
    np.testing.assert_allclose(points.mean(axis=0), (0.5, 0.3, 1.2), rtol=0.03)


def test_no_marker_no_points():
    finder = MarkerFinder(SIDE_M, 'apriltag_36h11')
    assert finder.points(frame(np.full((480, 640), 90, np.uint8))).shape == (0, 3)


def test_an_unknown_dictionary_is_refused():
    with pytest.raises(MarkerError, match='apriltag_99h1'):
        MarkerFinder(SIDE_M, 'apriltag_99h1')
