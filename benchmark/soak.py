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
Nothing grows: images come faster than the machine can work, for half an hour.

The node must drop what it cannot do and never queue it: memory and age stay flat.
"""

from __future__ import annotations

from collections.abc import Sequence
import time
from typing import Any

from chain import footage_for, load_model, parser
from machine import write_json
import numpy as np
from rig import Measurement, our_node, Rig, running_rig

WINDOW_S = 20.0


def soak(rig: Rig, rate_hz: float, seconds: float) -> list[Measurement]:
    """Return what each window of the run gave."""
    end = time.monotonic() + seconds
    windows = []
    while time.monotonic() < end:
        windows.append(rig.show(rate_hz, min(WINDOW_S, seconds / 4)))
        print(
            f'{windows[-1].rss_mb:8.1f} MB {windows[-1].age_ms["p50"]:7.1f} ms '
            f'{windows[-1].timing.rate_hz:6.1f} Hz',
            flush=True,
        )
    return windows


def summarise(windows: Sequence[Measurement]) -> dict[str, Any]:
    """Return memory and age of the first and the last quarter, and the slope of memory."""
    rss_mb = np.array([window.rss_mb for window in windows])
    ages_ms = np.array([(w.age_ms['p50'], w.age_ms['p99']) for w in windows])
    quarter = max(1, len(windows) // 4)
    hours = np.arange(len(windows)) * (WINDOW_S / 3600)
    slope = np.polyfit(hours, rss_mb, 1)[0] if len(windows) > 2 else float('nan')
    first, last = slice(quarter), slice(-quarter, None)
    return {
        'offered_hz': windows[0].offered_hz,
        'rate_hz': round(float(np.mean([w.timing.rate_hz for w in windows])), 2),
        'dropped_percent': round(float(np.mean([w.dropped_percent for w in windows])), 1),
        'rss_mb': {'first': rss_mb[first].mean(), 'last': rss_mb[last].mean()},
        'rss_mb_per_hour': round(float(slope), 1),
        'age_p50_ms': {'first': ages_ms[first, 0].mean(), 'last': ages_ms[last, 0].mean()},
        'age_p99_ms': {'first': ages_ms[first, 1].mean(), 'last': ages_ms[last, 1].mean()},
        'windows': [[w.rss_mb, w.age_ms['p50'], w.age_ms['p99']] for w in windows],
    }


def main() -> None:
    """Run, print a line for each window, write JSON where asked."""
    options_parser = parser(__doc__)
    options_parser.add_argument('--rate', type=float, default=200.0, help='Hz')
    options_parser.add_argument('--seconds', type=float, default=1800.0)
    options = options_parser.parse_args()
    footage = footage_for(options)
    parameters, footage = load_model(
        options.model, options.size, footage, random_weights=options.random_weights
    )
    started = time.monotonic()
    with running_rig(footage, our_node(footage, parameters)) as rig:
        windows = soak(rig, options.rate, options.seconds)
    result = {'seconds': round(time.monotonic() - started), **summarise(windows)}
    for name in ('rss_mb', 'age_p50_ms', 'age_p99_ms'):
        print(f'{name}: {result[name]["first"]:.1f} at first, {result[name]["last"]:.1f} at last')
    write_json(options.json, result)


if __name__ == '__main__':
    main()
