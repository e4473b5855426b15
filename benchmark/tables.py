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

"""
Write the figures that the benchmarks left as JSON into the tables of docs/performance.md.

A table stands between `<!-- NAME -->` and `<!-- end -->`; NAME is the JSON's name. A table
without a JSON stays as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
import json
from pathlib import Path
import re
from typing import Any

Figures = dict[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of Markdown; numbers are given three digits or more."""
    lines = [head, ['---'] + ['---:'] * (len(head) - 1)]
    lines += [[_text(cell) for cell in row] for row in rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f'{cell:.0f}' if abs(cell) >= 100 else f'{cell:.3g}'
    return '–' if cell is None else str(cell)


def chain(result: Figures) -> str:
    """Return what each rate gave and, below, the stages at each."""
    rates = sorted([result, *result['at_rates']], key=lambda row: float(row['offered_hz']))
    head = 'offered, Hz|answered, Hz|drops, %|age mean, ms|p50|p99|max|jitter|CPU, %|MB'
    rows = [
        [
            row['offered_hz'],
            row['rate_hz'],
            row['dropped_percent'],
            *(row['age_ms'][name] for name in ('mean', 'p50', 'p99', 'max')),
            row['jitter_ms'],
            row['cpu_percent'],
            row['rss_mb'],
        ]
        for row in rates
    ]
    stages = list(result['stage_ms'])
    times = [
        [
            f'{row["offered_hz"]:g} Hz',
            *(row['stage_ms'].get(stage) for stage in stages),
            row['overhead_ms'],
            row['age_without_inference_ms'],
        ]
        for row in rates
    ]
    return '\n\n'.join(
        [
            f'{result["model"]}, network {result["size"]}, camera {result["image_size"]}, '
            f'highest rate with less than 5 % drops: {_text(result["highest_rate_hz"])} Hz, '
            f'input `{result["input_sha256"][:12]}`.',
            table(head.split('|'), rows),
            'Where the time goes, ms a frame:',
            table(['offered', *stages, '**all but infer**', 'age − infer'], times),
        ]
    )


def peers(result: Figures) -> str:
    """Return a row for each design, and the ratios."""
    names = ('ours', 'transformers', 'chain', 'chain_same_network')
    rows = [
        [
            name.replace('_', ' '),
            result[name]['throughput_hz'],
            result[name]['age_ms']['mean'],
            result[name]['age_ms']['p99'],
            result[name]['cpu_ms_per_image'],
            result[name]['rss_mb'],
        ]
        for name in names
    ]
    head = ['', 'images/s', 'age mean, ms', 'p99', 'CPU, ms an image', 'MB']
    ratios = [[name, value] for name, value in result.items() if name.endswith('_ratio')]
    return table(head, rows) + '\n\n' + table(['times better', ''], ratios)


def growth(result: Figures) -> str:
    """Return a row for each size of each thing that grows."""
    names = ('inference_ms', 'overhead_ms', 'age_ms', 'cpu_percent', 'dropped_percent', 'rss_mb')
    rows = [
        [f'{what.replace("_", " ")} {value}', *(row[name] for name in names)]
        for what, by_value in result.items()
        if what != 'machine'
        for value, row in by_value.items()
    ]
    return table(['', 'infer, ms', 'overhead, ms', 'age, ms', 'CPU, %', 'drops, %', 'MB'], rows)


def soak(result: Figures) -> str:
    """Return what the first and the last quarter of the run had."""
    rows = [
        [name, result[key]['first'], result[key]['last']]
        for name, key in (
            ('memory, MB', 'rss_mb'),
            ('age p50, ms', 'age_p50_ms'),
            ('age p99, ms', 'age_p99_ms'),
        )
    ]
    return (
        f'{result["seconds"]} s, {result["offered_hz"]:g} Hz offered, {result["rate_hz"]} Hz '
        f'answered, {result["dropped_percent"]} % dropped.\n\n'
        + table(['', 'first quarter', 'last quarter'], rows)
    )


def machine(result: Figures) -> str:
    """Return the machine in a sentence."""
    about = result['machine']
    versions = ', '.join(f'{name} {number}' for name, number in about['versions'].items())
    return (
        f'{about["processor"]}, {about["cores"]} cores, {about["system"]}, '
        f'Python {about["python"]}, {versions}.'
    )


WRITERS: dict[str, Callable[[Figures], str]] = {
    'chain': chain,
    'peers': peers,
    'growth': growth,
    'soak': soak,
}


def filled(page: str, folder: Path) -> str:
    """Return the page with the tables of the JSON files in a folder."""
    for path in sorted(folder.glob('*.json')):
        writer = WRITERS.get(path.stem.partition('_')[0])
        if writer is None:
            continue
        result = json.loads(path.read_text())
        text = writer(result)
        page = _between(page, path.stem, text)
        page = _between(page, 'machine', machine(result))
    return page


def _between(page: str, name: str, text: str) -> str:
    pattern = re.compile(rf'(<!-- {name} -->\n).*?(<!-- end -->)', re.DOTALL)
    return pattern.sub(lambda found: f'{found[1]}\n{text}\n\n{found[2]}', page)


def main() -> None:
    """Fill the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path, help='where the JSON files are')
    parser.add_argument('page', type=Path)
    options = parser.parse_args()
    options.page.write_text(filled(options.page.read_text(), options.folder))


if __name__ == '__main__':
    main()
