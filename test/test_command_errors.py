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

import math
import subprocess
import sys

from depth_anything_ros.cli import app
from depth_anything_ros.command_errors import above_zero, one_line_errors
import pytest
import typer
from typer.testing import CliRunner

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


@pytest.mark.parametrize(
    ('arguments', 'option'),
    [
        *((['demo', '--camera-height', bad], '--camera-height') for bad in ('-1', '0', 'nan')),
        (['demo', '--camera-height', '21'], '--camera-height'),
        *((['sim', 'record', 'x', '--duration', b], '--duration') for b in ('-1', 'nan')),
        (['sim', 'record', 'x', '--seed', '-1'], '--seed'),
        (['sim', 'render-preview', 'x.png', '--seed', '-1'], '--seed'),
        (['sim', 'render-views', 'x', '--first', '-1'], '--first'),
        (['model', 'export', 'small', '--size', '28x28', '--batch', '0'], '--batch'),
        (['model', 'export', 'a.pth', '--size', '28x28', '--max-depth-m', '-5'], '--max-depth-m'),
        (['bench', '--threads', '-1'], '--threads'),
    ],
)
def test_a_number_that_makes_no_sense_is_a_wrong_use_of_its_option(
    arguments, option, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.output
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_end_is_no_number_of_an_option():
    assert above_zero(None) is None
    assert above_zero(0.02) == 0.02
    with pytest.raises(typer.BadParameter, match='inf is no finite number above 0'):
        above_zero(math.inf)


def test_ctrl_c_has_the_exit_code_of_a_shell():
    with pytest.raises(typer.Exit) as ended, one_line_errors():
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130


def test_the_module_is_the_command():
    command = [sys.executable, '-m', 'depth_anything_ros.cli', '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'Usage' in done.stdout
