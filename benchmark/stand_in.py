# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A network with random weights that takes its full time and still shows the stages a world."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.camera import Pinhole
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.models import exports_of, parse_size
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
    Raise BackendError where the architecture was not exported at this size yet.
    """
    height, width = parse_size(size)
    source = _exported(f'{name}-random', size)
    model = onnx.load(source)
    scene = _inverse_depth(pinhole.resized(width, height), base_from_camera)
    _add(model, (SCALE * scene + SHIFT).astype(np.float32)[None])
    path = cache_folder('benchmark') / source.name
    write_whole(path, model.SerializeToString())
    return path


def _exported(name: str, size: str) -> Path:
    try:
        files = [file for file in exports_of(name) if file.metadata.size == size]
    except BackendError:
        files = []
    for file in files:
        if file.metadata.precision == 'fp32' and file.metadata.batch in ('', '1'):
            return file.path
    architecture = name.removesuffix('-random')
    raise BackendError(
        f'{architecture} with random weights is not exported at {size} yet: '
        f'`depth-anything-ros model export {architecture} --random-weights --size {size}` '
        'in an environment with torch (`make bench` makes one)'
    )


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
