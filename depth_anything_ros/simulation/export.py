# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The trained demo model as the ONNX that the package carries."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.estimation.export import export_model
from depth_anything_ros.estimation.model_file import ModelMetadata
from depth_anything_ros.estimation.proof import Agreement
from depth_anything_ros.simulation.model import make_model
from safetensors.torch import load_file

METADATA = ModelMetadata(
    name='demo',
    source='trained on rendered rooms by depth_anything_ros.simulation',
    license='Apache-2.0',
    relative_error='0.13',  # as `sim evaluate` measures
)


def export_demo_model(weights: Path, path: Path, height: int, width: int) -> Agreement:
    """Write the ONNX of a training's weights and its reference; return how it agrees with them."""
    model = make_model()
    model.load_state_dict(load_file(weights))
    return export_model(model, path, METADATA, height=height, width=width, precision='fp16')
