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

"""Stamps and clocks that are not as they should be."""

from __future__ import annotations

import time

from builtin_interfaces.msg import Time
from depth_anything_ros.node.messages import depth_message
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import OccupancyGrid
import pytest
from robot import LATCHED, RELIABLE, Robot, scene_inverse_depth
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

pytestmark = pytest.mark.system


def test_stamps_that_go_back_start_anew_with_one_line(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start(max_age_s=60.0)
    robot.keep_showing(lambda: len(depths) > 3, 'depth')
    shift_s = 20

    def show_again() -> None:
        header = robot.header()
        header.stamp.sec -= shift_s
        robot.show(header=header)

    newest = depths[-1].header.stamp.sec
    robot.until(lambda: depths[-1].header.stamp.sec < newest - 10, 'older depth', show_again)
    jumps = [line for line in robot.log if 'start anew' in line]
    assert len(jumps) == 1 and 'stamps of camera went back' in jumps[0]


def test_a_clock_that_goes_back_starts_anew_with_one_line(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start(use_sim_time=True)
    ticks = iter(range(10_000))

    def show(start_s: int) -> None:
        milliseconds = 33 * next(ticks)
        stamp = Time(sec=start_s + milliseconds // 1000, nanosec=milliseconds % 1000 * 1_000_000)
        robot.publish('/clock', Clock(clock=stamp), RELIABLE)
        header = robot.header()
        header.stamp = stamp
        robot.show(header=header)

    robot.until(lambda: len(depths) > 3, 'depth', lambda: show(1000))
    robot.until(lambda: depths[-1].header.stamp.sec < 900, 'depth', lambda: show(500))
    assert len([line for line in robot.log if 'start anew' in line]) == 1


def test_references_of_before_the_clock_went_back_scale_nothing(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start(use_sim_time=True, use_floor=False)

    def show(milliseconds: int, *, with_reference: bool) -> None:
        header = robot.header()
        header.stamp = Time(
            sec=1000 + milliseconds // 1000, nanosec=milliseconds % 1000 * 1_000_000
        )
        robot.publish('/clock', Clock(clock=header.stamp), RELIABLE)
        if with_reference:
            depth = depth_message(header, 1 / scene_inverse_depth(), '32FC1')
            robot.publish('depth_reference', depth)
        robot.show(header=header)

    for milliseconds in range(0, 2000, 33):
        show(milliseconds, with_reference=True)
        time.sleep(1 / 60)
    assert depths
    ticks = iter(range(0, 2000, 33))
    for _ in range(3):
        show(next(ticks), with_reference=False)
        robot.until(lambda: any('start anew' in line for line in robot.log), 'the line')
    depths.clear()
    for milliseconds in ticks:
        show(milliseconds, with_reference=False)
        time.sleep(1 / 60)
    assert not depths


def test_stamps_of_the_future_are_named(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start(max_age_s=60.0)

    def show() -> None:
        header = robot.header()
        header.stamp.sec += 5
        robot.show(header=header)

    def named() -> bool:
        statuses = diagnostics[-1].status if diagnostics else []
        return any(value.key == 'warning: stamp' for s in statuses for value in s.values)

    robot.until(named, 'a warning', show)
    assert depths
    assert len([line for line in robot.log if 'in the future' in line]) == 1


def test_images_of_a_far_future_are_dropped_and_change_nothing(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    robot.start()
    good: list[Image] = []

    def show() -> None:
        header = robot.header()
        header.stamp.sec += 100
        robot.show(header=header)
        time.sleep(1 / 30)
        good.append(robot.show())

    robot.until(lambda: len(depths) > 10, 'depth', show)
    stamps = {(m.header.stamp.sec, m.header.stamp.nanosec) for m in depths}
    assert stamps <= {(m.header.stamp.sec, m.header.stamp.nanosec) for m in good}
    future = [line for line in robot.log if 's in the future, more than max_age_s' in line]
    assert 1 <= len(future) <= 3
    assert not [line for line in robot.log if 'start anew' in line]


def test_images_that_come_too_late_are_dropped_and_change_nothing(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start()

    def show() -> None:
        robot.show()
        header = robot.header()
        header.stamp.sec -= 3
        time.sleep(1 / 30)
        robot.show(header=header)

    def dropped() -> int:
        values = [v for m in diagnostics for s in m.status for v in s.values]
        return max((int(v.value) for v in values if v.key == 'dropped: age'), default=0)

    robot.until(lambda: dropped() > 10 and len(grids) > 10, 'late images', show)
    assert not [line for line in robot.log if 'start anew' in line]


def test_images_before_the_first_tick_of_the_clock_are_taken(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start(use_sim_time=True)
    robot.keep_showing(lambda: depths, 'depth')
    assert not [line for line in robot.log if 'future' in line]

    def values() -> dict[str, str]:
        return {v.key: v.value for m in diagnostics[-1:] for s in m.status for v in s.values}

    robot.keep_showing(lambda: values().get('processed', '0') != '0', 'a report')
    assert 'age_p50_ms' not in values()


def test_the_grid_is_taken_back_though_the_clock_stands_still(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start(use_sim_time=True)
    robot.keep_showing(lambda: grids and max(grids[-1].data) >= 0, 'a grid')
    robot.until(lambda: max(grids[-1].data) < 0, 'a grid of nothing known')
    assert diagnostics
