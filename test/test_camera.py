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
from depth_anything_ros.camera import (
    CameraError,
    CameraModel,
    moved_pixel,
    Pinhole,
    virtual_cameras,
    VirtualCamera,
)
from depth_anything_ros.transforms import rotation_from_rpy, transform_from, transform_points
from hypothesis import given, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

VGA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
STRETCHED = Pinhole(640, 480, 500.0, 400.0, 300.0, 200.0)
PLUMB_BOB = CameraModel(VGA, 'plumb_bob', (-0.25, 0.08, 0.001, -0.0005, 0.0))
FISHEYE = CameraModel(
    Pinhole(640, 480, 200.0, 200.0, 319.5, 239.5), 'equidistant', (0.02, -0.005, 0.001, 0.0)
)


def test_field_of_view_makes_the_focal_length():
    camera = Pinhole.from_field_of_view(200, 100, 90.0)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == pytest.approx((100, 100, 99.5, 49.5))
    assert camera.horizontal_fov_deg == pytest.approx(90.0)


def test_projection_by_hand():
    assert_allclose(STRETCHED.project(np.array([1.0, -0.5, 2.0])), [300 + 250, 200 - 100])
    assert np.isnan(VGA.project(np.array([1.0, 1.0, -1.0]))).all()


def test_resizing_keeps_what_the_image_corners_see():
    small = CameraModel(STRETCHED).resized(320, 120).pinhole
    assert (small.width, small.height, small.fx, small.fy) == (320, 120, 250.0, 100.0)
    # Corners of images are half a pixel before their first and after their last pixels' centres.
    assert (small.cx + 0.5, small.cy + 0.5) == (300.5 / 2, 200.5 / 4)
    assert CameraModel(small).horizontal_fov_deg == pytest.approx(STRETCHED.horizontal_fov_deg)


def test_a_moved_pixel_is_where_its_point_is_seen():
    now_from_then = transform_from(rotation_from_rpy(0.1, -0.2, 0.15), np.array([0.1, -0.2, 0.3]))
    pixels = np.array([[100, 50], [600, 450], [20, 400]])
    points = STRETCHED.back_project(np.full((480, 640), 3.0, np.float32))
    expected = transform_points(now_from_then, points[pixels[:, 1], pixels[:, 0]])
    for (column, row), point in zip(pixels, expected, strict=True):
        *pixel, z = moved_pixel(row, column, 3.0, now_from_then, STRETCHED.lens)
        assert_allclose(pixel, STRETCHED.project(point), rtol=1e-5)
        assert z == pytest.approx(point[2], rel=1e-5)


@given(
    st.integers(2, 60),
    st.integers(2, 60),
    st.floats(20, 120),
    st.floats(0.1, 50.0),
)
def test_back_projection_undoes_projection(width, height, fov, depth):
    camera = Pinhole.from_field_of_view(width, height, fov)
    points = camera.back_project(np.full((height, width), depth, np.float32))
    v, u = np.mgrid[:height, :width]
    assert_allclose(camera.project(points), np.stack([u, v], -1), atol=1e-2)


def test_distorted_projection_agrees_with_opencv():
    ray = np.array([[0.3, -0.2, 1.0]])
    matrix = np.array([[500, 0, 319.5], [0, 500, 239.5], [0, 0, 1.0]])
    expected, _ = cv2.projectPoints(ray, np.zeros(3), np.zeros(3), matrix, PLUMB_BOB.distortion)
    assert_allclose(PLUMB_BOB.project(ray), expected[0])


@pytest.mark.parametrize('camera', [PLUMB_BOB, FISHEYE])
def test_normalised_undoes_projection(camera):
    coordinates = np.array([[0.0, 0.0], [0.3, -0.2], [-0.4, 0.3]])
    rays = np.concatenate([coordinates, np.ones((3, 1))], axis=1)
    assert_allclose(camera.normalised(camera.project(rays)), coordinates, atol=1e-3)


def test_equidistant_maps_the_angle_to_the_radius_even_behind():
    camera = CameraModel(Pinhole(640, 640, 100.0, 100.0, 320.0, 320.0), 'equidistant')
    rays = np.array([[1.0, 0.0, 0.0], [np.sin(1.8), 0.0, np.cos(1.8)]])
    assert_allclose(camera.project(rays)[:, 0], [320 + 100 * np.pi / 2, 320 + 180])


def test_one_view_of_an_undistorted_camera_is_the_whole_image():
    (view,) = virtual_cameras(CameraModel(VGA), 336, 252)
    assert view.pinhole == VGA.resized(336, 252)


