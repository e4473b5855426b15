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

"""The trained demo model as the ONNX that the package carries."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.estimation.export import export_model
from depth_anything_ros.estimation.model_file import ModelMetadata
from depth_anything_ros.estimation.proof import Agreement
from depth_anything_ros.simulation.model import make_model
from safetensors import SafetensorError
from safetensors.torch import load_file

METADATA = ModelMetadata(
    name='demo',
    source='trained on rendered rooms by depth_anything_ros.simulation',
    license='Apache-2.0',
    relative_error='0.12',  # as `sim evaluate` measures
)


def export_demo_model(weights: Path, path: Path, height: int, width: int) -> Agreement:
    """
    Write the ONNX of a training's weights and its reference; return how it agrees with them.

    Raise ValueError where the file holds no weights of the demo model.
    """
    model = make_model()
    try:
        model.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(
            f'{weights} holds no weights of the demo model: give the model.safetensors that '
            '`sim train` wrote'
        ) from error
    return export_model(model, path, METADATA, height=height, width=width, precision='fp16')
