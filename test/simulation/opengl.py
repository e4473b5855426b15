# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Skip what needs a renderer where there is none."""

from depth_anything_ros.simulation.geometry import World
from depth_anything_ros.simulation.renderer import open_renderer
import pytest


def missing_opengl() -> str:
    """Return why nothing can be rendered here, '' where it can."""
    try:
        with open_renderer(World(0, 4.0, 4.0, 2.5, ()), 8, 8):
            return ''
    except RuntimeError as error:
        return str(error)


REASON = missing_opengl()
needs_opengl = pytest.mark.skipif(bool(REASON), reason=REASON)
