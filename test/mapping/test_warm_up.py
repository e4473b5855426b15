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

"""Test that nothing is compiled once a robot drives."""

from __future__ import annotations

from collections.abc import Iterator

from depth_anything_ros.mapping import (
    cleaning,
    confidence,
    local_grid,
    obstacles,
    point_cloud,
    virtual_scan,
)
from depth_anything_ros.mapping.warm_up import warm_up
from numba.core.dispatcher import Dispatcher
import pytest

# Parts of other kernels: what is loaded from the cache holds them already.
INNER = {'_lost_height', '_is_badly_exposed', '_evidence_around', '_spread', '_freed'}

MODULES = (cleaning, confidence, local_grid, obstacles, point_cloud, virtual_scan)


def kernels() -> Iterator[tuple[str, Dispatcher]]:
    """Yield the compiled functions of the mapping stage."""
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, Dispatcher) and name not in INNER:
                yield f'{module.__name__}.{name}', value


@pytest.fixture(scope='module', autouse=True)
def _warm() -> None:
    warm_up()


@pytest.mark.parametrize(('name', 'kernel'), [*kernels()], ids=[name for name, _ in kernels()])
def test_every_kernel_is_ready(name: str, kernel: Dispatcher) -> None:
    assert kernel.signatures, f'{name} would compile at its first frame'
