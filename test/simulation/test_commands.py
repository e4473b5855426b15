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

import sys
from unittest.mock import Mock

import cv2
from depth_anything_ros.estimation.private_cache import cache_folder
from depth_anything_ros.simulation.commands import app
from depth_anything_ros.simulation.worlds import TEST_SEEDS
import numpy as np
from opengl import needs_opengl
import pytest
from tiny_onnx import write_tiny_onnx
from typer.testing import CliRunner

RUNNER = CliRunner()


@pytest.mark.parametrize(
    ('package', 'module', 'arguments', 'extra'),
    [
        ('mujoco', 'views', ['render-preview', 'x.png'], 'sim'),
        ('torch', 'train', ['train', 'views', 'validation', 'run'], 'sim,export'),
        ('torch', 'export', ['export', 'model.safetensors', 'x.onnx'], 'sim,export'),
    ],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, package, module, arguments, extra):
    loaded = [name for name in sys.modules if name.startswith('depth_anything_ros.')]
    for name in loaded:
        if name.rpartition('.')[2] in (module, 'renderer', 'scene', 'headless', 'model'):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 1
    assert (
        f"{package} is not installed: pip install 'depth_anything_ros[{extra}]'" in result.output
    )


@needs_opengl
def test_a_preview_shows_colour_above_depth(tmp_path):
    result = RUNNER.invoke(app, ['render-preview', str(tmp_path / 'views.png')])
    assert result.exit_code == 0
    picture = cv2.imread(str(tmp_path / 'views.png'))
    assert picture.shape == (6 * 168, 4 * 224, 3)
    assert np.ptp(picture[168:336]) > 100


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['render-preview', '{folder}/out.txt'], 'out.txt is no name of a picture'),
        (['render-preview', '{folder}/none/out.png'], 'out.png cannot be written'),
        (['evaluate', '{folder}/metric.onnx'], 'predicts metres'),
    ],
)
def test_what_cannot_be_done_is_one_line_before_any_rendering(
    monkeypatch, tmp_path, arguments, message
):
    monkeypatch.setattr('depth_anything_ros.simulation.views.render_views', pytest.fail)
    write_tiny_onnx(tmp_path / 'metric.onnx', properties={'prediction': 'metric'})
    result = RUNNER.invoke(app, [argument.format(folder=tmp_path) for argument in arguments])
    assert isinstance(result.exception, SystemExit)
    assert message in result.output


def test_no_worlds_are_refused():
    assert RUNNER.invoke(app, ['evaluate', '--worlds', '0']).exit_code == 2


@pytest.mark.parametrize(('asked', 'size'), [('auto', (14, 28)), ('28x42', (28, 42))])
def test_one_export_of_several_is_evaluated(monkeypatch, tmp_path, asked, size):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    for height, width in ((28, 42), (14, 28)):
        about = {'name': 'small', 'size': f'{height}x{width}'}
        path = cache_folder('models') / f'{height}.onnx'
        write_tiny_onnx(path, size=(height, width), properties=about)
    views = Mock(return_value=[(np.zeros((*size, 3), np.uint8), np.ones(size, np.float32))])
    monkeypatch.setattr('depth_anything_ros.simulation.evaluation.render_views', views)
    result = RUNNER.invoke(app, ['evaluate', 'small', '--size', asked, '--worlds', '1'])
    assert f'small at {size[0]}x{size[1]} in ' in result.output
    views.assert_called_once_with(TEST_SEEDS[0], *size[::-1])


@needs_opengl
def test_a_recording_is_not_overwritten(tmp_path):
    result = RUNNER.invoke(app, ['record', str(tmp_path), '--duration', '0.1'])
    assert result.exit_code == 1
    assert 'exists already' in result.output
    assert list(tmp_path.iterdir()) == []


@needs_opengl
def test_rendered_views_are_kept_and_read_by_training(tmp_path):
    from depth_anything_ros.simulation.batches import Views

    arguments = ['render-views', str(tmp_path), '--first', '3000000', '--worlds', '1']
    assert RUNNER.invoke(app, arguments).exit_code == 0
    (shard,) = tmp_path.iterdir()
    written = shard.stat().st_mtime_ns
    assert RUNNER.invoke(app, arguments).exit_code == 0
    assert shard.stat().st_mtime_ns == written
    views = Views(tmp_path)
    assert len(views) == 12
    image, inverse_depth = views.plain(0, 168, 224)
    assert image.shape == (168, 224, 3) and image.min() >= 0 and image.max() <= 1
    assert inverse_depth.min() > 1 / 25 and inverse_depth.max() < 1 / 0.02
