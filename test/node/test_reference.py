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

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.node.reference import pages, write
import pytest

REFERENCE = Path(__file__).parent.parent.parent / 'docs' / 'reference'


@pytest.mark.parametrize('name', pages())
def test_the_pages_say_what_the_code_says(name: str) -> None:
    told = 'run: python -m depth_anything_ros.node.reference docs/reference'
    assert (REFERENCE / name).read_text(encoding='utf-8') == pages()[name], told


def test_pages_are_written(tmp_path: Path) -> None:
    write(tmp_path / 'reference')
    assert {page.name for page in (tmp_path / 'reference').iterdir()} == set(pages())


def test_every_table_has_rows_as_wide_as_its_head() -> None:
    blocks = [block for text in pages().values() for block in text.split('\n\n')]
    tables = [block.splitlines() for block in blocks if block.startswith('|')]
    assert len(tables) > 10
    for head, *rows in tables:
        assert {row.count('|') for row in rows} == {head.count('|')}
