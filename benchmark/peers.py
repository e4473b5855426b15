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
The node beside the published designs, in the same run, with Small of random weights at one size.

The node is asked for the rate of the flood, so `precision: auto` takes the fastest that is proven.
`transformers`: its depth-estimation pipeline in a node. `chain`: that node and one that makes
the cloud, in two processes. `chain_same_network`: the chain with this package's network, in the
precision in which the node ran it, and its runtime, so that only the processes and the messages
between them differ.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
from typing import Any

from chain import (
    add_precision,
    figures,
    footage_for,
    load_model,
    parser,
    running_precision,
    target_rate_hz,
)
from depth_anything_ros.estimation.models import exports_of, parse_size
from footage import Footage
from machine import write_json
from peer_nodes import CLOUD, DEPTH
from rig import our_node, running_rig, Subject
from sensor_msgs.msg import Image, PointCloud2
from with_torch import go_on_with_torch

OVERLOAD_HZ = 60.0
PEER = 'peer_nodes'
KEPT = ('offered_hz', 'rate_hz', 'dropped_percent', 'cpu_percent', 'age_ms', 'rss_mb')


def peers(size: str, network: Path) -> dict[str, Subject]:
    """Return what the node is compared with, by name; network: the ONNX that the node ran."""
    original = (PEER, ('depth', '--size', *map(str, parse_size(size))))
    same = (PEER, ('depth', '--onnx', str(network)))
    cloud, clouds = (PEER, ('cloud',)), [(PointCloud2, CLOUD)]
    return {
        'transformers': Subject([original], [(Image, DEPTH)]),
        'chain': Subject([original, cloud], clouds),
        'chain_same_network': Subject([same, cloud], clouds),
    }


def network_of(parameters: Mapping[str, Any], precision: str) -> Path:
    """Return the ONNX that the node ran; precision: what it said, such as 'fp32+bf16'."""
    stored = precision.partition('+')[0]
    (path,) = (
        file.path
        for file in exports_of(parameters['model'])
        if (file.metadata.size, file.metadata.precision) == (parameters['input_size'], stored)
    )
    return path


def measure(
    footage: Footage, subject: Subject, rate_hz: float, seconds: float, precision: str = ''
) -> dict[str, Any]:
    """
    Return the highest throughput, and the figures at a rate that every peer can hold.

    precision: what runs, '' where the node is to say it.
    """
    with running_rig(footage, subject) as rig:
        flooded = rig.show(OVERLOAD_HZ, seconds)
        calm = rig.show(rate_hz, seconds)
        precision = precision or running_precision()
    if not (flooded.timing.frames_out and calm.timing.frames_out):
        module, arguments = subject.commands[0]
        raise RuntimeError(f'{module} {" ".join(arguments)} answered no image of {rate_hz:g} Hz')
    result = figures(calm)
    cpu_ms = 10.0 * calm.cpu_percent / calm.timing.rate_hz
    return {
        'precision': precision,
        'throughput_hz': round(flooded.timing.rate_hz, 2),
        'cpu_ms_per_image': round(cpu_ms, 1),
        **{name: result[name] for name in KEPT},
    }


def ratios(results: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return how many times better the node of this package does."""
    ours, peer = results['ours'], results['transformers']
    found = {'transformers_rate_ratio': ours['throughput_hz'] / peer['throughput_hz']}
    for name, chain in (('multi_process', 'chain'), ('same_network', 'chain_same_network')):
        other = results[chain]
        found[f'{name}_age_ratio'] = other['age_ms']['mean'] / ours['age_ms']['mean']
        found[f'{name}_cpu_ratio'] = other['cpu_ms_per_image'] / ours['cpu_ms_per_image']
    return {name: round(value, 2) for name, value in found.items()}


def print_row(name: str, row: Mapping[str, Any]) -> None:
    """Print the figures of one of them."""
    print(
        f'{name:20}{row["throughput_hz"]:10.1f}Hz{row["age_ms"]["mean"]:8.1f}ms'
        f'{row["age_ms"]["p99"]:8.1f}ms{row["cpu_ms_per_image"]:8.1f}ms/img'
        f'{row["rss_mb"]:7.0f} MB  {row["precision"]}',
        flush=True,
    )


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    options_parser = parser(__doc__)
    options_parser.set_defaults(model='small', random_weights=True, size='252x336')
    add_precision(options_parser)
    options_parser.add_argument('--rate', type=float, default=3.0, help='Hz that all can hold')
    options_parser.add_argument('--seconds', type=float, default=20.0, help='for each figure')
    options = options_parser.parse_args()
    try:
        import transformers  # noqa: F401, what the peers run
    except ImportError as error:
        go_on_with_torch(error)
    here = str(Path(__file__).parent)
    os.environ['PYTHONPATH'] = os.pathsep.join([here, os.environ.get('PYTHONPATH', '')])
    footage = footage_for(options)
    parameters, footage = load_model(
        options.model,
        options.size,
        footage,
        random_weights=options.random_weights,
        precision=options.precision,
    )
    parameters['target_rate_hz'] = target_rate_hz(OVERLOAD_HZ)
    print(f'{"":20}{"throughput":>12}{"age":>10}{"p99":>10}{"CPU":>14}{"memory":>10}  precision')
    ours = measure(footage, our_node(footage, parameters), options.rate, options.seconds)
    print_row('ours', ours)
    results, ran = {'ours': ours}, ours['precision']
    for name, subject in peers(options.size, network_of(parameters, ran)).items():
        precision = ran if name == 'chain_same_network' else 'fp32'
        row = measure(footage, subject, options.rate, options.seconds, precision)
        results[name] = row
        print_row(name, row)
    found = ratios(results)
    for name, value in found.items():
        print(f'{name}: {value}')
    write_json(options.json, {**found, **results})


if __name__ == '__main__':
    main()
