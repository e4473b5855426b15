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

"""Test the scan: obstacles, free rays, and what nobody saw."""

from __future__ import annotations

from dataclasses import replace
import math

from depth_anything_ros.config import ScanConfig
from depth_anything_ros.mapping.obstacles import Surroundings
from depth_anything_ros.mapping.virtual_scan import virtual_scan, VirtualScan
import numpy as np
import pytest
from surroundings import around

CONFIG = ScanConfig(scan_increment_deg=0.5)


def at(scan: VirtualScan, bearing: float) -> float:
    """Return the range of the ray at a bearing."""
    return float(scan.ranges[round((bearing - scan.angle_min) / scan.angle_increment)])


def test_obstacle_free_and_unknown() -> None:
    view = around(nearest={30: 2.0}, floor_to={30: 2.0, 40: 6.0, 50: 3.0})
    scan = virtual_scan([view], CONFIG)
    assert at(scan, math.radians(0.5)) == pytest.approx(2.0)
    assert at(scan, math.radians(10.5)) == math.inf
    assert math.isnan(at(scan, math.radians(20.5)))
    assert math.isnan(at(scan, math.radians(-20.5)))


def test_floor_that_begins_farther_than_the_view_shows_frees_nothing() -> None:
    view = around(floor_to={30: 6.0, 40: 6.0})
    view.floor_from_m[30] = 2.0  # the view shows floor from 0.5 m on
    scan = virtual_scan([view], CONFIG)
    assert math.isnan(at(scan, math.radians(0.5)))
    assert at(scan, math.radians(10.5)) == math.inf


@pytest.mark.parametrize('clear', ['inf', 'range_max_plus_one'])
def test_a_ray_that_passes_beside_the_view_is_not_free(clear: str) -> None:
    # Floor is seen to ±30° of a camera 0.5 m before the base: at 25° from 2.6 m on only.
    view = around(floor_to=dict.fromkeys(range(60), 6.0), origin=(0.5, 0.0, 0.5))
    scan = virtual_scan([view], replace(CONFIG, scan_clear_value=clear))
    assert all(at(scan, math.radians(bearing)) > 6.0 for bearing in (-10, 0, 10))
    assert all(math.isnan(at(scan, math.radians(bearing))) for bearing in (-25, 25))
    # A second view shows what the first one misses.
    left = replace(view, bearing_min=view.bearing_min + math.radians(58))
    scan = virtual_scan([view, left], CONFIG)
    assert at(scan, math.radians(25)) == math.inf
    assert math.isnan(at(scan, math.radians(-25)))


def test_a_ray_through_the_shadow_of_an_obstacle_is_not_free() -> None:
    # From 0.5 m to the left of the base, a post 1.5 m away hides what is behind it.
    floor = dict.fromkeys(range(60), 6.0) | dict.fromkeys(range(10, 16), 1.5)
    post = dict.fromkeys(range(10, 16), 1.5)
    scan = virtual_scan([around(post, floor, origin=(0.0, 0.5, 0.5))], CONFIG)
    assert at(scan, math.radians(20)) == math.inf
    # Through the shadow between 2 and 3 m, and far behind it over floor that was seen.
    direction = math.radians(12.5 - 30)
    x, y = 2.5 * math.cos(direction), 0.5 + 2.5 * math.sin(direction)
    assert not at(scan, math.atan2(y, x)) > 6.0


@pytest.mark.parametrize(('increment', 'rays'), [(0.7, 2), (2.1, 0)])
def test_only_rays_within_a_free_bearing_are_free(increment: float, rays: int) -> None:
    # Bearing 30 spans 0° to 1°; rays begin at −30°.
    view = around(floor_to={30: 6.0})
    scan = virtual_scan([view], ScanConfig(scan_increment_deg=increment))
    assert np.isposinf(scan.ranges).sum() == rays
    assert np.isnan(scan.ranges).sum() == len(scan.ranges) - rays


def test_it_covers_the_field_of_view() -> None:
    scan = virtual_scan([around()], CONFIG)
    assert scan.angle_min == pytest.approx(math.radians(-30))
    assert scan.angle_max == pytest.approx(math.radians(29.5))
    assert scan.ranges.dtype == np.float32
    assert scan.range_max_m == 6.0


