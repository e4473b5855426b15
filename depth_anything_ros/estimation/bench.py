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

"""Inference times of exports on a backend; the figures behind `depth-anything-ros bench`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
import json
from pathlib import Path
import time

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import Backend, BackendError
from depth_anything_ros.estimation.load import open_backend
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import export_path, exports_of, how_to_get_others
from depth_anything_ros.estimation.private_cache import write_whole
from depth_anything_ros.estimation.proof import reference_image, reference_of
import numpy as np
from numpy.typing import NDArray

RUNS = 50
SECONDS = 10.0
"""An inference is timed RUNS times, or as often as SECONDS allow."""

CALIBRATION_IMAGES = 16


def chosen_exports(
    model: str, sizes: Sequence[str] | None, precisions: Sequence[str] | None
) -> list[ModelFile]:
    """
    Return the exports of a model that have one of these sizes and precisions; None: any.

    Raise BackendError where there is none.
    """
    files = exports_of(model)
    chosen = [
        file
        for file in files
        if (not sizes or file.metadata.size in sizes)
        and (not precisions or file.metadata.precision in precisions)
    ]
    if not chosen:
        asked = ', '.join([*(sizes or ()), *(precisions or ())])
        there = (f'{f.path.name} ({f.metadata.size} {f.metadata.precision})' for f in files)
        raise BackendError(
            f'no export of {model} is {asked}. There are {", ".join(there)}; '
            f'{how_to_get_others(model)}'
        )
    return chosen


def random_exports(
    model: str, sizes: Sequence[tuple[int, int]], precisions: Sequence[str]
) -> list[ModelFile]:
    """
    Return exports of an architecture with seeded random weights, kept in the cache.

    Raise ImportError where one is missing there and torch, or for int8 NNCF, here, BackendError
    where there is no such architecture.
    """
    files = []
    for (height, width), precision in product(sizes, precisions):
        path = export_path(f'{model}-random', height, width, precision)
        if not path.exists():
            _export_random(model, path, height, width, precision)
        files.append(ModelFile.open(path))
    return files


def _export_random(model: str, path: Path, height: int, width: int, precision: str) -> None:
    from depth_anything_ros.estimation.export import export_model
    from depth_anything_ros.estimation.sources import random_source

    source = random_source(model)
    image, step = reference_image(height, width), width // CALIBRATION_IMAGES
    export_model(
        source.model,
        path,
        source.metadata,
        height=height,
        width=width,
        precision=precision,
        calibration=[np.roll(image, i * step, axis=2) for i in range(CALIBRATION_IMAGES)],
    )


def measure(file: ModelFile, kind: str, config: EstimationConfig) -> dict[str, object]:
    """Return one row: what ran, and the times of an inference in milliseconds."""
    backend = open_backend(file, kind, config)
    image = np.repeat(reference_of(file).image, backend.info.batch, axis=0)
    times = _times_ms(backend, image)
    backend.close()
    info = backend.info
    return {
        'model': info.model,
        'size': f'{info.height}x{info.width}',
        'precision': info.precision,
        'backend': info.backend,
        'device': info.device,
        'batch': info.batch,
        'median_ms': float(np.median(times)),
        'min_ms': float(np.min(times)),
        'p99_ms': float(np.percentile(times, 99)),
        'rate_hz': 1e3 / float(np.median(times)),
    }


def write_json(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows as a JSON list."""
    write_whole(path, (json.dumps(rows, indent=2) + '\n').encode())


def _times_ms(backend: Backend, image: NDArray[np.uint8]) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < RUNS and time.perf_counter() < end:
        start = time.perf_counter()
        backend.infer(image)
        times.append((time.perf_counter() - start) * 1e3)
    return times
