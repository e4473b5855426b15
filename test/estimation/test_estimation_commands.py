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

import json
import sys
from unittest.mock import Mock

from depth_anything_ros.cli import app
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.engine_cache import GpuIdentity, timing_cache_path
from depth_anything_ros.estimation.private_cache import cache_folder, write_private
import pytest
from tiny_onnx import write_tiny_onnx
from typer.testing import CliRunner


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('COLUMNS', '200')
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_list_names_models_licences_and_exports(run, tmp_path):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    about = {'name': 'small', 'size': '28x42', 'precision': 'fp16'}
    write_tiny_onnx(cache / 'any.onnx', properties=about)
    text = run('model', 'list').output
    assert 'metric-outdoor-large' in text
    assert 'cc-by-nc-4.0' in text
    assert '28x42 fp16' in text
    assert 'unpublished' in text
    assert '1.76' in text


def test_the_list_shows_exports_of_ones_own(run, tmp_path):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    about = {'name': 'our[warehouse]', 'size': '28x42', 'prediction': 'metric', 'license': 'mit'}
    write_tiny_onnx(cache / 'any.onnx', properties=about)
    line = next(line for line in run('model', 'list').output.splitlines() if 'our' in line)
    for text in ('our[warehouse]', 'metres', 'mit', '28x42 fp32'):
        assert text in line


def test_the_list_shows_what_is_whole_beside_what_is_damaged(run, tmp_path, caplog):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    (cache / 'a.onnx').write_bytes(b'no network')
    write_tiny_onnx(cache / 'b.onnx', properties={'name': 'small', 'size': '28x42'})
    assert '28x42 fp32' in run('model', 'list').output
    (record,) = caplog.records
    assert 'a.onnx' in record.message


def test_verify_proves_a_model(run, tmp_path):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    result = run('engine', 'verify', path, '--backend', 'openvino')
    assert result.exit_code == 0
    assert 'right, rank correlation' in result.output


def test_engines_are_built_of_the_batch_that_is_asked_for(run, tmp_path, monkeypatch):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    for batch in (1, 4):
        about = {'name': 'small', 'size': '28x42', 'batch': str(batch)}
        write_tiny_onnx(cache / f'batch{batch}.onnx', batch=batch, properties=about)
    built = Mock()
    monkeypatch.setattr('depth_anything_ros.estimation.commands.open_backend', built)
    assert run('engine', 'build', 'small', '--batch', '4').exit_code == 0
    assert [call.args[0].path.name for call in built.call_args_list] == ['batch4.onnx']


def test_an_engine_that_cannot_be_built_does_not_keep_the_others_back(run, tmp_path, monkeypatch):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    for size in ('14x14', '28x42', '42x42'):
        write_tiny_onnx(cache / f'{size}.onnx', properties={'name': 'small', 'size': size})
    built = Mock(side_effect=[BackendError('too old'), Mock(), BackendError('too old')])
    monkeypatch.setattr('depth_anything_ros.estimation.commands.open_backend', built)
    result = run('engine', 'build', 'small')
    assert built.call_count == 3
    assert result.exit_code == 1
    assert 'error: 14x14.onnx, 42x42.onnx: too old\n' in result.output


def test_an_export_that_is_wrong_does_not_keep_the_others_unproven(run, tmp_path):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    for name in ('a', 'b'):
        write_tiny_onnx(cache / f'{name}.onnx', properties={'name': 'small', 'size': '28x42'})
    (cache / 'a.reference.npz').write_bytes(b'no reference')
    result = run('engine', 'verify', 'small', '--backend', 'openvino')
    assert result.exit_code == 1
    assert 'b.onnx on ' in result.output
    assert 'error: a.onnx: ' in result.output


def test_bench_prints_a_table_and_writes_rows(run, tmp_path):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    out = tmp_path / 'bench.json'
    result = run('bench', '--model', path, '--backend', 'openvino', '--json', out)
    assert result.exit_code == 0, result.output
    assert '28x42' in result.output
    (row,) = json.loads(out.read_text())
    assert (row['size'], row['backend'], row['batch']) == ('28x42', 'openvino', 1)
    assert 0 < row['min_ms'] <= row['median_ms'] <= row['p99_ms']


def test_bench_times_the_sizes_and_precisions_that_are_asked_for(run, tmp_path):
    cache = tmp_path / 'cache' / 'depth_anything_ros' / 'models'
    cache.mkdir(parents=True)
    for size, precision in (('14x14', 'fp32'), ('28x42', 'fp32'), ('28x42', 'fp16')):
        about = {'name': 'small', 'size': size, 'precision': precision}
        write_tiny_onnx(cache / f'{size}-{precision}.onnx', properties=about)
    out = tmp_path / 'bench.json'
    asked = ('bench', '--model', 'small', '--backend', 'openvino')
    assert run(*asked, '--size', '28x42', '--precision', 'fp32', '--json', out).exit_code == 0
    assert len(json.loads(out.read_text())) == 1
    result = run(*asked, '--size', '252x336')
    assert result.exit_code == 1
    assert 'no export of small is 252x336. There are 14x14-fp32.onnx (14x14 fp32)' in result.output


