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

"""Where weights come from: the Hugging Face hub, a directory, the authors' .pth, or a seed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
import json
import math
from pathlib import Path
import pickle
import re
from typing import Any

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.model_file import ModelMetadata
from depth_anything_ros.estimation.models import CATALOGUE, check_published
from depth_anything_ros.estimation.original_layout import hub_layout
from depth_anything_ros.estimation.rewrite import IMAGENET, Normalisation
import huggingface_hub
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    StrictDataclassError,
)
from safetensors import SafetensorError
import torch
from torch import nn
from transformers import (
    AutoModelForDepthEstimation,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
)
from yaml import YAMLError

HUB_FILES = ('config.json', 'preprocessor_config.json', 'README.md', '*.safetensors')
PREDICTIONS = {'depth_pro': 'relative', 'glpn': 'metric', 'zoedepth': 'metric'}
"""
Of architectures whose checkpoints agree, by transformers' model_type; DPT's are of both kinds.

The network of Depth Pro gives inverse depth; transformers' image processor makes metres of it.
"""

DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
    TypeError,
    ValueError,
    YAMLError,
)
"""What transformers and readers raise on a folder of altered files."""

UNREACHABLE = (
    ConnectionError,
    HTTPError,
    json.JSONDecodeError,
    LocalEntryNotFoundError,
    TimeoutError,
)
"""What the hub's client raises without a network, where it breaks off, or behind a login page."""

UNUSED = re.compile(r'neck\.fusion_stage\.layers\.0\.residual_layer1\..*')
"""Weights without effect: the first fusion has nothing to add. Published DPTs lack them."""

OUT_INDICES = {12: [3, 6, 9, 12], 24: [5, 12, 18, 24]}
"""Layers that feed the head, by the number of layers (the authors' configurations)."""

ARCHITECTURES = {
    'small': (384, 12, 64, [48, 96, 192, 384]),
    'base': (768, 12, 128, [96, 192, 384, 768]),
    'large': (1024, 24, 256, [256, 512, 1024, 1024]),
}
"""Hidden size, layers, fusion size, neck sizes."""


@dataclass(frozen=True)
class Source:
    """A depth estimator of transformers in float32, with what an export says of it."""

    model: nn.Module
    metadata: ModelMetadata
    normalisation: Normalisation = IMAGENET


def load_source(where: str, *, prediction: str = '', max_depth_m: int = 0) -> Source:
    """
    Return the model named by a catalogue name, a hub id, a directory or a .pth.

    prediction, max_depth_m: what files cannot say of themselves: 'relative' or 'metric' of an
    architecture other than Depth Anything, and the depth at which a metric .pth saturates. Raise
    BackendError where it cannot be loaded.
    """
    if prediction not in ('', 'relative', 'metric'):
        raise BackendError(f'--prediction {prediction!r} is neither relative nor metric')
    if max_depth_m < 0:
        raise BackendError(f'--max-depth-m {max_depth_m}: give metres, such as 20 or 80')
    path = Path(where).expanduser()
    check_published(where)
    if where in CATALOGUE:
        entry = CATALOGUE[where]
        source = _from_directory(fetch(entry.repository), entry.repository, prediction)
        license_id = source.metadata.license or entry.license
        return replace(source, metadata=replace(source.metadata, name=where, license=license_id))
    if path.suffix == '.pth':
        return _from_original(path, max_depth_m)
    if path.is_dir():
        return _from_directory(path, path.resolve().name, prediction)
    if re.fullmatch(r'\w[\w.-]*/\w[\w.-]*', where):
        return _from_directory(fetch(where), where, prediction)
    raise BackendError(
        f'{where!r} is no published model of `depth-anything-ros model list`, no hub id '
        '(owner/name), no directory and no .pth'
    )


def fetch(repository: str) -> Path:
    """Return the folder of a hub repository's weights, downloaded where they are not cached."""
    try:
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=list(HUB_FILES)))
    except GatedRepoError as error:
        raise BackendError(f'{repository} asks for a login: `hf auth login`') from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise BackendError(f'the Hugging Face hub has no {repository}') from error
    except UNREACHABLE as error:
        raise BackendError(
            f'{repository} is not in the local cache and the Hugging Face hub cannot be reached: '
            'connect to a network, or export it on another machine and copy the .onnx and its '
            '.reference.npz. The demo model needs neither'
        ) from error
    except OSError as error:
        raise BackendError(
            f'{repository} cannot be kept in the cache of the Hugging Face hub ({error}): make '
            'room, or set HF_HOME to a folder that you may write'
        ) from error


def random_source(name: str, seed: int = 0) -> Source:
    """Return a catalogue architecture with seeded random weights: right in speed, not in depth."""
    if name not in ARCHITECTURES:
        raise BackendError(
            f'random weights are there for {", ".join(ARCHITECTURES)}, not for {name!r}'
        )
    torch.manual_seed(seed)
    model = DepthAnythingForDepthEstimation(_config(*ARCHITECTURES[name])).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(module.weight)
        model.head.conv3.weight *= 0.1
        model.head.conv3.bias += 1.0
    return Source(model, ModelMetadata(f'{name}-random', f'random weights, seed {seed}'))


