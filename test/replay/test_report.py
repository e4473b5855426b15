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

from html.parser import HTMLParser
import json
from pathlib import Path
import re

from depth_anything_ros.replay.evaluate import depth_errors_of, grid_counts_of
from depth_anything_ros.replay.report import report_html
from depth_anything_ros.replay.run import DEPTH, GRID, Run, TRUE_DEPTH, TRUE_GRID
from depth_anything_ros.replay.summary import summarise
from depth_anything_ros.replay.timing import timing_of
import pytest
from tiny_run import run_of, STAMPS, write_run


def page_of(run: Run, notices: tuple[str, ...] = ()) -> str:
    timing = timing_of(run.images.log_times_ns, run.answers_ns)
    errors = depth_errors_of(run)
    summary = summarise(run, timing, errors, grid_counts_of(run))
    return report_html(run, timing, errors, {'recording': 'a<b', **summary}, notices)


def frames_in(page: str) -> list[dict[str, object]]:
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page)[1])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of(write_run(tmp_path / 'bag'))


def test_every_frame_has_every_picture(run: Run) -> None:
    frames = frames_in(page_of(run))
    assert [frame['time_s'] for frame in frames] == [0.0, 0.1, 0.2]
    for frame in frames:
        assert set(frame['pictures']) == {'camera', 'depth', 'true_depth', 'grid', 'true_grid'}
        assert all(uri.startswith('data:image/') for uri in frame['pictures'].values())


class References(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for name, value in attrs if name in ('src', 'href')]


def test_page_needs_nothing_else(run: Run) -> None:
    page = page_of(run)
    references = References()
    references.feed(page)
    assert len(references.found) == 5
    assert all(reference.startswith('data:image/') for reference in references.found)
    assert 'url(' not in page
    assert '@import' not in page


def test_texts_are_escaped(run: Run) -> None:
    page = page_of(run, ('x < y & z',))
    assert '<h1>a&lt;b: depth and grid from one camera</h1>' in page
    assert '<p class="notice">x &lt; y &amp; z</p>' in page


def test_without_truth_only_what_is_known_is_shown(run: Run) -> None:
    for topic in (TRUE_DEPTH, TRUE_GRID, GRID):
        del run.series[topic]
    page = page_of(run)
    assert set(frames_in(page)[0]['pictures']) == {'camera', 'depth'}
    assert 'Errors of depth' not in page
    assert 'called free</span>' not in page


def test_run_without_any_answer_still_gives_a_page(run: Run) -> None:
    for topic in (DEPTH, GRID):
        del run.series[topic]
    page = page_of(run)
    assert frames_in(page) == []
    assert f'0 of {len(STAMPS)} images answered' in page
