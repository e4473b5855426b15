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

"""From torch weights to a proven ONNX of fixed size; what needs torch starts here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import hashlib
from pathlib import Path
import re
from tempfile import TemporaryDirectory

from depth_anything_ros.estimation.backend import BackendError, LARGEST_BATCH, LARGEST_SIDE
from depth_anything_ros.estimation.model_file import ModelFile, ModelMetadata
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
from depth_anything_ros.estimation.private_cache import check_writable, write_whole
from depth_anything_ros.estimation.proof import (
    Agreement,
    agreement,
    Reference,
    reference_image,
    reference_path,
    write_reference,
)
from depth_anything_ros.estimation.rewrite import (
    IMAGENET,
    Normalisation,
    NormalisedDepthEstimation,
    RewrittenDepthAnything,
)
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import numpy_helper
import torch
from torch import nn
from transformers import DepthAnythingForDepthEstimation

OPSET = 18
PRECISIONS = ('fp32', 'fp16', 'int8')
LARGEST_PARITY_ERROR = 1e-4
HELD_OUT = 8
"""Calibration images kept for measuring what int8 costs."""

QUANTISED_CONVOLUTIONS = re.compile(r'fusion\.\d+\.residual.*\.weight|head\.conv[12]\.weight')
"""
Weights of the 3×3 convolutions that int8 quantises: those over the most pixels.

They raise the error of the demo model from 0.8 to 1.5 % and take 22 % off the time of Small at
252×336 in FP32, 11 to 15 % in BF16. Those before the fusion gain 1 to 3 % more and see the
outliers of the transformer: they stay, as do the patches, the 1×1 projections and the last one.
"""


class ExportError(BackendError):
    """A model that cannot be exported as asked; the message says why."""


def export_model(
    model: nn.Module,
    path: Path,
    metadata: ModelMetadata,
    *,
    height: int,
    width: int,
    batch: int = 1,
    precision: str = 'fp32',
    calibration: Sequence[NDArray[np.uint8]] = (),
    normalisation: Normalisation = IMAGENET,
) -> Agreement:
    """
    Write `model` as ONNX and its reference beside it; return how the file agrees with FP32 torch.

    Both are verified before they take the place of what was there.

    model: a depth estimator of transformers. metadata: name, source, license and, unless the
    model is a Depth Anything, prediction and max_depth_m; the rest is filled in. calibration:
    (1, height, width, 3) uint8 RGB images for int8. The same weights and arguments give the same
    bytes. Raise ExportError where the arguments do not fit, or an fp32 file differs from torch by
    more than 1e-4; WriteError where the folder cannot be written.
    """
    _check(model, height, width, batch, precision, len(calibration))
    path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(path)
    model = model.eval()
    original = NormalisedDepthEstimation(model, height, width, normalisation)
    network: nn.Module = original
    if isinstance(model, DepthAnythingForDepthEstimation):
        dtype = torch.float16 if precision == 'fp16' else torch.float32
        network = RewrittenDepthAnything(model, height, width, dtype, normalisation)
    proto = _traced(network, (batch, height, width, 3))
    if precision == 'int8':
        proto = _quantised(proto, calibration[:-HELD_OUT], batch)
    metadata = replace(metadata, size=f'{height}x{width}', batch=str(batch), precision=precision)
    images = [reference_image(height, width)]
    if precision == 'int8':
        images = list(calibration[-HELD_OUT:])
    depths = [_torch_depth(original, image) for image in images]
    return _write_verified(path, _bytes(proto, _completed(metadata, model)), images, depths)


def weights_sha256(model: nn.Module) -> str:
    """Return the SHA-256, in hex, of the names, shapes, types and bytes of all weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f'{name} {tuple(tensor.shape)} {tensor.dtype}\n'.encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _check(
    model: nn.Module, height: int, width: int, batch: int, precision: str, images: int
) -> None:
    if precision not in PRECISIONS:
        raise ExportError(f'precision {precision!r} is none of {", ".join(PRECISIONS)}')
    patch = 14 if isinstance(model, DepthAnythingForDepthEstimation) else 1
    if min(height, width) < patch or height % patch or width % patch:
        raise ExportError(f'size {height}x{width} must be multiples of {patch}, as 252x336')
    if max(height, width) > LARGEST_SIDE or not 1 <= batch <= LARGEST_BATCH:
        raise ExportError(
            f'size {height}x{width}, batch {batch}: at most {LARGEST_SIDE} and {LARGEST_BATCH}'
        )
    if precision == 'int8' and images < 2 * HELD_OUT:
        raise ExportError(
            f'int8 needs at least {2 * HELD_OUT} calibration images: give --calibration a '
            'recording of the robot'
        )
    if precision == 'fp16' and patch == 1:
        raise ExportError('fp16 is there for Depth Anything only: export as fp32')


def _traced(network: nn.Module, shape: tuple[int, ...]) -> onnx.ModelProto:
    program = torch.onnx.export(
        network.eval(),
        (torch.zeros(shape, dtype=torch.uint8),),
        dynamo=True,
        opset_version=OPSET,
        input_names=['image'],
        output_names=['depth'],
        verbose=False,
    )
    proto: onnx.ModelProto = program.model_proto
    _split_key_transposes(proto.graph)
    return proto


