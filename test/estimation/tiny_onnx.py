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

"""Builds ONNX models of a few nodes: depth = mean of the channels / 255."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto

HEIGHT, WIDTH = 28, 42


def write_tiny_onnx(
    path: Path,
    *,
    batch: int = 1,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    input_type: int = TensorProto.UINT8,
    channels: int = 3,
    properties: dict[str, str] | None = None,
) -> Path:
    """Write the model to `path` and return it."""
    shape = [batch, *size]
    weights = numpy_helper.from_array(
        np.full((channels,), 1 / 255 / channels, np.float32), 'weights'
    )
    graph = helper.make_graph(
        [
            helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
            helper.make_node('MatMul', ['float', 'weights'], ['depth']),
        ],
        'tiny',
        [helper.make_tensor_value_info('image', input_type, [*shape, channels])],
        [helper.make_tensor_value_info('depth', TensorProto.FLOAT, shape)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    helper.set_model_props(model, properties or {'name': 'tiny', 'license': 'Apache-2.0'})
    onnx.save(model, path)
    return path
