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

from depth_anything_ros.camera import CameraError, CameraModel, Pinhole
from depth_anything_ros.estimation.preprocess import Preprocessor
from depth_anything_ros.frame import Frame
import numpy as np
import pytest

PINHOLE = Pinhole(80, 60, 60.0, 60.0, 39.5, 29.5)
FISHEYE = CameraModel(Pinhole(320, 240, 95.0, 95.0, 159.5, 119.5), 'equidistant', (0.0,) * 4)


def frame(image, model=None, channels='rgb', camera='front'):
    model = model or CameraModel(PINHOLE)
    return Frame(camera, 1, np.asarray(image, np.uint8), channels, model)


def ramp(width, height):
    """X in red, y in green, 7 in blue."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 7)], axis=-1).astype(np.uint8)


def test_an_undistorted_image_is_only_resized():
    (view,), batch = Preprocessor(30, 40).views([frame(ramp(80, 60))])
    assert batch.shape == (1, 30, 40, 3)
    # The centre of pixel (10, 5) of the half-size image lies at (20.5, 10.5) of the image.
    assert view.image[5, 10] == pytest.approx((20.5, 10.5, 7), abs=0.51)
    assert (view.pinhole.fx, view.pinhole.cx) == (30.0, 19.5)
    assert view.seen is None
    assert np.shares_memory(view.image, batch)


@pytest.mark.parametrize('size', [(60, 80), (30, 40)])
def test_channel_order_becomes_rgb(size):
    bgr = np.ascontiguousarray(ramp(80, 60)[..., ::-1])
    _, from_rgb = Preprocessor(*size).views([frame(ramp(80, 60))])
    _, from_bgr = Preprocessor(*size).views([frame(bgr, channels='bgr')])
    np.testing.assert_array_equal(from_bgr, from_rgb)


def test_mono_becomes_three_equal_channels():
    _, batch = Preprocessor(60, 80).views([frame(ramp(80, 60)[..., 0], channels='mono')])
    np.testing.assert_array_equal(batch[0], np.repeat(ramp(80, 60)[..., :1], 3, axis=-1))


def test_a_remap_shows_what_each_ray_of_the_view_sees():
    model = CameraModel(Pinhole(200, 150, 150.0, 150.0, 99.5, 74.5), distortion=(-0.2, 0.05, 0, 0))
    (view,), _ = Preprocessor(60, 80).views([frame(ramp(200, 150), model)])
    for v, u in [(30, 40), (5, 7), (50, 70)]:
        ray = np.array([view.pinhole.ray_x[u], view.pinhole.ray_y[v], 1.0])
        assert view.image[v, u, :2] == pytest.approx(model.project(ray), abs=1.0)


def test_a_fisheye_becomes_several_views_of_one_batch():
    views, batch = Preprocessor(60, 80).views([frame(np.full((240, 320, 3), 9), FISHEYE)])
    assert [view.index for view in views] == list(range(len(views)))
    assert len(views) == len(batch) >= 2
    left, right = views[0].camera_from_view, views[-1].camera_from_view
    assert left[0, 2] < 0 < right[0, 2]
    assert (batch == 9).all()


def test_a_view_knows_where_its_camera_sees_nothing():
    low = CameraModel(Pinhole(320, 60, 95.0, 95.0, 159.5, 29.5), 'equidistant', (0.0,) * 4)
    views, _ = Preprocessor(60, 80).views([frame(np.full((60, 320, 3), 9), low)])
    for view in views:
        assert view.seen[30].all()
        assert not view.seen[[0, -1]].any()


def test_views_of_all_frames_follow_each_other():
    frames = [frame(ramp(80, 60)), frame(np.zeros((60, 80, 3)), camera='left')]
    views, batch = Preprocessor(60, 80).views(frames)
    assert [view.frame.camera for view in views] == ['front', 'left']
    assert batch[0].any()
    assert not batch[1].any()


def test_the_next_batch_leaves_the_last_one_alone():
    preprocessor = Preprocessor(60, 80)
    (first,), _ = preprocessor.views([frame(ramp(80, 60))])
    preprocessor.views([frame(np.zeros((60, 80, 3)))])
    np.testing.assert_array_equal(first.image, ramp(80, 60))


def test_a_new_calibration_makes_new_tables():
    preprocessor = Preprocessor(60, 80)
    preprocessor.views([frame(ramp(80, 60))])
    zoomed = CameraModel(Pinhole(80, 60, 90.0, 90.0, 39.5, 29.5))
    (view,), _ = preprocessor.views([frame(ramp(80, 60), zoomed)])
    assert view.pinhole.fx == 90.0


def test_an_image_of_another_size_than_its_calibration_is_refused():
    with pytest.raises(CameraError, match='image is 40×30 but its calibration is for 80×60'):
        Preprocessor(60, 80).views([frame(ramp(40, 30))])
