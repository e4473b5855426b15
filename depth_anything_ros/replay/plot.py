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

"""Plots over time as inline SVG; colours and fonts come from the page around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 630, 10, 166


@dataclass(frozen=True)
class Line:
    """One curve over x in seconds; NaN breaks it. A level has one y and no x."""

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    kind: Literal['curve', 'dots', 'level'] = 'curve'


@dataclass(frozen=True)
class Axes:
    """Where seconds 0…duration_s and values 0…top lie in the picture."""

    duration_s: float
    top: float

    def x(self, seconds: float) -> float:
        """Return the column of a time."""
        return LEFT + seconds / self.duration_s * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        """Return the row of a value."""
        return BOTTOM - value / self.top * (BOTTOM - TOP)


def nice_ticks(high: float, count: int) -> list[float]:
    """Return 0 … `high` or a bit more in at most `count` steps of 1, 2 or 5 · 10ⁿ."""
    power = 10.0 ** math.floor(math.log10(high / count))
    step = next(m * power for m in (1, 2, 5, 10) if m * power * count >= high * (1 - 1e-9))
    return [float(f'{i * step:.10g}') for i in range(math.ceil(high / step - 1e-9) + 1)]


def svg_plot(title: str, lines: Sequence[Line], duration_s: float) -> str:
    """
    Return an <svg> of lines over 0…duration_s, its y axis from zero to the largest value.

    Its line of class `cursor` is for a script to move; data-duration says how long the x axis is.
    """
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines] or [np.empty(0)])
    ticks = nice_ticks(max(float(values.max(initial=0.0)), 1e-6), 4)
    axes = Axes(max(duration_s, 1e-3), ticks[-1])
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" data-duration="{axes.duration_s:.3f}" '
        f'data-left="{LEFT}" data-right="{RIGHT}">',
        *_rules(axes, ticks),
        *(_drawn(line, axes, f'line{i}') for i, line in enumerate(lines)),
        f'<line class="cursor" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{BOTTOM}"/></svg>',
    ]
    return ''.join(parts)


def legend(lines: Sequence[Line]) -> str:
    """Return the labels of lines as HTML, each with the class that colours it."""
    labels = (
        f'<span class="key line{i} {line.kind}">{escape(line.label)}</span>'
        for i, line in enumerate(lines)
    )
    return f'<p class="legend">{"".join(labels)}</p>'


def _rules(axes: Axes, ticks: Sequence[float]) -> list[str]:
    parts = []
    for tick in ticks:
        y = f'{axes.y(tick):.1f}'
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick y" x="{LEFT - 6}" y="{y}">{tick:g}</text>')
    for tick in nice_ticks(axes.duration_s, 8):
        if tick <= axes.duration_s:
            x = f'{axes.x(tick):.1f}'
            unit = '' if tick else ' s'
            parts.append(f'<text class="tick x" x="{x}" y="{HEIGHT - 6}">{tick:g}{unit}</text>')
    return parts


def _drawn(line: Line, axes: Axes, name: str) -> str:
    if line.kind == 'level':
        y = f'{axes.y(float(line.y[0])):.1f}'
        return f'<line class="{name} level" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>'
    points = list(zip(line.x, line.y, strict=True))
    if line.kind == 'dots':
        marks = (f'M{axes.x(x):.1f} {axes.y(y):.1f}h0' for x, y in points if math.isfinite(y))
        return f'<path class="{name} dots" d="{"".join(marks)}"/>'
    pieces = (list(g) for finite, g in groupby(points, lambda p: math.isfinite(p[1])) if finite)
    path = ''.join(
        'M' + 'L'.join(f'{axes.x(x):.1f} {axes.y(y):.1f}' for x, y in piece) for piece in pieces
    )
    return f'<path class="{name} curve" d="{path}"/>'