def test_brackets_in_a_name_are_no_markup(run, tmp_path):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx', properties={'name': 'tiny[red]'})
    assert 'tiny[red]' in run('bench', '--model', path, '--backend', 'openvino').output


def test_engines_are_listed_and_cleaned(run):
    run('engine', 'list')
    write_private(timing_cache_path(GpuIdentity('Orin', (8, 7), 8, '10.3.0')), b'timings')
    assert 'orin-sm87-x8-tensorrt-10-3-0.timing' in run('engine', 'list').output
    assert 'removed' in run('engine', 'clean').output
    assert run('engine', 'list').output == ''


def test_what_killed_builds_left_is_listed_and_cleaned(run):
    folder = cache_folder('engines')
    left = [folder / f'.small.{kind}x1_y2z3q' for kind in ('engine', 'engine.sha256', 'timing')]
    for path in left:
        path.write_bytes(b'half')
    (folder / 'notes.txt').write_text('mine')
    assert all(path.name in run('engine', 'list').output for path in left)
    assert run('engine', 'clean').output.count('removed') == len(left)
    assert [path.name for path in folder.iterdir()] == ['notes.txt']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('model', 'fetch', 'large'), 'accept_noncommercial_license'),
        (('model', 'fetch', 'giant', '--accept-noncommercial-license'), 'unpublished'),
        (('engine', 'verify', 'nothing'), 'no model is called'),
        (('engine', 'verify', '~nouser/x.onnx'), 'home'),
        (('engine', 'verify', 'demo', '--backend', 'bogus'), "'bogus' is none of auto, openvino"),
        (('bench', '--backend', 'bogus'), "'bogus' is none of auto, openvino, tensorrt"),
        (('bench', '--model', 'missing.onnx'), 'does not exist'),
        (('bench', '--model', 'small', '--random-weights', '--size', '9'), 'HEIGHTxWIDTH'),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert 'Traceback' not in result.output


@pytest.mark.parametrize(
    'arguments',
    [
        ('model', 'list'),
        ('engine', 'list'),
        ('engine', 'clean'),
        ('engine', 'verify', 'tiny.onnx'),
    ],
)
def test_a_cache_that_cannot_be_made_is_one_line(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    write_tiny_onnx(tmp_path / 'tiny.onnx')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'tiny.onnx'))
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert 'set XDG_CACHE_HOME' in result.output


def test_where_the_figures_go_is_checked_before_they_are_taken(run, tmp_path, monkeypatch):
    monkeypatch.setattr('depth_anything_ros.estimation.commands.measure', pytest.fail)
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    result = run('bench', '--model', path, '--json', tmp_path / 'missing' / 'a')
    assert result.exit_code == 1
    assert 'a cannot be written: No such file' in result.output


def test_where_an_export_goes_is_checked_before_the_weights_are_loaded(run, tmp_path):
    (tmp_path / 'file').touch()
    for output, message in (
        (tmp_path, 'is a folder'),
        (tmp_path / 'file' / 'x', 'file'),
        (tmp_path / 'small.252x336', 'the ending .onnx'),
    ):
        result = run('model', 'export', 'small', '--size', '252x336', '-o', output)
        assert isinstance(result.exception, SystemExit)
        assert message in result.output
        assert 'export]' not in result.output


def test_a_size_that_is_none_is_refused_before_the_weights_are_loaded(run):
    result = run('model', 'export', 'small', '--size', '9')
    assert isinstance(result.exception, SystemExit)
    assert 'write HEIGHTxWIDTH' in result.output


def test_a_disk_that_fails_is_one_line(run, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, 'No space left on device', '/disk')

    monkeypatch.setattr('depth_anything_ros.estimation.commands.clean', fail)
    result = run('engine', 'clean')
    assert result.exit_code == 1
    assert "No space left on device: '/disk'" in result.output


def test_without_torch_an_export_names_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch', None)
    for name in ('sources', 'export', 'rewrite', 'original_layout'):
        monkeypatch.delitem(sys.modules, f'depth_anything_ros.estimation.{name}', raising=False)
    result = run('model', 'export', 'small', '--size', '252x336')
    assert result.exit_code == 1
    assert "pip install 'depth_anything_ros[export]'" in result.output
