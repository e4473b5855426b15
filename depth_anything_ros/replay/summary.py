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

"""The figures of a run in one dictionary: what goes into summary.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import fmean, median
from typing import Any

from depth_anything_ros.replay.depth_truth import DepthErrors
from depth_anything_ros.replay.grid_truth import GridCounts
from depth_anything_ros.replay.run import DIAGNOSTICS, Run
from depth_anything_ros.replay.timing import Timing

NODE_STATUS = ': node'
PROVENANCE = ('backend', 'device', 'model', 'precision', 'input_size')


def summarise(
    run: Run, timing: Timing, depth: Mapping[int, DepthErrors | None], grid: GridCounts | None
) -> dict[str, Any]:
    """
    Return backend, model, rate, ages, drops, stage times and the errors, ready for JSON.

    What the recording has no truth for, and what the node did not say, is None.
    """
    node = [values for name, values in _statuses(run) if name.endswith(NODE_STATUS)]
    cameras = [values for name, values in _statuses(run) if not name.endswith(NODE_STATUS)]
    provenance = next((values for values in reversed(node) if 'backend' in values), {})
    judged = [errors for errors in depth.values() if errors is not None]
    return {
        **{key: provenance.get(key) for key in PROVENANCE},
        'frames_in': timing.frames_in,
        'frames_out': timing.frames_out,
        'dropped': timing.frames_in - timing.frames_out,
        'rate_hz': round(timing.rate_hz, 2),
        'age_ms': {
            f'p{percent}': _rounded(timing.age_percentile_ms(percent), 1) for percent in (50, 99)
        },
        'stage_ms': _stage_medians(node),
        'depth': {
            'abs_rel': _mean([errors.abs_rel for errors in judged]),
            'delta1': _mean([errors.delta1 for errors in judged]),
            'coverage': _mean([errors.coverage if errors else 0.0 for errors in depth.values()]),
        },
        'scale': {
            'source': _scale_source(cameras),
            'error_percent_median': _rounded(
                median(errors.scale_percent for errors in judged) if judged else None, 2
            ),
        },
        'grid': {
            name: _rounded(value, 2)
            for name, value in (grid or GridCounts()).percentages().items()
        },
    }


def _statuses(run: Run) -> Iterator[tuple[str, dict[str, str]]]:
    diagnostics = run[DIAGNOSTICS]
    for stamp in diagnostics.stamps_ns:
        for status in diagnostics[stamp].status:
            yield status.name, {pair.key: pair.value for pair in status.values}


def _stage_medians(statuses: list[dict[str, str]]) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    for values in statuses:
        for key, value in values.items():
            if key.endswith('_ms'):
                times.setdefault(key.removesuffix('_ms'), []).append(float(value))
    return {stage: round(median(values), 2) for stage, values in times.items()}


def _scale_source(statuses: list[dict[str, str]]) -> str:
    sources = Counter(values.get('scale_source', 'none') for values in statuses)
    del sources['none']
    return sources.most_common(1)[0][0] if sources else 'none'


def _mean(values: list[float]) -> float | None:
    return _rounded(fmean(values), 4) if values else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
