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

"""From the settings to a running, proven backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
import logging
import math

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import Backend, BackendError
from depth_anything_ros.estimation.ladder_backend import LadderBackend
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import (
    check_license,
    exports_of,
    how_to_get_others,
    parse_size,
)
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
from depth_anything_ros.estimation.proof import prove, Reference, reference_of
from depth_anything_ros.estimation.tensorrt_backend import (
    has_nvidia_gpu,
    open_gpu,
    TensorRtBackend,
)

LOG = logging.getLogger(__name__)
PREFERRED = {'openvino': ('fp32', 'fp16'), 'tensorrt': ('fp16', 'fp32')}
"""Precisions by backend, best first; the best that is exported runs where it is fast enough."""

COARSEST = 'int8'
"""Runs where it is asked for, or where the rate leaves no choice."""

UNUSED_GPU = 'there is an NVIDIA GPU, but the CPU is used: %s'


def load_backend(config: EstimationConfig) -> Backend:
    """
    Return the backend the settings ask for, proven; raise BackendError with the cure.

    At `auto` the CPU takes the place of a GPU on which TensorRT does not build, run or prove the
    model.
    """
    kind = choose_backend(config.backend)
    if config.backend == 'auto' and kind == 'tensorrt':
        try:
            return _load(config, kind)
        except BackendError as error:
            LOG.warning(UNUSED_GPU, error)
            kind = 'openvino'
    return _load(config, kind)


def _load(config: EstimationConfig, kind: str) -> Backend:
    files = rungs(config, kind)
    load = partial(open_backend, kind=kind, config=config)
    if len(files) == 1:
        return load(files[0])
    return LadderBackend(files, load, config.target_rate_hz)


def open_backend(
    model: ModelFile,
    kind: str,
    config: EstimationConfig,
    report: Callable[[float], None] | None = None,
) -> Backend:
    """
    Return one model running on a backend; BackendError where its licence or proof forbids.

    report: called with the share done, 0 to 1, where an engine must be built. On the CPU, FP32
    takes the place of a faster precision whose proof fails.
    """
    about = model.metadata
    check_license(about.name, about.license, config.accept_noncommercial_license)
    reference = reference_of(model)
    if kind == 'tensorrt':
        return _proven(TensorRtBackend(model, open_gpu(), report), reference)
    backend = OpenVinoBackend(model, config.inference_threads)
    try:
        return _proven(backend, reference)
    except BackendError as error:
        if backend.info.precision.endswith('fp32'):
            raise
        LOG.warning('FP32 is taken, which is slower, for %s', error)
    return _proven(OpenVinoBackend(model, config.inference_threads, exact=True), reference)


def _proven(backend: Backend, reference: Reference) -> Backend:
    """Return a backend that reproduces the reference; else close it and raise BackendError."""
    try:
        proof = prove(backend, reference)
    except BackendError:
        backend.close()
        raise
    LOG.info('%s proven: rank correlation %.5f', backend.info.model, proof.rank_correlation)
    return backend


def rungs(config: EstimationConfig, kind: str) -> list[ModelFile]:
    """
    Return the exports that the settings allow, smallest first.

    Of a size it is the one of the precision that is asked for; at `auto` the int8 one, if there
    is one, and then the best.
    """
    files = exports_of(config.model)
    if config.model.endswith('.onnx') and config.input_size in ('auto', files[0].metadata.size):
        return files
    asked = config.precision
    steps = ((COARSEST,), PREFERRED[kind]) if asked == 'auto' else ((asked,),)
    found = [file for step in steps for file in _one_of_each_size(files, step, config)]
    if not found:
        raise BackendError(
            f'no export of {config.model} has input_size {config.input_size}, precision '
            f'{config.precision} and batch {config.inference_batch}. There are '
            f'{", ".join(file.path.name for file in files)}; {how_to_get_others(config.model)}'
        )
    return sorted(found, key=lambda file: math.prod(parse_size(file.metadata.size)))


def _one_of_each_size(
    files: Sequence[ModelFile], precisions: Sequence[str], config: EstimationConfig
) -> list[ModelFile]:
    """Return, of each size and of the batch asked for, the file of the first precision there."""
    best: dict[str, ModelFile] = {}
    for precision in reversed(precisions):
        best |= {
            file.metadata.size: file
            for file in files
            if file.metadata.precision == precision
            and file.metadata.batch == str(config.inference_batch)
            and config.input_size in ('auto', file.metadata.size)
        }
    return list(best.values())


def choose_backend(asked: str) -> str:
    """Return `openvino` or `tensorrt` for a setting that may be `auto`; else BackendError."""
    if asked in PREFERRED:
        return asked
    if asked != 'auto':
        raise BackendError(f'backend {asked!r} is none of auto, {", ".join(PREFERRED)}')
    if not has_nvidia_gpu():
        return 'openvino'
    try:
        open_gpu().close()
    except BackendError as error:
        LOG.warning(UNUSED_GPU, error)
        return 'openvino'
    return 'tensorrt'
