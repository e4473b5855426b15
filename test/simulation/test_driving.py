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

from itertools import pairwise
from math import hypot

from depth_anything_ros.simulation.driving import drive, NoPathError, ROBOT_RADIUS_M
from depth_anything_ros.simulation.geometry import box, World
from depth_anything_ros.simulation.renderer import RayCaster
from depth_anything_ros.simulation.worlds import DEMO_SEED, make_world, TEST_SEEDS
from depth_anything_ros.transforms import transform_from
import numpy as np
import pytest

RATE_HZ = 25.0


@pytest.fixture(params=[DEMO_SEED, TEST_SEEDS[2]])
def world(request):
    return make_world(request.param)


def test_a_world_always_gives_the_same_drive(world):
    assert drive(world, 4.0, RATE_HZ) == drive(world, 4.0, RATE_HZ)


def test_states_are_evenly_spaced_and_move_as_their_speeds_say(world):
    states = drive(world, 10.0, RATE_HZ)
    assert [s.time_s for s in states] == pytest.approx(np.arange(251) / RATE_HZ)
    for a, b in pairwise(states):
        assert 0 <= b.speed <= 0.7 and abs(b.turn_rate) <= 0.6
        assert hypot(b.x - a.x, b.y - a.y) == pytest.approx(b.speed / RATE_HZ, abs=1e-3)
        assert b.yaw - a.yaw == pytest.approx(b.turn_rate / RATE_HZ, abs=2e-3)
    assert hypot(states[-1].x - states[0].x, states[-1].y - states[0].y) > 0.5


def test_a_lidar_on_the_base_never_sees_anything_within_its_radius(world):
    caster = RayCaster(world)
    bearings = np.linspace(-np.pi, np.pi, 90)
    for state in drive(world, 20.0, 2.0):
        for height in (0.05, 0.5, 1.1):
            base_from_lidar = transform_from(np.eye(3), np.array([0.0, 0.0, height]))
            ranges = caster.lidar(state.odom_from_base @ base_from_lidar, bearings)
            # The driver's map has cells of 5 cm.
            assert ranges.min() > ROBOT_RADIUS_M - 0.05


def test_a_world_without_room_is_refused():
    crowded = World(0, 4.0, 4.0, 2.5, (box(0, 0, 0, 1, (3.8, 3.8), 'wood'),))
    with pytest.raises(NoPathError, match='no room'):
        drive(crowded, 5.0, RATE_HZ)
