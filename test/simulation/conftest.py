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

"""Without mujoco, as in the environment of `make test-export`, only the rest is collected."""

from importlib.util import find_spec

if find_spec('mujoco') is None:
    collect_ignore = [
        'test_commands.py',
        'test_demo_model.py',
        'test_driving.py',
        'test_frames.py',
        'test_recording.py',
        'test_renderer.py',
    ]
