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

"""
A backend proves itself before use: it must reproduce a stored prediction.

An export stores a reference image and the FP32 depth of it beside the ONNX, so that a robot needs
no second runtime. Compilers of networks are known to be silently wrong for some versions.
"""

from __future__ import annotations

from dataclasses import dataclass
import io
from pathlib import Path
import struct
import tokenize
import zipfile
import zlib

from depth_anything_ros.estimation.backend import Backend, BackendError
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.private_cache import (
    cache_folder,
    keep_private,
    read_private,
    write_whole,
)
import numpy as np
from numpy.typing import NDArray

TOLERANCES = {
    'fp32': (0.9995, 0.01),
    'fp16': (0.998, 0.03),
    'bf16': (0.98, 0.12),
    'int8': (0.98, 0.12),
}
"""Least rank correlation and largest error by the coarsest precision that runs."""

DAMAGE = (
    AttributeError,
    OSError,
    LookupError,
    EOFError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise on altered bytes."""


@dataclass(frozen=True)
class Reference:
    """An image (1, H, W, 3) uint8 and its depth (1, H, W) float32."""

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]

    def to_bytes(self, onnx_sha256: str) -> bytes:
        """Return it as an .npz that names the ONNX it belongs to."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, image=self.image, depth=self.depth, onnx_sha256=onnx_sha256)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, onnx_sha256: str) -> Reference:
        """Return what `to_bytes` made; ValueError where it is damaged or of another ONNX."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                owner = str(stored['onnx_sha256'])
                reference = cls(stored['image'], stored['depth'])
        except DAMAGE as error:
            raise ValueError(f'it is damaged ({error})') from error
        if owner != onnx_sha256:
            raise ValueError('it belongs to another ONNX')
        reference._check()
        return reference

    def _check(self) -> None:
        """Raise ValueError where it is no image with its depth."""
        image, depth = self.image, self.depth
        if image.dtype != np.uint8 or depth.dtype != np.float32:
            raise ValueError(f'it holds {image.dtype} and {depth.dtype}, not uint8 and float32')
        if depth.ndim != 3 or len(depth) != 1 or image.shape != (*depth.shape, 3):
            raise ValueError(f'an image of {image.shape} has no depth of {depth.shape}')
        if not np.isfinite(depth).all():
            raise ValueError('its depth is not finite')


@dataclass(frozen=True)
class Agreement:
    """
    How far two predictions agree.

    rank_correlation: Spearman's. error: mean |a − b| over the reference's mean distance from its
    median, so that neither the unit nor an offset of depth matters.
    """

    rank_correlation: float
    error: float

    def holds(self, precision: str) -> bool:
        """Return whether it is as good as this precision allows, such as 'fp16+bf16'."""
        limits = [TOLERANCES[part] for part in precision.split('+')]
        least, most = min(limit[0] for limit in limits), max(limit[1] for limit in limits)
        return self.rank_correlation >= least and self.error <= most


def agreement(depth: NDArray[np.float32], reference: NDArray[np.float32]) -> Agreement:
    """Return how far a prediction agrees with the reference of the same shape."""
    if not np.isfinite(depth).all():
        return Agreement(-1.0, float('inf'))
    spread = np.abs(reference - np.median(reference)).mean()
    error = np.abs(depth - reference).mean() / max(float(spread), 1e-12)
    return Agreement(_rank_correlation(depth.ravel(), reference.ravel()), float(error))


def prove(backend: Backend, reference: Reference) -> Agreement:
    """
    Return the worst agreement of a backend with the reference; BackendError where it is wrong.

    The reference runs before and after its mirror image: an engine that is right only once, or
    whose output does not follow its input, is found.
    """
    _check_precision(backend)
    images = np.repeat(reference.image, backend.info.batch, axis=0)
    if images.shape[1:3] != (backend.info.height, backend.info.width):
        raise BackendError(
            f'the reference beside the model is {images.shape[1:3]}, the model '
            f'({backend.info.height}, {backend.info.width}): export the model again'
        )
    first = backend.infer(images)
    mirrored = backend.infer(np.ascontiguousarray(images[:, :, ::-1]))
    outputs = [*first, *backend.infer(images)]
    if np.array_equal(mirrored, first):
        raise BackendError(_refusal(backend, 'its output does not depend on its input'))
    found = [agreement(output, reference.depth[0]) for output in outputs]
    worst = Agreement(min(a.rank_correlation for a in found), max(a.error for a in found))
    if not worst.holds(backend.info.precision):
        figures = f'rank correlation {worst.rank_correlation:.4f}, error {worst.error:.1%}'
        raise BackendError(_refusal(backend, f'its depth is wrong: {figures}'))
    return worst


def reference_of(model: ModelFile) -> Reference:
    """
    Return the reference stored beside a model, or one computed once on the CPU for a foreign one.

    Raise BackendError where the stored one is damaged or belongs to another ONNX.
    """
    path = reference_path(model.path)
    if path.exists():
        try:
            return Reference.from_bytes(path.read_bytes(), model.sha256)
        except ValueError as error:
            raise BackendError(
                f'{path} does not prove {model.path.name}: {error}. Fetch or export both again, '
                'or remove the reference to have it computed here'
            ) from error
    cached = cache_folder('references') / f'{model.sha256}.npz'
    data = read_private(cached)
    if data is not None:
        return Reference.from_bytes(data, model.sha256)
    reference = _compute(model)
    if not np.isfinite(reference.depth).all():
        raise BackendError(f'{model.path} gives depth that is not finite, even in FP32 on the CPU')
    keep_private(cached, reference.to_bytes(model.sha256))
    return reference


def write_reference(model: ModelFile, reference: Reference) -> None:
    """Store the reference beside the model."""
    write_whole(reference_path(model.path), reference.to_bytes(model.sha256))


def reference_path(onnx: Path) -> Path:
    """Return where the reference of an ONNX lies: beside it."""
    return onnx.with_suffix('.reference.npz')


def reference_image(height: int, width: int) -> NDArray[np.uint8]:
    """Return a (1, height, width, 3) picture of a tiled floor, a wall and boxes before it."""
    y, x = np.mgrid[:height, :width] / height
    nearness = np.maximum(y - 0.45, 0.02)
    tiles = (np.floor(x / nearness * 0.6) + np.floor(1 / nearness)) % 2
    image = np.where((y > 0.5)[..., None], 90 + 60 * tiles[..., None], (150, 160, 170))
    for left, top, right, bottom, color in (
        (0.1, 0.3, 0.35, 0.7, (180, 60, 50)),
        (0.6, 0.42, 0.85, 0.58, (60, 110, 60)),
        (0.95, 0.1, 1.05, 0.9, (50, 60, 120)),
    ):
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        image[inside] = color * (0.7 + 0.6 * (x[inside, None] - left))
    return np.clip(image, 0, 255).astype(np.uint8)[None]


def _check_precision(backend: Backend) -> None:
    unknown = set(backend.info.precision.split('+')) - TOLERANCES.keys()
    if unknown:
        raise BackendError(
            f'{backend.info.model} states the precision {", ".join(sorted(unknown))!r}, expected '
            f'one of {", ".join(TOLERANCES)}: export it again'
        )


def _compute(model: ModelFile) -> Reference:
    from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend

    backend = OpenVinoBackend(model, exact=True)
    image = reference_image(backend.info.height, backend.info.width)
    depth = backend.infer(image)
    backend.close()
    return Reference(image, depth)


def _rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    ranks_a, ranks_b = _ranks(a), _ranks(b)
    if ranks_a.std() == 0 or ranks_b.std() == 0:
        return 0.0
    return float(np.corrcoef(ranks_a, ranks_b)[0, 1])


def _ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the (N,) ranks of (N,) values; equal ones share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(means[inverse], dtype=np.float64)


def _refusal(backend: Backend, finding: str) -> str:
    info = backend.info
    cure = (
        'This TensorRT version compiles the network wrongly (10.3, 10.4, 10.7 and 10.16 are known '
        'to): update TensorRT, or export with --precision fp32 and set precision: fp32'
        if info.backend == 'tensorrt'
        else 'Update OpenVINO, or export the model again'
    )
    what = f'{info.model} on {info.device} ({info.backend}, {info.precision})'
    return f'{what} refused: {finding}. {cure}'
