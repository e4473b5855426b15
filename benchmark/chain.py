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
The whole way, from the camera's message to the last output received, over DDS.

The node runs in a process of its own; this one holds the images in memory, shows them as a camera
does and listens to every output. Rate, drops, ages, the time of each stage, processor and memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from depth_anything_ros.estimation.models import parse_size
from depth_anything_ros.transforms import base_from_mounted_camera
from diagnostic_msgs.msg import DiagnosticArray
from footage import DEMO_RECORDING, Footage, load_footage
from machine import write_json
import rclpy
from rclpy.wait_for_message import wait_for_message
from rig import Measurement, our_node, Rig, running_rig
from stand_in import stand_in

FOOTAGE_IMAGES = 60
DIAGNOSTICS_S = 5.0
RANDOM_PRECISIONS = ('fp32', 'int8')
"""Of random weights, where the node may choose."""


def load_model(
    name: str, size: str, footage: Footage, *, random_weights: bool, precision: str = 'auto'
) -> tuple[dict[str, Any], Footage]:
    """
    Return the node's parameters for a model, and the footage to show to it.

    A model with random weights sees one scene whatever it is shown, so its robot stands.
    """
    parameters = {'model': name, 'input_size': size or 'auto', 'precision': precision}
    if not random_weights:
        return parameters, footage
    p = footage.parameters
    mounting = [p[f'camera_{k}'] for k in ('x_m', 'y_m', 'height_m')]
    mounting += [p[f'camera_{k}_rad'] for k in ('roll', 'pitch', 'yaw')]
    precisions = RANDOM_PRECISIONS if precision == 'auto' else (precision,)
    pose = base_from_mounted_camera(*mounting)
    parameters['model'] = stand_in(name, size, precisions, footage.pinhole, pose)
    standing = replace(footage, poses=[footage.poses[0]] * len(footage.poses))
    return parameters, standing


def target_rate_hz(rate_hz: float) -> float:
    """Return what the node is to hold where images come at a rate: the nearest it may be told."""
    return min(max(rate_hz, 1.0), 120.0)


def running_precision() -> str:
    """Return what the node says that it runs now, such as 'int8' or 'fp32+bf16'."""
    node = rclpy.create_node('precision_of')
    try:
        heard, message = wait_for_message(
            DiagnosticArray, node, '/diagnostics', time_to_wait=DIAGNOSTICS_S
        )
    finally:
        node.destroy_node()
    if not heard:
        raise TimeoutError(f'no diagnostics in {DIAGNOSTICS_S:.0f} s')
    return next(pair.value for pair in message.status[0].values if pair.key == 'precision')


def figures(measurement: Measurement) -> dict[str, Any]:
    """Return what one rate gave, as the JSON has it."""
    stage_ms = dict(measurement.stage_ms)
    inference_ms = stage_ms.get('infer', float('nan'))
    age_ms = measurement.age_ms
    return {
        'offered_hz': measurement.offered_hz,
        'rate_hz': round(measurement.timing.rate_hz, 2),
        'frames_in': measurement.timing.frames_in,
        'frames_out': measurement.timing.frames_out,
        'dropped_percent': round(measurement.dropped_percent, 2),
        'age_ms': age_ms,
        'jitter_ms': measurement.jitter_ms,
        'inference_ms': inference_ms,
        'overhead_ms': round(sum(stage_ms.values()) - inference_ms, 3),
        'age_without_inference_ms': round(age_ms['mean'] - inference_ms, 2),
        'stage_ms': stage_ms,
        'cpu_percent': measurement.cpu_percent,
        'rss_mb': measurement.rss_mb,
    }


def measure(
    rig: Rig, rates_hz: Sequence[float], seconds: float, search_s: float
) -> dict[str, Any]:
    """Return the figures of the first rate, those of the others by rate, and the highest rate."""
    results = [
        {**figures(rig.show(rate, seconds)), 'precision': running_precision()} for rate in rates_hz
    ]
    highest = rig.highest_rate(search_s) if search_s > 0 else None
    return {**results[0], 'at_rates': results[1:], 'highest_rate_hz': highest}


def print_table(result: Mapping[str, Any]) -> None:
    """Print the figures of every rate, and the stages of the first."""
    print(
        f'{"offered":>8}{"rate":>8}{"drops":>8}{"age p50":>9}{"p99":>8}{"jitter":>8}{"CPU":>7}'
        '  precision'
    )
    for row in (result, *result['at_rates']):
        age = row['age_ms']
        print(
            f'{row["offered_hz"]:6.0f}Hz{row["rate_hz"]:6.1f}Hz{row["dropped_percent"]:7.1f}%'
            f'{age["p50"]:7.1f}ms{age["p99"]:6.1f}ms{row["jitter_ms"]:6.1f}ms'
            f'{row["cpu_percent"]:6.0f}%  {row["precision"]}'
        )
    if result['highest_rate_hz'] is not None:
        print(f'highest rate with less than 5 % drops: {result["highest_rate_hz"]} Hz')
    print(f'\n{"stage":24}{"ms":>8}')
    for stage, ms in result['stage_ms'].items():
        print(f'{stage:24}{ms:8.2f}')
    print(f'{"all but infer":24}{result["overhead_ms"]:8.2f}')
    print(f'{"age but infer, with DDS":24}{result["age_without_inference_ms"]:8.2f}')
    print(f'memory {result["rss_mb"]:.0f} MB, input {result["input_sha256"][:16]}')


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the options that every benchmark of the chain shares."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument('--model', default='demo', help='demo, a catalogue name or an .onnx')
    result.add_argument('--random-weights', action='store_true', help='right in speed only')
    result.add_argument('--size', default='', help='HEIGHTxWIDTH of the network; else auto')
    result.add_argument('--image-size', default='640x480', help='WIDTHxHEIGHT of the camera')
    result.add_argument('--recording', type=Path, default=DEMO_RECORDING)
    result.add_argument('--json', type=Path, help='file to write the figures to')
    return result


def add_precision(options_parser: argparse.ArgumentParser) -> None:
    """Add the option of those that say what ran."""
    options_parser.add_argument(
        '--precision',
        choices=('auto', 'fp32', 'fp16', 'int8'),
        default='auto',
        help='auto: the most exact that holds the first --rate here',
    )


def footage_for(options: argparse.Namespace) -> Footage:
    """Return the images that the options ask for."""
    width, height = parse_size(options.image_size)
    return load_footage(options.recording, width, height, FOOTAGE_IMAGES)


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    options_parser = parser(__doc__)
    add_precision(options_parser)
    options_parser.add_argument('--rate', type=float, nargs='+', default=[20.0], help='Hz')
    options_parser.add_argument('--seconds', type=float, default=60.0, help='for each rate')
    options_parser.add_argument(
        '--search', type=float, default=0.0, metavar='S', help='search the highest rate so long'
    )
    options = options_parser.parse_args()
    footage = footage_for(options)
    parameters, footage = load_model(
        options.model,
        options.size,
        footage,
        random_weights=options.random_weights,
        precision=options.precision,
    )
    parameters['target_rate_hz'] = target_rate_hz(options.rate[0])
    with running_rig(footage, our_node(footage, parameters)) as rig:
        result = measure(rig, options.rate, options.seconds, options.search)
    result = {
        'model': options.model + ('-random' if options.random_weights else ''),
        'size': options.size or 'auto',
        'image_size': options.image_size,
        'input_sha256': footage.sha256,
        **result,
    }
    print_table(result)
    write_json(options.json, result)


if __name__ == '__main__':
    main()
