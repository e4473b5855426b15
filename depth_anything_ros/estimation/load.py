# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the settings to a running backend."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import Backend, BackendError
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend

DEMO_MODELS = Path(__file__).parent.parent / 'demo_model'


def load_backend(config: EstimationConfig) -> Backend:
    """Return the backend that the settings ask for; raise BackendError with the cure."""
    if config.model == 'demo':
        files = sorted(DEMO_MODELS.glob('*.onnx'))
        if not files:
            raise BackendError(f'there is no demo model in {DEMO_MODELS}: reinstall the package')
        path = files[0]
    else:
        path = Path(config.model).expanduser()
    return OpenVinoBackend(ModelFile.open(path), config.inference_threads)
