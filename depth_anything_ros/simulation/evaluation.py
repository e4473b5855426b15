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

"""The accuracy of an exported model in worlds that nothing was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import Backend
from depth_anything_ros.estimation.load import choose_backend, open_backend, rungs
from depth_anything_ros.simulation.accuracy import affine_errors, AffineErrors
from depth_anything_ros.simulation.views import render_views
import numpy as np


def open_relative(config: EstimationConfig) -> Backend:
    """
    Return the first export that the settings allow, of those of several sizes the smallest.

    Its size stays, whatever the rate. Raise ValueError where it predicts metres.
    """
    kind = choose_backend(config.backend)
    file = rungs(config, kind)[0]
    if file.metadata.is_metric:
        raise ValueError(
            f'{config.model} predicts metres: only models that predict inverse depth are evaluated'
        )
    return open_backend(file, kind, config)


def evaluate(backend: Backend, seeds: Iterable[int]) -> Iterator[AffineErrors]:
    """Yield the errors in every view of the worlds of these seeds, at the network's size."""
    for seed in seeds:
        for image, depth_m in render_views(seed, backend.info.width, backend.info.height):
            yield affine_errors(backend.infer(image[None])[0], np.reciprocal(depth_m))
