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

import io

import numpy as np
import pytest
from typer.testing import CliRunner

pytestmark = pytest.mark.export
torch = pytest.importorskip('torch', reason='training needs torch and transformers')
pytest.importorskip('transformers', reason='training needs torch and transformers')

from depth_anything_ros.simulation import train as training  # noqa: E402, I100
from depth_anything_ros.simulation.batches import Views  # noqa: E402
from depth_anything_ros.simulation.commands import app  # noqa: E402
from depth_anything_ros.simulation.export import export_demo_model  # noqa: E402
from depth_anything_ros.simulation.loss import anchored_loss  # noqa: E402
from depth_anything_ros.simulation.train import Stage, train  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402


@pytest.fixture
def views(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / 'a.npz',
        image=rng.integers(0, 255, (4, 42, 56, 3), np.uint8),
        inverse_depth=rng.uniform(0.1, 1, (4, 42, 56)).astype(np.float16),
    )
    return Views(tmp_path)


@pytest.fixture(autouse=True)
def short_stages(monkeypatch):
    stages = (Stage(28, 42, 2, 2, 1e-3, 1e-3), Stage(42, 56, 2, 2, 1e-3, 0.0))
    monkeypatch.setattr(training, 'STAGES', stages)
    monkeypatch.setattr(training, 'CHECKPOINT_EVERY', 2)


@pytest.mark.parametrize('name', ['garbage', 'other'])
def test_a_file_without_weights_of_the_demo_model_is_not_exported(tmp_path, name):
    (tmp_path / 'garbage').write_bytes(b'no weights')
    save_file({'weight': torch.zeros(2)}, tmp_path / 'other')
    with pytest.raises(ValueError, match=f'{name} holds no weights of the demo model'):
        export_demo_model(tmp_path / name, tmp_path / 'demo.onnx', 28, 42)


def test_the_loss_is_zero_for_the_truth_over_its_98th_percentile():
    inverse_depth = torch.rand(2, 28, 42) + 0.1
    target = inverse_depth / torch.quantile(inverse_depth.flatten(1), 0.98, dim=1)[:, None, None]
    assert float(anchored_loss(target, inverse_depth)) == pytest.approx(0, abs=1e-5)


def test_a_shrunken_prediction_costs_more_than_one_of_the_right_spread():
    inverse_depth = torch.rand(2, 28, 42) + 0.1
    target = inverse_depth / torch.quantile(inverse_depth.flatten(1), 0.98, dim=1)[:, None, None]
    shrunken = 1e-4 * target + 0.5  # what the scale-and-shift-invariant loss alone allows
    assert anchored_loss(shrunken, inverse_depth) > 10 * anchored_loss(
        1.02 * target, inverse_depth
    )


def test_an_interrupted_training_ends_as_an_uninterrupted_one(views, tmp_path, monkeypatch):
    whole = load_file(train(views, views, tmp_path / 'whole'))
    stages = training.STAGES
    monkeypatch.setattr(training, 'STAGES', stages[:1])
    train(views, views, tmp_path / 'broken')
    monkeypatch.setattr(training, 'STAGES', stages)
    resumed = load_file(train(views, views, tmp_path / 'broken'))
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ('name', 'change'),
    [
        ('training.pt', lambda data: b''),
        ('training.pt', lambda data: data[:-1]),
        ('training.pt', lambda data: b'garbage'),
        ('training.pt', lambda data: saved({'step': 2, 'optimizers': []})),
        ('training.pt', lambda data: saved({'step': 2, 'optimizers': [{}, {}]})),
        ('training.pt', lambda data: saved([1])),
        ('training.pt', lambda data: saved({**torch.load(io.BytesIO(data)), 'step': 5})),
        ('model.safetensors', lambda data: data[:-1]),
        ('model.safetensors', None),
    ],
)
def test_a_damaged_checkpoint_is_one_line_with_the_cure(views, tmp_path, name, change):
    folder = train(views, views, tmp_path / 'run').parent
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if change:
        (folder / name).write_bytes(change(data))
    result = CliRunner().invoke(app, ['train', str(tmp_path), str(tmp_path), str(folder)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert 'is damaged or of another version: remove both' in ' '.join(result.output.split())


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()
