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

from xml.etree import ElementTree

from depth_anything_ros.replay.plot import (
    BOTTOM,
    LEFT,
    legend,
    Line,
    nice_ticks,
    RIGHT,
    svg_plot,
    TOP,
)
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

NAN = float('nan')


@pytest.mark.parametrize(
    ('high', 'count', 'expected'),
    [
        (1.0, 4, [0, 0.5, 1]),
        (30.0, 4, [0, 10, 20, 30]),
        (31.0, 4, [0, 10, 20, 30, 40]),
        (100.0, 4, [0, 50, 100]),
        (0.07, 4, [0, 0.02, 0.04, 0.06, 0.08]),
    ],
)
def test_ticks_are_round(high: float, count: int, expected: list[float]) -> None:
    assert nice_ticks(high, count) == expected


@settings(deadline=None)
@given(st.floats(1e-6, 1e9), st.integers(2, 10))
def test_ticks_reach_the_value_in_at_most_so_many_steps(high: float, count: int) -> None:
    ticks = nice_ticks(high, count)
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-6)
    assert len(ticks) <= count + 1


def drawn(line: Line, duration_s: float = 10.0) -> ElementTree.Element:
    svg = ElementTree.fromstring(svg_plot('a < b', [line], duration_s))  # noqa: S314
    assert svg.get('aria-label') == 'a < b'
    return next(e for e in svg if 'line0' in e.get('class', ''))


def line(kind: str, *values: float) -> Line:
    return Line('it', np.linspace(0, 10, len(values)), np.array(values), kind)


def test_curve_goes_through_its_points() -> None:
    assert drawn(line('curve', 0.0, 20.0)).get('d') == f'M{LEFT}.0 {BOTTOM}.0L{RIGHT}.0 {TOP}.0'


def test_nan_breaks_a_curve() -> None:
    path = drawn(line('curve', 1.0, 2.0, NAN, 3.0, 4.0)).get('d')
    assert path.count('M') == 2
    assert 'nan' not in path


def test_dots_leave_nan_out() -> None:
    assert drawn(line('dots', 1.0, NAN, 2.0)).get('d').count('h0') == 2


def test_level_spans_the_plot() -> None:
    level = drawn(Line('it', np.empty(0), np.array([10.0]), 'level'))
    assert (float(level.get('x1')), float(level.get('x2'))) == (LEFT, RIGHT)
    assert level.get('y1') == level.get('y2') == f'{TOP:.1f}'


@pytest.mark.parametrize('values', [(), (NAN, NAN), (0.0,)])
def test_nothing_to_draw_is_an_empty_plot(values: tuple[float, ...]) -> None:
    assert drawn(line('curve', *values), 0.0) is not None


def test_legend_names_the_lines() -> None:
    text = legend([line('curve', 1.0), Line('<b>', np.empty(0), np.array([1.0]), 'level')])
    assert 'class="key line1 level">&lt;b&gt;<' in text
