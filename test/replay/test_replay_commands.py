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

"""What the command `demo` says before anything runs."""

from __future__ import annotations

from pathlib import Path

from depth_anything_ros.replay.commands import demo
import pytest
import typer
from typer.testing import CliRunner

app = typer.Typer()
app.command()(demo)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('depth_anything_ros.replay.commands.errors.width', 1000)


def run(*options: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(option) for option in options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, ' '.join(result.output.split())


def test_brackets_in_a_message_are_no_markup(tmp_path: Path) -> None:
    code, said = run('--recording', tmp_path / 'bag[export]', '--output', tmp_path / 'out')
    assert code == 1
    assert 'bag[export] does not exist' in said
