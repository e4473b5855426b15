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

from itertools import combinations

from depth_anything_ros.simulation.worlds import (
    DEMO_SEEDS,
    make_world,
    TEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
)
import numpy as np
import pytest

SEEDS = TEST_SEEDS[:40]


def test_a_seed_always_gives_the_same_world():
    assert make_world(TEST_SEEDS[0]) == make_world(TEST_SEEDS[0])
    assert make_world(TEST_SEEDS[0]).solids != make_world(TEST_SEEDS[1]).solids


def test_nothing_is_judged_on_a_world_that_was_trained_on():
    for a, b in combinations([TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS, DEMO_SEEDS], 2):
        assert a.stop <= b.start or b.stop <= a.start


@pytest.mark.parametrize('seed', SEEDS)
def test_solids_stand_within_the_outer_walls(seed):
    world = make_world(seed)
    for solid in world.solids:
        x, y, z = solid.center
        assert abs(x) < world.length / 2 + 0.1 and abs(y) < world.width / 2 + 0.1
        assert z - solid.half_size[2] >= -1e-9
        assert min(solid.half_size) > 0


def test_there_are_doorways_thin_poles_and_both_shapes():
    solids = [solid for seed in SEEDS for solid in make_world(seed).solids]
    poles = [s for s in solids if s.shape == 'cylinder' and s.center[2] > 0.4]
    frames = [s for s in solids if s.surface == 'trim' and s.half_size[2] > 1]
    assert {s.shape for s in solids} == {'box', 'cylinder'}
    assert np.min([s.half_size[0] for s in poles]) < 0.025
    assert len(frames) >= 2


def test_rooms_are_of_the_size_people_build():
    sizes = np.array([(w.length, w.width, w.height) for w in map(make_world, SEEDS)])
    assert np.all(sizes.min(axis=0) >= (4.0, 1.7, 2.3))
    assert np.all(sizes.max(axis=0) <= (12.0, 8.0, 3.2))
