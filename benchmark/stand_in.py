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

"""Networks with random weights that take their full time and still show the stages a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.estimation.bench import random_exports
from depth_anything_ros.estimation.model_file import ModelFile, ModelMetadata
from depth_anything_ros.estimation.models import export_path, parse_size
from depth_anything_ros.estimation.private_cache import write_whole
from depth_anything_ros.estimation.proof import Reference, reference_of, write_reference
from depth_anything_ros.scale.ground_plane import floor_inverse_depth
from depth_anything_ros.transforms import Transform
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper
from with_torch import go_on_with_torch

WALL_M = 4.0
BOXES = ((0.10, 0.25, 0.35, 2.0), (0.55, 0.65, 0.30, 2.8), (0.80, 0.95, 0.45, 1.5))
"""Left, right and top as shares of the image; metres."""

SCALE, SHIFT = 3.0, 0.4
"""The stand-in predicts SCALE / z + SHIFT."""

NETWORK_SHARE = 0.01
"""What the random network itself adds, so that its work cannot be left out."""


def stand_in(
    name: str,
    size: str,
    precisions: Sequence[str],
    pinhole: Pinhole,
    base_from_camera: Transform,
) -> str:
    """
    Export a catalogue architecture with random weights and a scene in its output; return its name.

    Depth of random weights has no floor, so no scale would be found and every stage after it
    would rest. The scene is what `pinhole` sees of a room, standing still at `base_from_camera`.
    Each precision has its proof, the same in all.
    """
    height, width = parse_size(size)
    scene = _inverse_depth(pinhole.resized(width, height), base_from_camera)
    shown = (SCALE * scene + SHIFT).astype(np.float32)[None]
    for file in _exported(name, size, precisions):
        metadata = replace(file.metadata, name=f'{name}-stand-in')
        _write(file, metadata, shown)
    return f'{name}-stand-in'


def _exported(name: str, size: str, precisions: Sequence[str]) -> list[ModelFile]:
    """Return the architecture's exports; those that are missing are made, which needs torch."""
    try:
        return random_exports(name, [parse_size(size)], precisions)
    except ImportError as error:
        go_on_with_torch(error)


def _write(file: ModelFile, metadata: ModelMetadata, scene: NDArray[np.float32]) -> None:
    """Write an export with a scene added to its output, and its proof."""
    model, proof = onnx.load(file.path), reference_of(file)
    _add(model, scene)
    helper.set_model_props(model, metadata.as_properties())
    path = export_path(metadata.name, *parse_size(metadata.size), metadata.precision)
    write_whole(path, model.SerializeToString())
    depth = np.float32(NETWORK_SHARE) * proof.depth + scene
    write_reference(ModelFile.open(path), Reference(proof.image, depth))


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
