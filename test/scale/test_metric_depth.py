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

from dataclasses import replace

from depth_anything_ros.scale.estimate import LOST, ScaleEstimate, ScaleHealth
from depth_anything_ros.scale.metric_depth import metric_depth
import numpy as np
import pytest
from scenes import prediction

SCALE = ScaleEstimate(0.5, 0.1, np.eye(2), 0.01, 1.0, 'floor', 0.0, ScaleHealth.GOOD)


def test_relative_values_by_hand():
    values = np.array([[0.0, 0.8, 1.8], [np.nan, 3.8, 0.0]], dtype=np.float32)
    depth = metric_depth(prediction(values), SCALE)
    np.testing.assert_allclose(depth, [[10.0, 2.0, 1.0], [np.nan, 0.5, 10.0]], rtol=1e-6)
    assert depth.dtype == np.float32


@pytest.mark.parametrize('b', [0.0, -0.3, 0.0005])
def test_what_is_farther_than_a_kilometre_is_beyond_range(b):
    depth = metric_depth(prediction(np.zeros((1, 1), np.float32)), replace(SCALE, b=b))
    assert depth[0, 0] == np.inf


def test_metric_values_are_divided():
    values = np.array([[1.0, 3.0, 0.0, -1.0, np.nan]], dtype=np.float32)
    depth = metric_depth(prediction(values, is_metric=True), replace(SCALE, b=0.0))
    np.testing.assert_allclose(depth, [[2.0, 6.0, np.nan, np.nan, np.nan]])


def test_a_lost_scale_gives_no_metres():
    assert np.isnan(metric_depth(prediction(np.ones((2, 3), np.float32)), LOST)).all()


@pytest.mark.parametrize('is_metric', [False, True])
def test_pixels_that_the_camera_does_not_see(is_metric):
    unseen = prediction(np.ones((1, 2), np.float32), is_metric=is_metric)
    view = replace(unseen.view, seen=np.array([[True, False]]))
    depth = metric_depth(replace(unseen, view=view), SCALE)
    assert np.isfinite(depth[0, 0]) and np.isnan(depth[0, 1])


def test_the_prediction_is_left_as_it_is():
    values = np.ones((2, 2), np.float32)
    metric_depth(prediction(values), SCALE)
    assert (values == 1).all()
