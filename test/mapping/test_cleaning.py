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

"""Test what becomes a point and what does not."""

from __future__ import annotations

from dataclasses import replace

import cv2
from depth_anything_ros.config import CleaningConfig
from depth_anything_ros.mapping.cleaning import Cleaner
import numpy as np
from numpy.typing import NDArray
import pytest
from ray_scenes import cast, depth_map, make_view, PINHOLE, uniform

CONFIG = CleaningConfig(range_min_m=0.2, range_max_m=6.0)


def clean(depth: NDArray[np.floating], config: CleaningConfig = CONFIG) -> NDArray[np.float32]:
    """Return the cleaned depth of full confidence, without the border of one pixel."""
    return Cleaner(config).clean(depth_map(make_view(), depth))[1:-1, 1:-1]


def blurred(depth: NDArray[np.floating], sigma: float = 1.0) -> NDArray[np.float32]:
    """Return depth as a network that smears edges gives it."""
    return (1 / cv2.GaussianBlur(1 / depth.astype(np.float64), (0, 0), sigma)).astype(np.float32)


def test_an_inclined_floor_has_no_edges() -> None:
    depth = cast()
    within = (depth < 6.0)[1:-1, 1:-1]
    np.testing.assert_allclose(clean(depth)[within], depth[1:-1, 1:-1][within], rtol=1e-6)


@pytest.mark.parametrize('is_upright', [True, False])
def test_flying_pixels_between_two_walls_go_and_the_walls_stay(is_upright: bool) -> None:
    depth = uniform(4.0)
    if is_upright:
        depth[:, 80:] = 2.0
    else:
        depth[80:] = 2.0
    cleaned = clean(blurred(depth))
    cleaned = cleaned[60] if is_upright else cleaned[:, 60]
    kept = cleaned[np.isfinite(cleaned)]
    assert np.all((np.abs(kept - 2.0) < 0.1) | (np.abs(kept - 4.0) < 0.01))
    assert np.isfinite(cleaned[[40, 74, 81, 120]]).all()  # a column less for the border
    assert np.isnan(cleaned[76:79]).all()


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (3.0, 3.0),
        (7.0, np.inf),
        (np.inf, np.inf),
        (0.1, np.nan),
        (0.0, np.nan),
        (-1.0, np.nan),
        (-np.inf, np.nan),
        (np.nan, np.nan),
    ],
)
def test_one_depth_everywhere(value: float, expected: float) -> None:
    np.testing.assert_allclose(clean(uniform(value)), expected, rtol=1e-6)


def test_untrusted_pixels_go() -> None:
    given = depth_map(make_view(), uniform(3.0))
    given.confidence[40:60, 50:70] = 0.04
    given.confidence[80:90, 50:70] = np.nan
    cleaned = Cleaner(CONFIG).clean(given)
    assert np.isnan(cleaned[41:59, 51:69]).all()
    assert np.isnan(cleaned[81:89, 51:69]).all()
    assert np.isfinite(cleaned[100, 60])


def test_pixels_of_no_confidence_go_though_any_confidence_is_enough() -> None:
    given = depth_map(make_view(), uniform(3.0))
    given.confidence[40:60, 50:70] = 0.0
    given.confidence[80:90, 50:70] = 1e-3
    cleaned = Cleaner(replace(CONFIG, min_confidence=0.0)).clean(given)
    assert np.isnan(cleaned[41:59, 51:69]).all()
    assert np.isfinite(cleaned[81:89, 51:69]).all()


@pytest.mark.parametrize(('side', 'stays'), [(1, False), (3, True)])
def test_a_speck_goes_and_a_thing_stays(side: int, stays: bool) -> None:
    depth = uniform(4.0)
    bottom, right = 50 + side, 60 + side
    depth[50:bottom, 60:right] = 2.0
    middle = side // 2
    assert np.isfinite(clean(depth)[49 + middle, 59 + middle]) == stays


@pytest.mark.parametrize('normal', [(1.0, 0.0, 0.05), (0.0, 1.0, 0.05), (0.6, -0.8, 0.3)])
def test_a_surface_seen_at_a_grazing_angle_goes(normal: tuple[float, float, float]) -> None:
    rays = PINHOLE.back_project(uniform(1.0))
    sine = (rays @ normal / np.linalg.norm(rays, axis=2) / np.linalg.norm(normal))[1:-1, 1:-1]
    with np.errstate(divide='ignore'):
        depth = np.where(rays @ normal > 0, 0.5 / (rays @ normal), np.nan)
    cleaned = clean(depth, replace(CONFIG, grazing_min_deg=15.0, range_max_m=20.0))
    assert np.isfinite(cleaned[sine > np.sin(np.radians(15.5))]).all()
    assert np.isnan(cleaned[sine < np.sin(np.radians(14.5))]).all()


def test_a_pole_that_was_blurred_into_its_background_comes_back() -> None:
    fine = np.full((PINHOLE.height * 4, PINHOLE.width * 4), 1 / 6.0)
    fine[:, 320:330] = 1 / 3.0  # 2.5 pixels wide
    inverse = cv2.resize(fine, (PINHOLE.width, PINHOLE.height), interpolation=cv2.INTER_AREA)
    depth = blurred(1 / inverse)
    assert depth[60].min() > 3.3
    cleaned = clean(depth)[60]
    assert np.nanmin(cleaned) == pytest.approx(3.0, abs=0.15)


def test_a_sharp_pole_stays_where_it_is() -> None:
    depth = uniform(6.0)
    depth[:, 80:82] = 3.0
    cleaned = clean(depth)[60]
    kept = cleaned[np.isfinite(cleaned)]
    assert np.all((np.abs(kept - 3.0) < 1e-5) | (np.abs(kept - 6.0) < 1e-5))
    assert (kept < 4.0).sum() == 2


def test_settings_may_change_between_frames() -> None:
    cleaner, given = Cleaner(CONFIG), depth_map(make_view(), uniform(3.0))
    assert np.isfinite(cleaner.clean(given)[60, 60])
    cleaner.config = replace(CONFIG, range_max_m=2.0)
    assert np.isposinf(cleaner.clean(given)[60, 60])