def test_some_consumers_want_a_number_for_free() -> None:
    view = around(floor_to={30: 6.0})
    scan = virtual_scan([view], replace(CONFIG, scan_clear_value='range_max_plus_one'))
    assert at(scan, math.radians(0.5)) == 7.0


def test_doubt_before_the_obstacle_makes_it_unknown() -> None:
    view = around(nearest={30: 4.0, 40: 4.0}, doubt={30: 2.0, 40: 3.9})
    scan = virtual_scan([view], CONFIG)
    assert math.isnan(at(scan, math.radians(0.5)))
    assert at(scan, math.radians(10.5)) == pytest.approx(4.0)


def test_ranges_are_measured_from_the_base() -> None:
    # A camera 0.5 m before the base's origin sees an obstacle 2 m ahead of it.
    view = around(nearest={30: 2.0}, origin=(0.5, 0.0, 0.5))
    scan = virtual_scan([view], CONFIG)
    bearing = math.atan2(2.0 * math.sin(math.radians(0.5)), 0.5 + 2.0)
    assert at(scan, bearing) == pytest.approx(2.5, abs=0.001)


def test_a_camera_before_the_base_frees_to_the_range_and_shows_nothing_beyond() -> None:
    view = around({20: 5.8}, {30: 6.0}, origin=(0.5, 0.0, 0.5))
    scan = virtual_scan([view], CONFIG)
    assert np.isposinf(scan.ranges).any()
    assert not np.isfinite(scan.ranges).any()


def test_a_near_obstacle_leaves_no_gaps_between_rays() -> None:
    fine = ScanConfig(scan_increment_deg=0.1)
    scan = virtual_scan([around(nearest=dict.fromkeys(range(20, 40), 1.0))], fine)
    inside = slice(201, 399)
    assert np.isfinite(scan.ranges[inside]).all()


@pytest.mark.parametrize('increment', [0.25, 2.0, 5.0])
@pytest.mark.parametrize('bearing', range(3, 57, 7))
def test_a_pole_between_two_rays_is_not_lost(increment: float, bearing: int) -> None:
    view = around(nearest={bearing: 3.0}, floor_to=dict.fromkeys(range(60), 6.0))
    scan = virtual_scan([view], ScanConfig(scan_increment_deg=increment))
    assert np.nanmin(scan.ranges) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ('origin', 'bearings'),
    [
        ((-0.4, 0.0, 0.5), range(60)),  # behind the base's origin, which it looks over
        ((0.0, 0.3, 0.5), range(50, 60)),  # on its left
    ],
)
def test_what_is_near_an_off_centre_camera_is_in_the_scan(
    origin: tuple[float, float, float], bearings: range
) -> None:
    scan = virtual_scan([around(dict.fromkeys(bearings, 0.5), origin=origin)], CONFIG)
    for bearing in bearings:
        direction = math.radians(bearing - 29.5)
        x = origin[0] + 0.5 * math.cos(direction)
        y = origin[1] + 0.5 * math.sin(direction)
        assert at(scan, math.atan2(y, x)) == pytest.approx(math.hypot(x, y), abs=0.01)


def test_views_of_one_camera_make_one_scan_of_the_nearest() -> None:
    left = replace(around(nearest={30: 3.0}), bearing_min=0.2)
    right = replace(around(nearest={30: 2.0}), bearing_min=-1.0)
    scan = virtual_scan([left, right], CONFIG)
    middle = math.radians(30.5)
    assert at(scan, 0.2 + middle) == pytest.approx(3.0)
    assert at(scan, -1.0 + middle) == pytest.approx(2.0)
    both = virtual_scan([around(nearest={30: 3.0}), around(nearest={30: 2.0})], CONFIG)
    assert at(both, math.radians(0.5)) == pytest.approx(2.0)


def test_views_all_around_fit_into_one_turn() -> None:
    views: list[Surroundings] = [
        replace(around(nearest={30: 2.0}), bearing_min=yaw) for yaw in (-3.1, -1.5, 0.0, 1.5, 2.9)
    ]
    scan = virtual_scan(views, CONFIG)
    assert len(scan.ranges) * scan.angle_increment <= 2 * math.pi + 1e-9
    assert (np.isfinite(scan.ranges)).sum() >= 5