def _split_key_transposes(graph: onnx.GraphProto) -> None:
    """
    Let each key of attention change heads and places first, then rows and columns.

    OpenVINO takes the second step into the product of query and key; torch's exporter merges both.
    """
    nodes = []
    for node in graph.node:
        nodes.append(node)
        if node.op_type == 'Transpose' and list(node.attribute[0].ints) == [0, 2, 3, 1]:
            (keys,) = node.output
            node.output[0] = f'{keys}_by_head'
            node.attribute[0].ints[:] = [0, 2, 1, 3]
            nodes.append(
                onnx.helper.make_node(
                    'Transpose', [node.output[0]], [keys], f'{node.name}_last', perm=[0, 1, 3, 2]
                )
            )
    del graph.node[:]
    graph.node.extend(nodes)


def _quantised(
    proto: onnx.ModelProto, calibration: Sequence[NDArray[np.uint8]], batch: int
) -> onnx.ModelProto:
    """
    Return the model with Q/DQ around its matrix products and some convolutions, by NNCF.

    With SmoothQuant. QUANTISED_CONVOLUTIONS tells which; quantising all of them raised the error
    of the demo model from 1.4 to 36 %.
    """
    import nncf

    images = [{'image': np.repeat(image, batch, axis=0)} for image in calibration]
    exact = [
        node.name
        for node in proto.graph.node
        if node.op_type in ('Conv', 'ConvTranspose')
        and not QUANTISED_CONVOLUTIONS.fullmatch(node.input[1])
    ]
    quantised: onnx.ModelProto = nncf.quantize(
        proto,
        nncf.Dataset(images),
        preset=nncf.QuantizationPreset.PERFORMANCE,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(images),
        ignored_scope=nncf.IgnoredScope(names=exact),
    )
    return _signed(quantised)


def _signed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with signed zeros where NNCF took unsigned ones, as TensorRT wants it."""
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    unsigned = {
        zero: scale
        for node in proto.graph.node
        if node.op_type in ('QuantizeLinear', 'DequantizeLinear')
        for scale, zero in [node.input[1:]]
        if tensors[zero].data_type == onnx.TensorProto.UINT8
    }
    for zero in unsigned:
        values = numpy_helper.to_array(tensors[zero]).astype(np.int8)
        tensors[zero].CopyFrom(numpy_helper.from_array(values, zero))
    for scale in set(unsigned.values()):
        steps = np.asarray(numpy_helper.to_array(tensors[scale]) * np.float32(255 / 127))
        tensors[scale].CopyFrom(numpy_helper.from_array(steps, scale))
    return proto


def _completed(metadata: ModelMetadata, model: nn.Module) -> ModelMetadata:
    if isinstance(model, DepthAnythingForDepthEstimation):
        prediction = model.config.depth_estimation_type
        max_depth = f'{model.config.max_depth:g}' if prediction == 'metric' else ''
        metadata = replace(metadata, prediction=prediction, max_depth_m=max_depth)
    return replace(metadata, weights_sha256=weights_sha256(model))


def _bytes(proto: onnx.ModelProto, metadata: ModelMetadata) -> bytes:
    """Return the file; the exporter's notes on nodes go, they name paths of this machine."""
    for node in proto.graph.node:
        node.ClearField('metadata_props')
        node.ClearField('doc_string')
    proto.graph.ClearField('value_info')
    onnx.helper.set_model_props(proto, metadata.as_properties())
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def _torch_depth(network: nn.Module, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        depth: NDArray[np.float32] = network(torch.from_numpy(image)).numpy()
    return depth


def _write_verified(
    path: Path,
    data: bytes,
    images: Sequence[NDArray[np.uint8]],
    depths: Sequence[NDArray[np.float32]],
) -> Agreement:
    """Write a model and its reference, which is the first image and depth, if it is right."""
    with TemporaryDirectory(dir=path.parent, prefix='.export-') as folder:
        draft = Path(folder) / path.name
        write_whole(draft, data)
        file = ModelFile.open(draft)
        write_reference(file, Reference(images[0], depths[0]))
        found = _verified(file, images, depths)
        reference_path(draft).replace(reference_path(path))
        draft.replace(path)
    return found


def _verified(
    file: ModelFile, images: Sequence[NDArray[np.uint8]], depths: Sequence[NDArray[np.float32]]
) -> Agreement:
    backend = OpenVinoBackend(file, exact=True)
    outputs = [backend.infer(image) for image in images]
    backend.close()
    parity = max(
        np.abs(o - d).max() / np.abs(d).max() for o, d in zip(outputs, depths, strict=True)
    )
    if file.metadata.precision == 'fp32' and not parity <= LARGEST_PARITY_ERROR:
        raise ExportError(f'the export differs from torch by {parity:.2g} of the largest depth')
    found = [agreement(o, d) for o, d in zip(outputs, depths, strict=True)]
    mean = Agreement(
        float(np.mean([a.rank_correlation for a in found])),
        float(np.mean([a.error for a in found])),
    )
    if not found[0].holds(file.metadata.precision):
        raise ExportError(
            f'{file.metadata.precision} is {found[0].error:.0%} off FP32, which no backend would '
            'accept: export as fp32 or fp16, or calibrate with a recording of the robot'
        )
    return mean
