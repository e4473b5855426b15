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

"""The models one can name: the Depth Anything V2 catalogue, the demo model, and their exports."""

from __future__ import annotations

from dataclasses import dataclass
import logging
from pathlib import Path
import re

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.private_cache import cache_folder

LOG = logging.getLogger(__name__)
DEMO = 'demo'
DEMO_FOLDER = Path(__file__).parent.parent / 'demo_model'


@dataclass(frozen=True)
class CatalogueEntry:
    """
    A published model.

    repository: on the Hugging Face hub, '' where the weights are unpublished. max_depth_m: of a
    metric model, else None. license: '' is the one that its model card states.
    """

    name: str
    repository: str
    parameters_million: float
    max_depth_m: float | None
    license: str  # noqa: A003


def _entries() -> list[CatalogueEntry]:
    sizes = {'Small': 24.8, 'Base': 97.5, 'Large': 335.3}
    licenses = {'Small': 'apache-2.0', 'Base': 'cc-by-nc-4.0', 'Large': 'cc-by-nc-4.0'}
    prefix = 'depth-anything/Depth-Anything-V2'
    relative = [
        CatalogueEntry(size.lower(), f'{prefix}-{size}-hf', parameters, None, licenses[size])
        for size, parameters in sizes.items()
    ]
    metric = [
        CatalogueEntry(
            f'metric-{place.lower()}-{size.lower()}',
            f'{prefix}-Metric-{place}-{size}-hf',
            parameters,
            max_depth,
            '',
        )
        for place, max_depth in (('Indoor', 20.0), ('Outdoor', 80.0))
        for size, parameters in sizes.items()
    ]
    giant = CatalogueEntry('giant', '', 1300.0, None, 'cc-by-nc-4.0')
    return [*relative, giant, *metric]


CATALOGUE = {entry.name: entry for entry in _entries()}


class NotExportedError(BackendError):
    """A name without an export; the message says how to get one."""


def check_published(name: str) -> None:
    """Raise BackendError for a model of the catalogue whose weights nobody can have."""
    entry = CATALOGUE.get(name)
    if entry and not entry.repository:
        raise BackendError(f'the weights of {name} are unpublished: use large')


def is_noncommercial(license_id: str) -> bool:
    """Return whether a licence, by its SPDX id, forbids commercial use."""
    return '-nc' in license_id.lower()


def check_license(name: str, license_id: str, accept_noncommercial: bool) -> None:
    """Raise BackendError where a licence forbids commercial use and that was not accepted."""
    if is_noncommercial(license_id) and not accept_noncommercial:
        raise BackendError(
            f'{name} is licensed {license_id}, for non-commercial use only: set '
            'accept_noncommercial_license to accept that, or use small (Apache-2.0)'
        )


def exports_of(model: str) -> list[ModelFile]:
    """
    Return the exported files of a model: of a path, of `demo`, or of a name in the user's cache.

    Raise NotExportedError, which says how to get one, where there is none.
    """
    check_published(model)
    if model.endswith('.onnx'):
        return [ModelFile.open(Path(model).expanduser())]
    if model == DEMO:
        found = _usable(DEMO_FOLDER)
    else:
        found = [file for file in cached_exports() if file.metadata.name == model]
    if not found:
        raise NotExportedError(_how_to_get(model))
    return found


def cached_exports() -> list[ModelFile]:
    """Return the exports in the user's cache; a damaged one is left out, with a warning."""
    return _usable(cache_folder('models'))


def export_path(name: str, height: int, width: int, precision: str, batch: int = 1) -> Path:
    """Return where an export of a model is kept in the user's cache."""
    suffix = '' if batch == 1 else f'-batch{batch}'
    return cache_folder('models') / f'{slug(name)}-{height}x{width}-{precision}{suffix}.onnx'


def slug(name: str) -> str:
    """Return a name as part of a file's name: no separators, no leading dots."""
    return re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'model'


def how_to_get_others(model: str) -> str:
    """Return, as the end of a message, how exports of a model are made that it does not have."""
    if model == DEMO:
        return 'the demo model comes in that size and precision only'
    if model.endswith('.onnx'):
        return 'a file has one size and precision only'
    return f'`depth-anything-ros model export {model}` makes others'


def parse_size(text: str) -> tuple[int, int]:
    """Return (height, width) of a text such as '252x336'; ValueError where it is none."""
    match = re.fullmatch(r'([1-9]\d{1,3})x([1-9]\d{1,3})', text)
    if not match:
        raise ValueError(f'{text!r} is no size: write HEIGHTxWIDTH, as 252x336')
    return int(match[1]), int(match[2])


def _usable(folder: Path) -> list[ModelFile]:
    files = []
    for path in sorted(folder.glob('*.onnx')):
        try:
            files.append(ModelFile.open(path))
        except BackendError as error:
            LOG.warning('left out: %s', error)
    return files


def _how_to_get(model: str) -> str:
    if model == DEMO:
        return f'there is no demo model in {DEMO_FOLDER}: install the package again'
    if model in CATALOGUE or re.fullmatch(r'[\w.-]+/[\w.-]+', model):
        return (
            f'{model} is not exported yet: `depth-anything-ros model export {model} '
            "--size 252x336` (needs pip install 'depth_anything_ros[export]', on any machine)"
        )
    names = ', '.join([DEMO, *CATALOGUE])
    return f'no model is called {model!r}: choose {names}, or give the path of an .onnx'