def test_a_distorted_camera_gives_a_view_without_black_borders():
    (view,) = virtual_cameras(PLUMB_BOB, 336, 252)
    x, y, seen = view.remap_tables(PLUMB_BOB)
    assert seen.all()
    assert x.min() < 25
    assert x.max() > 615
    assert y.min() < 25
    assert y.max() > 455


def test_a_view_beyond_the_image_knows_what_it_does_not_see():
    x, y = (np.abs(ray) for ray in np.meshgrid(*[np.linspace(-1.0, 1.0, 201)] * 2))
    view = VirtualCamera(Pinhole(201, 201, 100.0, 100.0, 100.0, 100.0))
    *_, seen = view.remap_tables(CameraModel(VGA))
    assert seen[(x < 0.635) & (y < 0.475)].all()
    assert not seen[(x > 0.645) | (y > 0.485)].any()


def test_a_wide_camera_is_split_into_views_that_cover_it():
    views = virtual_cameras(FISHEYE, 168, 126)
    fovs = [view.pinhole.horizontal_fov_deg for view in views]
    assert len(views) >= 2
    for view in views:
        turned = view.camera_from_view
        assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
        assert_allclose(turned[:, 1], [0, 1, 0])  # about the vertical
    assert all(50 <= fov <= 90 for fov in fovs)
    yaws = [
        np.degrees(np.arctan2(v.camera_from_view[0, 2], v.camera_from_view[2, 2])) for v in views
    ]
    assert yaws == sorted(yaws)
    for left, right in zip(range(len(views) - 1), range(1, len(views)), strict=True):
        assert yaws[left] + fovs[left] / 2 > yaws[right] - fovs[right] / 2
    covered = yaws[-1] + fovs[-1] / 2 - (yaws[0] - fovs[0] / 2)
    assert covered == pytest.approx(FISHEYE.horizontal_fov_deg, abs=10)


@pytest.mark.parametrize('fov_deg', [101, 120, 169, 171, 200])
def test_views_of_a_wide_camera_are_as_high_as_the_network_takes(fov_deg):
    focal = 640 / np.radians(fov_deg)
    camera = CameraModel(Pinhole(640, 480, focal, focal, 319.5, 239.5), 'equidistant')
    views = virtual_cameras(camera, 168, 126)
    heights = [2 * np.degrees(np.arctan(63 / view.pinhole.fy)) for view in views]
    assert_allclose(heights, 2 * np.degrees(np.arctan(0.75 * np.tan(np.radians(42.5)))))
    ends = [view.camera_from_view[:, 2] @ [1, 0, 0] for view in views]
    assert_allclose(np.degrees(np.arcsin(ends[-1])), fov_deg / 2 - 42.5, atol=0.1)


@pytest.mark.parametrize(
    ('pinhole', 'model', 'distortion', 'message'),
    [
        (Pinhole(640, 480, 0, 0, 0, 0), 'plumb_bob', (), 'not positive'),
        (Pinhole(640, 480, np.nan, 500, 320, 240), 'plumb_bob', (), 'NaN'),
        (Pinhole(0, 0, 500, 500, 320, 240), 'plumb_bob', (), 'empty'),
        (VGA, 'omnidirectional', (), 'not supported'),
        (VGA, 'equidistant', (0.1,), 'expected one of'),
        (VGA, 'plumb_bob', (np.inf, 0, 0, 0), 'NaN or infinite'),
        (Pinhole(640, 480, 1e-300, 1e-300, 320, 240), 'plumb_bob', (), 'cannot be those'),
        (Pinhole(640, 480, 1e300, 500, 320, 240), 'equidistant', (), 'cannot be those'),
        (Pinhole(640, 480, 500, 500, 1e9, 240), 'plumb_bob', (), 'cannot be those'),
    ],
)
def test_what_cannot_be_a_calibration_is_refused(pinhole, model, distortion, message):
    with pytest.raises(CameraError, match=message):
        CameraModel(pinhole, model, distortion)


def test_a_narrow_strip_of_a_large_image_is_a_camera():
    CameraModel(Pinhole(1920, 16, 1500.0, 1500.0, 960.0, -500.0))


@pytest.mark.parametrize('model', ['plumb_bob', 'equidistant'])
@pytest.mark.parametrize('k1', [-1e300, -1e6, -5.0, 1e6, 1e300])
def test_distortion_that_leaves_nothing_to_see_is_refused(model, k1):
    with np.errstate(all='ignore'):
        camera = CameraModel(VGA, model, (k1, 0.0, 0.0, 0.0))
        try:
            views = virtual_cameras(camera, 64, 48)
        except CameraError as error:
            assert 'folds the image' in str(error)
        else:
            assert all(view.pinhole.is_plausible for view in views)
