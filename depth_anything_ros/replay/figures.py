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

"""The figures of a summary that people are shown: names, units and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

NOT_KNOWN = '–'


class Figure(NamedTuple):
    """One row of the table; path: where its value, times `factor`, lies in the summary."""

    path: tuple[str, ...]
    name: str
    form: str
    explanation: str
    factor: float | None = None


FIGURES = (
    Figure(('rate_hz',), 'Rate', '{:.1f} Hz', 'answered images a second, first to last'),
    Figure(
        ('age_ms', 'p50'),
        'Age, median',
        '{:.0f} ms',
        'from publishing an image to receiving the last of its outputs, both ways over DDS',
    ),
    Figure(('age_ms', 'p99'), 'Age, p99', '{:.0f} ms', 'one image in a hundred waits longer'),
    Figure(('frames_in',), 'Images in', '{}', 'published by the player in real time'),
    Figure(
        ('dropped',),
        'Images dropped',
        '{}',
        'not answered: a newer one replaced them before their turn, or they were lost',
    ),
    Figure(
        ('depth', 'delta1'),
        'Depth δ1',
        '{:.1f} %',
        'pixels within a factor 1.25 of the truth, in metres, nothing aligned; up to 10 m',
        100.0,
    ),
    Figure(('depth', 'abs_rel'), 'Depth AbsRel', '{:.3f}', 'mean of |predicted − true| / true'),
    Figure(
        ('depth', 'coverage'),
        'Depth coverage',
        '{:.1f} %',
        'true pixels with depth in metres; an image without any counts as none',
        100.0,
    ),
    Figure(('scale', 'source'), 'Scale from', '{}', 'what turned the prediction into metres'),
    Figure(
        ('scale', 'error_percent_median'),
        'Scale error',
        '{:.1f} %',
        'median over the images of |median(predicted / true) − 1|',
    ),
    Figure(
        ('grid', 'obstacle_recall_percent'),
        'Obstacles found',
        '{:.1f} %',
        'obstacles in sight within 5 m of which half the visible front is marked',
    ),
    Figure(
        ('grid', 'occupied_called_free_percent'),
        'Occupied called free',
        '{:.2f} %',
        'of the visible fronts: the error that hurts; one cell of tolerance',
    ),
    Figure(
        ('grid', 'free_called_occupied_percent'),
        'Free called occupied',
        '{:.2f} %',
        'of the free cells in sight: ghosts in the way; one cell of tolerance',
    ),
)


def formatted(figure: Figure, summary: Mapping[str, Any]) -> str:
    """Return a figure as text, NOT_KNOWN where the summary has none."""
    value: Any = summary
    for key in figure.path:
        value = value[key]
    if value is None:
        return NOT_KNOWN
    return figure.form.format(value if figure.factor is None else value * figure.factor)
