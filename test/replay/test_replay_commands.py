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
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.models import exports_of
from depth_anything_ros.replay.commands import demo
import pytest
from tiny_onnx import write_tiny_onnx
from tiny_run import with_own_type, write_run
import typer
from typer.testing import CliRunner

app = typer.Typer()
app.command()(demo)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def run(*options: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(option) for option in options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, ' '.join(result.output.split())


def test_brackets_in_a_message_are_no_markup(tmp_path: Path) -> None:
    code, said = run('--recording', tmp_path / 'bag[export]', '--output', tmp_path / 'out')
    assert code == 1
    assert 'bag[export] does not exist' in said


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'out').touch()
    code, said = run('--recording', write_run(tmp_path / 'bag'), '--output', tmp_path / 'out')
    assert code == 1
    assert 'out is no folder: choose another --output' in said


def test_an_output_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    out = tmp_path / 'file' / 'out'
    code, said = run('--recording', write_run(tmp_path / 'bag'), '--output', out)
    assert code == 1
    assert 'Not a directory' in said


@pytest.mark.parametrize('name', ['recording', 'summary.json', 'report.html'])
def test_what_no_demo_left_is_not_removed(tmp_path: Path, name: str) -> None:
    mine = tmp_path / 'out' / name
    mine.parent.mkdir()
    mine.mkdir() if name == 'recording' else mine.touch()
    code, said = run('--recording', write_run(tmp_path / 'bag'), '--output', tmp_path / 'out')
    assert code == 1
    assert f'out holds {name} and no logs/node.log' in said
    assert 'choose another --output' in said
    assert [path.name for path in mine.parent.iterdir()] == [name]


def test_without_ros_it_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('depth_anything_ros.replay.demo.find_spec', lambda _: None)
    code, said = run('--recording', write_run(tmp_path / 'bag'), '--output', tmp_path / 'out')
    assert code == 1
    assert "source a distribution, or pip install 'depth_anything_ros[ros]'" in said


class Hub:
    """Stands in for the modules that need torch: weights from the hub and their export."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.license = 'apache-2.0'
        self.reachable = True
        self.fetched: list[str] = []
        for name, function in (('sources', 'load_source'), ('export', 'export_model')):
            module = ModuleType(name)
            setattr(module, function, getattr(self, function))
            monkeypatch.setitem(sys.modules, f'depth_anything_ros.estimation.{name}', module)

    def load_source(self, name: str) -> Any:
        if not self.reachable:
            raise BackendError('the Hugging Face hub cannot be reached')
        self.fetched.append(name)
        metadata = SimpleNamespace(name=name, license=self.license)
        return SimpleNamespace(model=None, metadata=metadata, normalisation=None)

    def export_model(self, _: Any, path: Path, metadata: Any, **how: Any) -> None:
        size = f'{how["height"]}x{how["width"]}'
        write_tiny_onnx(path, properties={'name': metadata.name, 'size': size})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(monkeypatch)


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """Return the options of a demo that ends where its processes would start."""

    def stop(*_: object) -> None:
        raise BackendError('everything was there')

    monkeypatch.setattr('depth_anything_ros.replay.demo.run_demo', stop)
    return '--recording', write_run(tmp_path / 'bag'), '--output', tmp_path / 'out'


def test_a_published_model_is_exported_on_its_first_use(hub: Hub, played: Any) -> None:
    for _ in range(2):
        assert 'everything was there' in run(*played, '--model', 'small')[1]
    assert hub.fetched == ['small']
    assert [file.metadata.size for file in exports_of('small')] == ['252x336']


def test_topics_that_the_results_will_lack_are_said_beforehand(
    played: Any, tmp_path: Path
) -> None:
    own = with_own_type(tmp_path / 'bag', tmp_path / 'own')
    _, said = run(*played, '--recording', own)
    assert 'leaves out /status: my_robot_msgs/msg/Status' in said


def test_without_a_network_the_demo_model_is_offered(hub: Hub, played: Any) -> None:
    hub.reachable = False
    code, said = run(*played, '--model', 'small')
    assert code == 1
    assert 'cannot be reached. `make demo`' in said


def test_without_torch_the_extra_is_named_and_the_demo_model_offered(
    played: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'torch', None)
    for name in ('sources', 'export', 'rewrite', 'original_layout'):
        monkeypatch.delitem(sys.modules, f'depth_anything_ros.estimation.{name}', raising=False)
    code, said = run(*played, '--model', 'small')
    assert code == 1
    assert "pip install 'depth_anything_ros[export]'. `make demo`" in said


@pytest.mark.parametrize(
    ('model', 'license_id', 'message'),
    [
        ('large', '', 'cc-by-nc-4.0, for non-commercial use only'),
        ('metric-indoor-small', 'cc-by-nc-4.0', 'for non-commercial use only'),
        ('giant', '', 'unpublished'),
    ],
)
def test_what_the_demo_may_not_run_is_not_exported(
    hub: Hub, played: Any, model: str, license_id: str, message: str
) -> None:
    hub.license = license_id
    code, said = run(*played, '--model', model)
    assert code == 1
    assert message in said
    with pytest.raises(BackendError):
        exports_of(model)
