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

"""A published model that nobody has exported yet is fetched and exported on its first use."""

from __future__ import annotations

from depth_anything_ros.command_errors import needing
from depth_anything_ros.estimation.models import (
    CATALOGUE,
    check_license,
    export_path,
    exports_of,
    NotExportedError,
)

HEIGHT, WIDTH, PRECISION = 252, 336, 'fp32'
"""What every machine runs: the size of a first test, the precision that needs no calibration."""


def is_missing(model: str) -> bool:
    """Return whether a model of the catalogue has no export; BackendError: it is unpublished."""
    if model not in CATALOGUE:
        return False
    try:
        exports_of(model)
    except NotExportedError:
        return True
    return False


def export_published(name: str) -> None:
    """
    Put an export of a model of the catalogue into the user's cache, from the Hugging Face hub.

    Raise BackendError, which says what is missing: a network, or the acceptance of a licence;
    ImportError where it is the export extra.
    """
    check_license(name, CATALOGUE[name].license, False)
    with needing('export'):
        from depth_anything_ros.estimation.export import export_model
        from depth_anything_ros.estimation.sources import load_source

        source = load_source(name)
        check_license(name, source.metadata.license, False)
        export_model(
            source.model,
            export_path(name, HEIGHT, WIDTH, PRECISION),
            source.metadata,
            height=HEIGHT,
            width=WIDTH,
            precision=PRECISION,
            normalisation=source.normalisation,
        )
