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

"""One self-contained HTML page of a run: pictures, plots, figures and what ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
import json
import math
from string import Template
from typing import Any

from depth_anything_ros.replay.depth_truth import DepthErrors
from depth_anything_ros.replay.figures import FIGURES, formatted, NOT_KNOWN
from depth_anything_ros.replay.plot import legend, Line, svg_plot
from depth_anything_ros.replay.run import Run
from depth_anything_ros.replay.timing import Timing
from depth_anything_ros.replay.viewer import chosen_frames, keys_html, panels_html
import numpy as np
from numpy.typing import NDArray

TILES = (
    ('rate_hz',),
    ('age_ms', 'p50'),
    ('depth', 'delta1'),
    ('scale', 'error_percent_median'),
    ('grid', 'obstacle_recall_percent'),
    ('grid', 'occupied_called_free_percent'),
)

NO_ERRORS = DepthErrors(math.nan, math.nan, math.nan, 0.0)


def report_html(
    run: Run,
    timing: Timing,
    errors: Mapping[int, DepthErrors | None],
    summary: Mapping[str, Any],
    notices: Sequence[str] = (),
) -> str:
    """Return the page; summary: of `summarise`; notices: what the reader must know first."""
    frames = chosen_frames(run)
    template = files('depth_anything_ros.replay').joinpath('report_template.html')
    return Template(template.read_text(encoding='utf-8')).substitute(
        title=escape(f'{summary["recording"]}: depth and grid from one camera'),
        lead=escape(_lead(summary)),
        notices=''.join(f'<p class="notice">{escape(text)}</p>' for text in notices),
        tiles=_tiles(summary),
        last_frame=max(0, len(frames) - 1),
        panels=panels_html(frames),
        keys=keys_html(frames),
        plots=_plots(run, timing, errors),
        figures=_figures(summary),
        provenance=_provenance(summary),
        frames=json.dumps(frames),
    )


def _lead(summary: Mapping[str, Any]) -> str:
    return (
        f'{summary["frames_out"]} of {summary["frames_in"]} images answered at '
        f'{summary["rate_hz"]:.1f} Hz by {summary["model"]} on {summary["backend"]}'
    )


def _tiles(summary: Mapping[str, Any]) -> str:
    figures = {figure.path: figure for figure in FIGURES}
    return ''.join(
        f'<div class="tile"><dt>{figures[path].name}</dt>'
        f'<dd>{formatted(figures[path], summary)}</dd></div>'
        for path in TILES
        if formatted(figures[path], summary) != NOT_KNOWN
    )


def _figures(summary: Mapping[str, Any]) -> str:
    return ''.join(
        f'<tr><th>{figure.name}</th><td class="value">{escape(formatted(figure, summary))}</td>'
        f'<td class="why">{figure.explanation}</td></tr>'
        for figure in FIGURES
    )


def _provenance(summary: Mapping[str, Any]) -> str:
    keys = ('recording', 'model', 'precision', 'input_size', 'backend', 'device')
    rows = {key.replace('_', ' '): str(summary.get(key) or NOT_KNOWN) for key in keys}
    stages = summary['stage_ms'].items()
    rows['stages, median'] = ', '.join(f'{stage} {ms:.1f} ms' for stage, ms in stages) or NOT_KNOWN
    return ''.join(
        f'<tr><th>{name.capitalize()}</th><td>{escape(text)}</td></tr>'
        for name, text in rows.items()
    )


def _plots(run: Run, timing: Timing, errors: Mapping[int, DepthErrors | None]) -> str:
    sent_ns = run.images.log_times_ns
    start_ns = min(sent_ns.values(), default=0)
    duration_s = (max(sent_ns.values(), default=0) - start_ns) / 1e9

    def seconds(stamps: Iterable[int]) -> NDArray[np.float64]:
        return np.array([(sent_ns[int(stamp)] - start_ns) / 1e9 for stamp in stamps])

    age = timing.age_percentile_ms(50)
    plots = {
        'Rate, outputs a second': [Line('last second', *timing.rates_hz())],
        'Age of the outputs, ms': [
            Line('each image', seconds(timing.stamps_ns), timing.ages_ms, 'dots'),
            Line('median', np.empty(0), np.array([age or np.nan]), 'level'),
        ],
    }
    if errors:
        judged = [errors[stamp] or NO_ERRORS for stamp in sorted(errors)]
        x = seconds(sorted(errors))
        plots['Errors of depth, %'] = [
            Line('AbsRel', x, np.array([100 * e.abs_rel for e in judged])),
            Line('scale', x, np.array([e.scale_percent for e in judged])),
        ]
        delta1 = np.array([100 * e.delta1 for e in judged])
        plots['Depth δ1, %'] = [Line('within a factor 1.25 of the truth', x, delta1)]
    return ''.join(
        f'<div class="card"><h3>{title}</h3>{svg_plot(title, lines, duration_s)}'
        f'{legend(lines)}</div>'
        for title, lines in plots.items()
    )
