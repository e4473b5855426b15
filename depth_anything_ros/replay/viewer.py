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

"""The pictures of a run at chosen times, and the part of the page that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from depth_anything_ros.replay.evaluate import grid_view_at
from depth_anything_ros.replay.grid_truth import judge_cells
from depth_anything_ros.replay.messages import colour_image, depth_image
from depth_anything_ros.replay.pictures import (
    data_uri,
    depth_picture,
    fitted,
    grid_picture,
    judged_picture,
    map_picture,
)
from depth_anything_ros.replay.run import COLOR, DEPTH, GRID, Run, TRUE_DEPTH
import numpy as np

FRAMES = 40
PICTURE_WIDTH = 360
MAP_SCALE = 2


class Panel(NamedTuple):
    """One picture of the viewer: its key, caption and place."""

    key: str
    name: str
    explanation: str
    classes: str


PANELS = (
    Panel('camera', 'Camera', 'what came in', 'first'),
    Panel('depth', 'Depth', 'what the node published', ''),
    Panel('true_depth', 'True depth', 'from the recording', ''),
    Panel('grid', 'Local grid', '10 m around the robot', 'map'),
    Panel('true_grid', 'The world', 'and how the grid agrees with it', 'map'),
)

DEPTH_KEYS = '<span>far <i class="turbo"></i> near (10 m … 0.5 m)</span>'
GRID_KEYS = (('#ecf0f4', 'free'), ('#1e2630', 'occupied'), ('#9aa2aa', 'unknown or out of sight'))
TRUTH_KEYS = (
    ('#2aa05e', 'obstacle, found'),
    ('#e63030', 'obstacle, called free'),
    ('#f5961e', 'free, called occupied'),
)


def chosen_frames(run: Run) -> list[dict[str, Any]]:
    """
    Return `time_s` and the `pictures`, data URIs by panel, of some answered images.

    They are spread over the run, and where some have true depth they are chosen of those.
    """
    sent_ns = run.images.log_times_ns
    answered = sorted(sent_ns.keys() & run.answers_ns.keys())
    stamps = [stamp for stamp in answered if stamp in run[TRUE_DEPTH]] or answered
    indices = np.linspace(0, len(stamps) - 1, min(FRAMES, len(stamps))).astype(int)
    start_ns = min(sent_ns.values(), default=0)
    return [
        {
            'time_s': round((sent_ns[stamps[i]] - start_ns) / 1e9, 2),
            'pictures': _pictures(run, stamps[i]),
        }
        for i in indices
    ]


def panels_html(frames: Sequence[Mapping[str, Any]]) -> str:
    """Return a figure for each panel of which some frame has a picture, two rows with truth."""
    shown = {key for frame in frames for key in frame['pictures']}
    panels = [panel for panel in PANELS if panel.key in shown]
    if 'true_depth' not in shown:
        panels = [panel._replace(classes='') for panel in panels]
    return ''.join(_panel(panel, frames) for panel in panels)


def keys_html(frames: Sequence[Mapping[str, Any]]) -> str:
    """Return what the colours of the pictures mean."""
    shown = {key for frame in frames for key in frame['pictures']}
    colours: list[tuple[str, str]] = []
    colours += GRID_KEYS if 'grid' in shown else ()
    colours += TRUTH_KEYS if 'true_grid' in shown else ()
    keys = ''.join(
        f'<span><i style="background:{colour}"></i>{meaning}</span>' for colour, meaning in colours
    )
    return f'<div class="keys">{DEPTH_KEYS}{keys}</div>'


def _pictures(run: Run, stamp: int) -> dict[str, str]:
    drawn = {'camera': colour_image(run.images[stamp])}
    if stamp in run[DEPTH]:
        drawn['depth'] = depth_picture(depth_image(run[DEPTH][stamp]))
    elif stamp in run[COLOR]:
        drawn['depth'] = colour_image(run[COLOR][stamp])
    if stamp in run[TRUE_DEPTH]:
        drawn['true_depth'] = depth_picture(depth_image(run[TRUE_DEPTH][stamp]))
    pictures = {key: data_uri(fitted(p, PICTURE_WIDTH), '.jpg') for key, p in drawn.items()}
    return pictures | (_maps(run, stamp) if stamp in run[GRID] else {})


def _maps(run: Run, stamp: int) -> dict[str, str]:
    view = grid_view_at(run, stamp)
    drawn = {'grid': grid_picture(view.cells)}
    if view.truth is not None:
        judged = judge_cells(view.cells, view.truth)
        drawn['true_grid'] = judged_picture(view.truth, judged)
    return {
        key: data_uri(map_picture(picture, view.frame, view.vantage, MAP_SCALE), '.png')
        for key, picture in drawn.items()
    }


def _panel(panel: Panel, frames: Sequence[Mapping[str, Any]]) -> str:
    first = next(f['pictures'][panel.key] for f in frames if panel.key in f['pictures'])
    return (
        f'<figure class="{panel.classes}"><figcaption><b>{panel.name}</b> {panel.explanation}'
        f'</figcaption><img alt="{panel.name}" data-picture="{panel.key}" src="{first}"></figure>'
    )
