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

import cv2
from depth_anything_ros.simulation.commands import app
import numpy as np
from opengl import needs_opengl
import pytest
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
