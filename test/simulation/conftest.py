# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Without mujoco, as in the environment of `make test-export`, only the rest is collected."""

from importlib.util import find_spec

if find_spec('mujoco') is None:
    collect_ignore = [
        'test_commands.py',
        'test_driving.py',
        'test_frames.py',
        'test_recording.py',
        'test_renderer.py',
    ]
