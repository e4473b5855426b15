# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy of an exported model in worlds that nothing was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from depth_anything_ros.estimation.backend import Backend
from depth_anything_ros.simulation.accuracy import affine_errors, AffineErrors
from depth_anything_ros.simulation.views import render_views
import numpy as np


def evaluate(backend: Backend, seeds: Iterable[int]) -> Iterator[AffineErrors]:
    """Yield the errors in every view of the worlds of these seeds, at the network's size."""
    for seed in seeds:
        for image, depth_m in render_views(seed, backend.info.width, backend.info.height):
            yield affine_errors(backend.infer(image[None])[0], np.reciprocal(depth_m))
