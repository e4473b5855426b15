# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
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
