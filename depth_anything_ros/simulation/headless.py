# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
MuJoCo, set up to render without a screen; import it from here.

It reads MUJOCO_GL once, when it is imported, and without a screen its own default finds no OpenGL.
"""

import ctypes.util
import os

if 'MUJOCO_GL' not in os.environ and 'DISPLAY' not in os.environ:
    os.environ['MUJOCO_GL'] = 'osmesa' if ctypes.util.find_library('OSMesa') else 'egl'

import mujoco

__all__ = ['mujoco']
