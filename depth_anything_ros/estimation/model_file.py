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
An exported model on disk: an ONNX of fixed size that says in its metadata what it is.

Input `image`: (N, H, W, 3) uint8 RGB. Output `depth`: (N, H, W) float32, ≥ 0: relative inverse
depth, or metres. Read here without the onnx package, which a robot does not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
import hashlib
import math
import mmap
from pathlib import Path

from depth_anything_ros.estimation.backend import BackendError

METADATA = 14
TENSOR_DIMS, TENSOR_EXTERNAL_DATA = 1, 13
"""Field numbers of onnx.proto3: ModelProto, TensorProto."""

PARTS: dict[str, dict[int, str]] = {
    'model': {7: 'graph', 20: 'training', 25: 'function'},
    'training': {1: 'graph', 2: 'graph'},
    'function': {7: 'node', 11: 'attribute'},
    'graph': {1: 'node', 5: 'tensor', 15: 'sparse tensor'},
    'node': {5: 'attribute'},
    'attribute': {
        5: 'tensor',
        6: 'graph',
        10: 'tensor',
        11: 'graph',
        22: 'sparse tensor',
        23: 'sparse tensor',
    },
    'sparse tensor': {1: 'tensor', 2: 'tensor'},
}
"""By message of onnx.proto3 the fields that lead to tensors."""

DEEPEST = 100
"""Messages within messages that protobuf itself reads."""


@dataclass(frozen=True)
class ModelMetadata:
    """What an export says of itself; all of it text in the file, '' where unknown."""

    name: str
    source: str = ''
    weights_sha256: str = ''
    size: str = ''
    batch: str = '1'
    precision: str = 'fp32'
    prediction: str = 'relative'
    """'relative' (inverse depth up to scale and shift) or 'metric' (metres)."""
    max_depth_m: str = ''
    license: str = ''  # noqa: A003
    relative_error: str = '0.06'
    """
    Standard deviation of depth, relative, once the scale is right.

    Default: that of Depth Anything V2 Small (AbsRel 0.053 on NYU, Yang et al. 2024), rounded up.
    """

    @property
    def is_metric(self) -> bool:
        """Whether the model predicts metres."""
        return self.prediction == 'metric'

    @property
    def depth_sigma(self) -> float:
        """`relative_error` as a number; raise BackendError where it is none."""
        try:
            sigma = float(self.relative_error)
        except ValueError:
            sigma = math.nan
        if not 0 <= sigma < 1:
            raise BackendError(
                f'model {self.name} states a relative_error of {self.relative_error!r}, '
                'expected 0…1: export it again'
            )
        return sigma

    def as_properties(self) -> dict[str, str]:
        """Return the ONNX metadata_props."""
        return {key: value for key, value in asdict(self).items() if value}


@dataclass(frozen=True)
class ModelFile:
    """A model's file, checked to be whole, and what it says of itself."""

    path: Path
    metadata: ModelMetadata

    @classmethod
    def open(cls, path: Path) -> ModelFile:  # noqa: A003
        """
        Return the model in `path`; one that says nothing of itself is taken as relative.

        Raise BackendError where the file is missing, damaged, or refers to other files.
        """
        if not path.is_file():
            raise BackendError(
                f'model file {path} does not exist: give an .onnx, or a name of '
                '`depth-anything-ros model list`'
            )
        try:
            properties = _read_properties(path)
        except (OSError, ValueError, IndexError) as error:
            raise BackendError(
                f'{path} is no usable ONNX file: {error or "it is damaged"}. '
                'Fetch or export it again'
            ) from error
        known = {k: v for k, v in properties.items() if k in ModelMetadata.__dataclass_fields__}
        return cls(path, ModelMetadata(**{'name': path.stem, **known}))

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the file, in hex."""
        digest = hashlib.sha256()
        with self.path.open('rb') as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()


def _read_properties(path: Path) -> dict[str, str]:
    size = path.stat().st_size
    if size == 0:
        raise ValueError('it is empty')
    properties = {}
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for number, start, end in _fields(mapped, 0, size):
            if number == METADATA:
                key, value = (mapped[a:b].decode() for _, a, b in _fields(mapped, start, end))
                properties[key] = value
        _check_part(mapped, 'model', 0, size)
    return properties


def _check_part(data: mmap.mmap, kind: str, start: int, end: int, depth: int = 0) -> None:
    """Check every tensor in a message, wherever it is kept; kind: a key of PARTS."""
    if depth > DEEPEST:
        raise ValueError('its graphs are nested too deeply')
    for number, part_start, part_end in _fields(data, start, end):
        part = PARTS[kind].get(number)
        if part == 'tensor':
            _check_tensor(data, part_start, part_end)
        elif part:
            _check_part(data, part, part_start, part_end, depth + 1)


def _check_tensor(data: mmap.mmap, start: int, end: int) -> None:
    dims = []
    for number, a, b in _fields(data, start, end):
        if number == TENSOR_EXTERNAL_DATA:
            raise ValueError('it keeps weights in other files, which is not allowed')
        if number == TENSOR_DIMS:
            dims += list(_varints(data, a, b))
    if math.prod(dims) > 8 * (end - start):
        raise ValueError(f'a tensor of shape {dims} does not fit into it')


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, start, end) of each field of a protobuf message; ValueError where cut off."""
    while start < end:
        tag, start = _varint(data, start)
        kind = tag & 7
        if kind == 0:
            stop = _varint(data, start)[1]
        elif kind == 2:
            length, start = _varint(data, start)
            stop = start + length
        elif kind in (1, 5):
            stop = start + (8 if kind == 1 else 4)
        else:
            raise ValueError('it is not protobuf')
        if stop > end:
            raise ValueError('it is cut off')
        yield tag >> 3, start, stop
        start = stop


def _varints(data: mmap.mmap, start: int, end: int) -> Iterator[int]:
    while start < end:
        value, start = _varint(data, start)
        yield value


def _varint(data: mmap.mmap, start: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
    raise ValueError('it is not protobuf')
