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
MuJoCo, set up to render without a screen; import it from here.

It reads MUJOCO_GL once, when it is imported, and without a screen its own default finds no OpenGL.
"""

import ctypes.util
import os

if 'MUJOCO_GL' not in os.environ and 'DISPLAY' not in os.environ:
    os.environ['MUJOCO_GL'] = 'osmesa' if ctypes.util.find_library('OSMesa') else 'egl'

import mujoco

__all__ = ['mujoco']
