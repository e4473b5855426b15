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

"""TensorRT engines on disk, under a name made of everything that makes one valid."""

from __future__ import annotations

from dataclasses import astuple, dataclass
import hashlib
import json
from pathlib import Path

from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import slug
from depth_anything_ros.estimation.private_cache import cache_folder, remove_private


@dataclass(frozen=True)
class GpuIdentity:
    """What an engine is built for, besides its model."""

    name: str
    compute_capability: tuple[int, int]
    multiprocessors: int
    """The modules of a Jetson family share one name, and its power modes switch some off."""
    tensorrt_version: str

    def __str__(self) -> str:
        """Return it for people and for the names of files."""
        major, minor = self.compute_capability
        gpu = f'{self.name} sm{major}{minor} x{self.multiprocessors}'
        return f'{gpu} TensorRT {self.tensorrt_version}'


def engine_path(model: ModelFile, gpu: GpuIdentity) -> Path:
    """Return where a model's engine for a GPU is kept."""
    about = model.metadata
    key = (model.sha256, about.name, about.size, about.precision, about.batch, astuple(gpu))
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    name = slug(f'{about.name} {about.size} {about.precision} b{about.batch} {gpu}')
    return cache_folder('engines') / f'{name[:120]}-{digest}.engine'


def timing_cache_path(gpu: GpuIdentity) -> Path:
    """Return where TensorRT's timings of this GPU are kept."""
    return cache_folder('engines') / f'{slug(str(gpu))}.timing'


def cached_files() -> list[Path]:
    """Return all engines and timing caches, and what writes of them that were killed left."""
    folder = cache_folder('engines')
    patterns = ('*.engine', '*.timing', '.*.engine*', '.*.timing*')
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def clean() -> list[Path]:
    """Remove what `cached_files` finds; return what was removed."""
    files = cached_files()
    for path in files:
        remove_private(path)
    return files
