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

"""Runs a model on the CPU with OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import time
from typing import Any

from depth_anything_ros.estimation.backend import BackendError, BackendInfo, check_shapes, in_parts
from depth_anything_ros.estimation.model_file import ModelFile
import numpy as np
from numpy.typing import NDArray

TIMED_RUNS = 4


class OpenVinoBackend:
    """
    A model compiled for this CPU at its fixed size.

    OpenVINO takes BF16 wherever the CPU has it, though only some CPUs gain by it: Zen 5 halves
    the time, a Xeon whose AMX is hidden by its hypervisor nearly doubles it. So both are timed.
    """

    def __init__(self, model: ModelFile, threads: int = 0, *, exact: bool = False) -> None:
        """
        Compile `model` for `threads` threads (0: every core this process may use).

        exact: compute in FP32 wherever the file does, as a reference. Raise BackendError where
        OpenVINO is missing or the file is no model of depth.
        """
        openvino = _import_openvino()
        core = openvino.Core()
        graph = _read(core, model.path)
        self._input, self._output = _buffers(graph, model.path)
        cores = len(os.sched_getaffinity(0))
        settings: dict[str, object] = {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_NUM_THREADS': threads or cores,
        }
        in_fp32 = {**settings, 'INFERENCE_PRECISION_HINT': 'f32'}
        compiled = [_compiled(core, graph, model, in_fp32 if exact else settings)]
        if _executed(compiled[0]) != 'fp32':
            compiled.append(_compiled(core, graph, model, in_fp32))
        requests = [self._request_of(c) for c in compiled]
        times_ms = _best_ms(requests)
        fastest = times_ms.index(min(times_ms))
        self._request = requests[fastest]
        batch, height, width = self._output.shape
        self._info = BackendInfo(
            backend='openvino',
            device=str(core.get_property('CPU', 'FULL_DEVICE_NAME')).strip(),
            model=model.metadata.name,
            precision=_precision(compiled[fastest], model),
            batch=batch,
            height=height,
            width=width,
            is_metric=model.metadata.is_metric,
            depth_sigma=model.metadata.depth_sigma,
            first_inference_ms=times_ms[fastest],
            fills_cpu=(threads or cores) >= cores,
        )

    def _request_of(self, compiled: Any) -> Any:
        openvino = _import_openvino()
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(self._input, shared_memory=True))
        request.set_output_tensor(openvino.Tensor(self._output, shared_memory=True))
        return request

    @property
    def info(self) -> BackendInfo:
        """Return what was loaded."""
        return self._info

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, H, W) float32 predictions for (N, H, W, 3) uint8 RGB images, any N."""
        return in_parts(batch, self._input, self._output, self._run)

    def close(self) -> None:
        """Free the compiled model."""
        self._request = None

    def _run(self) -> None:
        if self._request is None:
            raise BackendError('the backend is closed')
        _infer(self._request)


def _import_openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise BackendError(
            "OpenVINO is not installed: pip install 'depth_anything_ros[cpu]'"
        ) from error
    return openvino


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise BackendError(
            f'{path} is not an ONNX model that OpenVINO can read: it is damaged or foreign. '
            f'Fetch or export it again ({str(error).strip().splitlines()[-1]})'
        ) from error


def _compiled(core: Any, graph: Any, model: ModelFile, settings: dict[str, object]) -> Any:
    try:
        return core.compile_model(graph, 'CPU', settings)
    except RuntimeError as error:
        raise BackendError(f'OpenVINO cannot compile {model.path}: {error}') from error


def _infer(request: Any) -> None:
    request.infer(share_inputs=True, share_outputs=True)


def _best_ms(requests: Sequence[Any]) -> list[float]:
    """Return the best milliseconds of each, taken by turns: a machine is slow for seconds."""
    times: list[list[float]] = [[] for _ in requests]
    for _ in range(TIMED_RUNS):
        for request, own in zip(requests, times, strict=True):
            start = time.perf_counter()
            _infer(request)
            own.append((time.perf_counter() - start) * 1e3)
    return [min(own) for own in times]


def _buffers(graph: Any, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    def shapes(ports: Any) -> list[tuple[str, tuple[int, ...]]]:
        return [
            (
                port.get_element_type().to_string(),
                tuple(d.get_length() if d.is_static else -1 for d in port.get_partial_shape()),
            )
            for port in ports
        ]

    shape = check_shapes(path, shapes(graph.inputs), shapes(graph.outputs))
    return np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32)


def _executed(compiled: Any) -> str:
    executed = str(compiled.get_property('INFERENCE_PRECISION_HINT').to_string())
    return {'f32': 'fp32', 'f16': 'fp16'}.get(executed, executed)


def _precision(compiled: Any, model: ModelFile) -> str:
    executed, stored = _executed(compiled), model.metadata.precision
    return stored if stored == executed else f'{stored}+{executed}'
