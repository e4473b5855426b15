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

"""A network with random weights that takes its full time and still shows the stages a world."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.models import export_path, parse_size
from depth_anything_ros.estimation.private_cache import cache_folder, write_whole
from depth_anything_ros.scale.ground_plane import floor_inverse_depth
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper

WALL_M = 4.0
BOXES = ((0.10, 0.25, 0.35, 2.0), (0.55, 0.65, 0.30, 2.8), (0.80, 0.95, 0.45, 1.5))
"""Left, right and top as shares of the image; metres."""

SCALE, SHIFT = 3.0, 0.4
"""The stand-in predicts SCALE / z + SHIFT."""

NETWORK_SHARE = 0.01
"""What the random network itself adds, so that its work cannot be left out."""


def random_weights_model(
    name: str, size: str, pinhole: Pinhole, base_from_camera: Transform
) -> Path:
    """
    Return an ONNX of a catalogue architecture with random weights and a scene in its output.

    Depth of random weights has no floor, so no scale would be found and every stage after it
    would rest. The scene is what `pinhole` sees of a room, standing still at `base_from_camera`.
    Raise BackendError where the architecture is not exported at this size and torch is missing.
    """
    height, width = parse_size(size)
    source = _exported(name, size)
    model = onnx.load(source)
    scene = _inverse_depth(pinhole.resized(width, height), base_from_camera)
    _add(model, (SCALE * scene + SHIFT).astype(np.float32)[None])
    path = cache_folder('benchmark') / source.name
    write_whole(path, model.SerializeToString())
    return path


def _exported(name: str, size: str) -> Path:
    """Return the architecture's export; it is made where there is none and torch is installed."""
    path = export_path(f'{name}-random', *parse_size(size), 'fp32')
    if not path.exists():
        try:
            from depth_anything_ros.estimation.export import export_model
            from depth_anything_ros.estimation.sources import random_source
        except ImportError as error:
            raise BackendError(
                f'{name} with random weights is not exported at {size}, which needs torch: run '
                f'this once with the Python of .venv-export, which `make bench` makes ({error})'
            ) from error
        height, width = parse_size(size)
        source = random_source(name)
        export_model(source.model, path, source.metadata, height=height, width=width)
    return path


def _inverse_depth(pinhole: Pinhole, base_from_camera: Transform) -> NDArray[np.float64]:
    """Return (height, width) 1/z of a floor, a wall and boxes."""
    floor = np.maximum(floor_inverse_depth(pinhole, base_from_camera), 0.0)
    scene = np.maximum(floor, 1.0 / WALL_M)
    height, width = scene.shape
    for left, right, top, metres in BOXES:
        columns = slice(int(left * width), int(right * width))
        rows = slice(int(top * height), None)
        scene[rows, columns] = np.maximum(floor[rows, columns], 1.0 / metres)
    return scene


def _add(model: onnx.ModelProto, scene: NDArray[np.float32]) -> None:
    """Make the output scene + share · network."""
    graph, output = model.graph, model.graph.output[0].name
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name == output:
                node.output[i] = 'network'
    share = np.array(NETWORK_SHARE, np.float32)
    for name, values in (('scene', scene), ('share', share)):
        graph.initializer.append(numpy_helper.from_array(values, name))
    graph.node.append(helper.make_node('Mul', ['network', 'share'], ['faint']))
    graph.node.append(helper.make_node('Add', ['faint', 'scene'], [output]))
