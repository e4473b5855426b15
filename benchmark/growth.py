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

"""How the cost of a frame grows with pixels, cameras, cells of the grid and subscribers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from chain import figures, footage_for, load_model, parser
from footage import Footage
from machine import write_json
from rig import our_node, running_rig

IMAGE_SIZES = ('320x240', '640x480', '1280x720', '1920x1080')
CAMERAS = (1, 2, 3, 4)
GRID_SIZES_M = (5.0, 10.0, 20.0, 40.0)
LISTENERS = (1, 2, 4, 8)
KEPT = ('rate_hz', 'dropped_percent', 'inference_ms', 'overhead_ms', 'cpu_percent', 'rss_mb')


def measure(
    footage: Footage,
    parameters: Mapping[str, Any],
    options: argparse.Namespace,
    *,
    cameras: int = 1,
    listeners: int = 1,
) -> dict[str, Any]:
    """Return the figures of a node of its own."""
    subject = our_node(footage, parameters, cameras)
    with running_rig(footage, subject, listeners) as rig:
        result = figures(rig.show(options.rate, options.seconds))
    return {**{name: result[name] for name in KEPT}, 'age_ms': result['age_ms']['mean']}


def growths(options: argparse.Namespace) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what grows, how large it is and the figures, one node after the other."""
    for size in IMAGE_SIZES:
        options.image_size = size
        footage = footage_for(options)
        parameters, footage = load_model(
            options.model, options.size, footage, random_weights=options.random_weights
        )
        yield 'image_size', size, measure(footage, parameters, options)
        if size == '640x480':
            middle = parameters, footage
    parameters, footage = middle
    for cameras in CAMERAS:
        yield 'cameras', str(cameras), measure(footage, parameters, options, cameras=cameras)
    for side_m in GRID_SIZES_M:
        larger = {**parameters, 'grid_size_m': side_m}
        yield 'grid_size_m', f'{side_m:g}', measure(footage, larger, options)
    for listeners in LISTENERS:
        result = measure(footage, parameters, options, listeners=listeners)
        yield 'subscribers', str(listeners), result


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    options_parser = parser(__doc__)
    options_parser.add_argument('--rate', type=float, default=10.0, help='Hz')
    options_parser.add_argument('--seconds', type=float, default=10.0, help='for each figure')
    options = options_parser.parse_args()
    result: dict[str, dict[str, Any]] = {}
    print(f'{"":24}{"infer":>9}{"overhead":>10}{"age":>9}{"CPU":>7}{"drops":>8}{"memory":>9}')
    for what, value, row in growths(options):
        result.setdefault(what, {})[value] = row
        print(
            f'{what:14}{value:10}{row["inference_ms"]:7.1f}ms{row["overhead_ms"]:8.2f}ms'
            f'{row["age_ms"]:7.1f}ms{row["cpu_percent"]:6.0f}%{row["dropped_percent"]:7.1f}%'
            f'{row["rss_mb"]:6.0f} MB',
            flush=True,
        )
    write_json(options.json, result)


if __name__ == '__main__':
    main()