def _from_directory(folder: Path, source: str, prediction: str) -> Source:
    try:
        _json_object(folder / 'config.json')
        normalisation, license_id = _normalisation(folder), _license(folder)
        model, report = AutoModelForDepthEstimation.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except DAMAGE as error:
        raise BackendError(
            f'{folder} holds no depth model of transformers with safetensors: '
            f'{" ".join(str(error).split())}'
        ) from error
    _check_whole(folder, report['missing_keys'])
    kind = prediction or PREDICTIONS.get(model.config.model_type, '')
    if not kind and not isinstance(model, DepthAnythingForDepthEstimation):
        raise BackendError(
            f'{source} is a {model.config.model_type}: say with --prediction whether it predicts '
            'relative inverse depth or metric depth'
        )
    metadata = ModelMetadata(source, source, prediction=kind, license=license_id)
    return Source(model.eval(), metadata, normalisation)


def _from_original(path: Path, max_depth_m: int) -> Source:
    if not path.is_file():
        raise BackendError(f'{path} does not exist')
    try:
        weights = torch.load(path, map_location='cpu', weights_only=True)
        if not isinstance(weights, dict):
            raise ValueError(f'it holds a {type(weights).__name__}')
        hub = hub_layout(weights)
        hidden, layers = hub['backbone.layernorm.weight'].numel(), _count_layers(hub)
        necks = [hub[f'neck.convs.{i}.weight'].shape[1] for i in range(4)]
        config = _config(hidden, layers, hub['neck.convs.0.weight'].shape[0], necks, max_depth_m)
        model, report = DepthAnythingForDepthEstimation.from_pretrained(
            None,
            config=config,
            state_dict=hub,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise BackendError(
            f'{path} is refused: it is damaged, or holds more than weights, such as code to run'
        ) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise BackendError(
            f"{path} is no Depth Anything in the authors' layout: {error}"
        ) from error
    _check_whole(path, report['missing_keys'])
    known = 'apache-2.0' if hidden == ARCHITECTURES['small'][0] else 'cc-by-nc-4.0'
    license_id = '' if max_depth_m else known
    return Source(model.eval(), ModelMetadata(path.stem, path.name, license=license_id))


def _check_whole(where: Path, missing: Iterable[str]) -> None:
    """Raise BackendError where weights are missing, which transformers fills at random."""
    lacking = sorted(name for name in missing if not UNUSED.fullmatch(name))
    if lacking:
        more = f' and {len(lacking) - 3} more' if len(lacking) > 3 else ''
        raise BackendError(
            f'{where} lacks weights, which would be random: {", ".join(lacking[:3])}{more}. '
            'Fetch it again, or take the config.json that belongs to it'
        )


def _config(
    hidden: int, layers: int, fusion: int, necks: list[int], max_depth_m: int = 0
) -> DepthAnythingConfig:
    backbone = Dinov2Config(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        image_size=518,
        patch_size=14,
        out_indices=OUT_INDICES[layers],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    return DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=hidden,
        neck_hidden_sizes=necks,
        fusion_hidden_size=fusion,
        depth_estimation_type='metric' if max_depth_m else 'relative',
        max_depth=max_depth_m or 1,
    )


def _count_layers(hub: dict[str, torch.Tensor]) -> int:
    return sum(name.endswith('.layer_scale1.lambda1') for name in hub)


def _license(folder: Path) -> str:
    card = folder / 'README.md'
    if not card.is_file():
        return ''
    try:
        return str(huggingface_hub.ModelCard.load(card).data.get('license') or '')
    except (ValueError, YAMLError) as error:
        raise ValueError(f'{card.name} does not say its licence ({error}); mend it') from error


def _normalisation(folder: Path) -> Normalisation:
    path = folder / 'preprocessor_config.json'
    if not path.is_file():
        return IMAGENET
    settings = _json_object(path)
    mean = settings.get('image_mean', IMAGENET.mean)
    std = settings.get('image_std', IMAGENET.std)
    if not all(_is_colour(values) for values in (mean, std)) or min(std) <= 0:
        raise ValueError(f'{path.name}: image_mean and image_std must be three numbers, std > 0')
    return Normalisation(tuple(mean), tuple(std))


def _is_colour(values: Any) -> bool:
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        return False
    return all(isinstance(value, (int, float)) and math.isfinite(value) for value in values)


def _json_object(path: Path) -> dict[str, Any]:
    """Return the settings in a file; ValueError where it holds anything else."""
    settings = json.loads(path.read_text())
    if not isinstance(settings, dict):
        raise ValueError(f'{path.name} holds no settings, but a {type(settings).__name__}')
    return settings
