# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Worlds with ground truth: geometry, pictures, recordings, and the demo model learned from them.

Needs `pip install 'depth_anything_ros[sim]'`.
"""

import ctypes.util
import os

# MuJoCo reads this once, when it is imported; without a screen its own default finds no OpenGL.
if 'MUJOCO_GL' not in os.environ and 'DISPLAY' not in os.environ:
    os.environ['MUJOCO_GL'] = 'osmesa' if ctypes.util.find_library('OSMesa') else 'egl'
