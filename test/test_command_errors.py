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

"""Test that commands say in one line what they lack, and need only what they use."""

import subprocess
import sys

from depth_anything_ros.command_errors import one_line_errors
import pytest
import typer

WITHOUT_EXTRAS = """
import sys
for absent in ('apsw', 'mcap', 'rosbags', 'zstandard', 'mujoco', 'torch', 'nncf', 'onnx'):
    sys.modules[absent] = None
from depth_anything_ros.cli import app
app()
"""


@pytest.mark.parametrize(
    ('arguments', 'code', 'said'),
    [
        (['engine', 'list'], 0, ''),
        (['model', 'list'], 0, 'demo'),
        (['demo'], 1, "pip install 'depth_anything_ros[replay]'"),
        (['model', 'export', 'small', '--size', '28x28'], 1, 'depth_anything_ros[export]'),
        (['sim', 'record', 'drive'], 1, "pip install 'depth_anything_ros[sim,replay]'"),
    ],
)
def test_a_robot_needs_no_extra_for_what_it_does(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    command = [sys.executable, '-c', WITHOUT_EXTRAS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert 'Traceback' not in done.stderr
    assert len(done.stderr.splitlines()) == code


def test_ctrl_c_has_the_exit_code_of_a_shell():
    with pytest.raises(typer.Exit) as ended, one_line_errors():
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130


def test_the_module_is_the_command():
    command = [sys.executable, '-m', 'depth_anything_ros.cli', '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'Usage' in done.stdout
