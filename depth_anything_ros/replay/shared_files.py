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

"""Files that are installed beside the package: configurations and the demo's recording."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def shared_file(name: str) -> Path:
    """
    Return a file or folder of the repository, or of share/ where the package is installed.

    Raise FileNotFoundError where it is in neither.
    """
    roots = [PACKAGE.parent, *(p / 'share' / PACKAGE.name for p in PACKAGE.parents)]
    for root in roots:
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f'{name} is not installed with {PACKAGE.name}: install it anew')
