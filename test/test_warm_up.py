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
from dataclasses import replace

from depth_anything_ros import transforms
from depth_anything_ros.config import PipelineConfig
from depth_anything_ros.frame import SparseReference
from depth_anything_ros.mapping import (
    cleaning,
    confidence,
    evidence,
    local_grid,
    obstacles,
    point_cloud,
    virtual_scan,
)
from depth_anything_ros.pipeline import Output, Pipeline
from depth_anything_ros.scale import alignment, ground_plane, metric_depth, robust_fit
from depth_anything_ros.warm_up import warm_up
from floor_and_wall import frame, PerfectUpToScale, processed
from numba.core.dispatcher import Dispatcher
import numpy as np
import pytest

# Parts of other kernels: what is loaded from the cache holds them already.
INNER = {
    *('_lost_height', '_is_badly_exposed', '_evidence_around', '_spread', '_freed', '_marked'),
    *('_noise', '_is_astray', '_tukey', '_weighted_line', '_weights', '_first_axis', '_axis'),
    *('_add_obstacle', '_add_hole', '_empty_bins', '_nearest', '_floor_span', '_miss'),
    *('_inverse_with_margins', '_distrust_exposure', '_bilinear', '_slopes'),
}
MODULES = (
    *(cleaning, confidence, evidence, local_grid, obstacles, point_cloud, virtual_scan),
    *(alignment, ground_plane, metric_depth, robust_fit, transforms),
)


def kernels() -> Iterator[tuple[str, Dispatcher]]:
    """Yield the compiled functions that Python calls, each once."""
    for module in MODULES:
        for name, value in vars(module).items():
            is_own = getattr(value, '__module__', '') == module.__name__
            if isinstance(value, Dispatcher) and is_own and name not in INNER:
                yield f'{module.__name__}.{name}', value


@pytest.fixture(scope='module', autouse=True)
def _warm() -> None:
    warm_up()


@pytest.mark.parametrize(('name', 'kernel'), [*kernels()], ids=[name for name, _ in kernels()])
def test_every_kernel_is_ready(name: str, kernel: Dispatcher) -> None:
    assert kernel.signatures, f'{name} would compile at its first frame'


def test_frames_of_another_kind_compile_nothing_more() -> None:
    before = {name: len(kernel.signatures) for name, kernel in kernels()}
    pipeline = Pipeline(PerfectUpToScale(), PipelineConfig())
    lidar = np.random.default_rng(0).uniform(-1, 3, (2000, 3)).astype(np.float32)
    for step in range(3):
        references = [SparseReference('scan', step * 50_000_000, lidar)]
        seen = replace(frame(0.05 * step), references=references)
        processed(pipeline, [seen], Output.POINTS | Output.SCAN | Output.GRID)
    assert {name: len(kernel.signatures) for name, kernel in kernels()} == before
