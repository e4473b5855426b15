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

"""Weights by every route give the same depth; `make test-export`."""

from dataclasses import replace
from itertools import product
import json
import os
import pickle

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import export_path, exports_of, NotExportedError
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
import numpy as np
import pytest

REASON = 'weights need torch and transformers: make test-export'
torch = pytest.importorskip('torch', reason=REASON)
transformers = pytest.importorskip('transformers', reason=REASON)
export = pytest.importorskip('depth_anything_ros.estimation.export', reason=REASON)
layout = pytest.importorskip('depth_anything_ros.estimation.original_layout', reason=REASON)
sources = pytest.importorskip('depth_anything_ros.estimation.sources', reason=REASON)

pytestmark = pytest.mark.export


@pytest.fixture(scope='module')
def small():
    """Return the true Small architecture with seeded random weights."""
    return sources.random_source('small', seed=3)


@pytest.fixture(scope='module')
def folder(small, tmp_path_factory):
    """Return a directory as the hub serves it."""
    path = tmp_path_factory.mktemp('hub') / 'small'
    small.model.save_pretrained(path)
    (path / 'README.md').write_text('---\nlicense: cc-by-nc-4.0\n---\n# A card\n')
    return path


@pytest.fixture(scope='module')
def hub_weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / 'model.safetensors')


@pytest.fixture(scope='module')
def original(hub_weights):
    """Return the weights under the authors' names, with query, key and value in one matrix."""
    names = {hub: original for original, hub in layout.hub_names(12).items()}
    fused = '.attention.attention.'
    weights = {names[name]: w for name, w in hub_weights.items() if fused not in name}
    for layer, leaf in product(range(12), ('weight', 'bias')):
        hub = f'backbone.encoder.layer.{layer}{fused}'
        parts = [hub_weights[f'{hub}{part}.{leaf}'] for part in ('query', 'key', 'value')]
        weights[f'pretrained.blocks.{layer}.attn.qkv.{leaf}'] = torch.cat(parts)
    return weights


@pytest.fixture(scope='module')
def checkpoint(original, tmp_path_factory):
    """Return a .pth as the authors serve it."""
    path = tmp_path_factory.mktemp('authors') / 'depth_anything_v2_vits.pth'
    torch.save(original, path)
    return path


def depth(model):
    pixels = torch.linspace(-2, 2, 3 * 56 * 84).reshape(1, 3, 56, 84)
    with torch.inference_mode():
        return model(pixels).predicted_depth.numpy()


def test_random_weights_are_the_small_architecture_and_seeded(small):
    parameters = sum(weight.numel() for weight in small.model.parameters())
    assert parameters / 1e6 == pytest.approx(24.8, abs=0.05)
    again = sources.random_source('small', seed=3)
    np.testing.assert_array_equal(depth(again.model), depth(small.model))
    assert depth(small.model).std() > 0.1


@pytest.mark.parametrize('name', ['demo', 'giant', 'metric-indoor-small'])
def test_random_weights_need_a_known_architecture(name):
    with pytest.raises(BackendError, match=f'for small, base, large, not for {name!r}'):
        sources.random_source(name)


def test_the_layouts_fit(original, hub_weights):
    assert original['pretrained.blocks.0.attn.qkv.weight'].shape == (3 * 384, 384)
    assert 'depth_head.scratch.refinenet4.resConfUnit1.conv1.weight' in original
    back = layout.hub_layout(original)
    assert back.keys() == hub_weights.keys()
    assert all(torch.equal(back[name], weight) for name, weight in hub_weights.items())


def test_directory_and_pth_give_the_same_depth(small, folder, checkpoint):
    expected = depth(small.model)
    for where in (folder, checkpoint):
        np.testing.assert_array_equal(depth(sources.load_source(str(where)).model), expected)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_weights_of_another_type_are_exported_in_float32(folder, original, tmp_path, dtype):
    kind = sources.DepthAnythingForDepthEstimation
    kind.from_pretrained(folder, dtype=dtype).save_pretrained(tmp_path / 'hub')
    path = tmp_path / 'small.pth'
    torch.save({name: weight.to(dtype) for name, weight in original.items()}, path)
    rounded = kind.from_pretrained(folder, dtype=dtype).float().eval()
    for where in (tmp_path / 'hub', path):
        source = sources.load_source(str(where))
        np.testing.assert_array_equal(depth(source.model), depth(rounded))
        onnx = tmp_path / f'{where.stem}.onnx'
        export.export_model(source.model, onnx, source.metadata, height=28, width=42)


def test_the_onnx_gives_the_same_depth_too(small, checkpoint, tmp_path):
    source = sources.load_source(str(checkpoint))
    export.export_model(
        source.model, tmp_path / 'small.onnx', source.metadata, height=56, width=84
    )
    backend = OpenVinoBackend(ModelFile.open(tmp_path / 'small.onnx'), exact=True)
    image = np.random.default_rng(0).integers(0, 256, (1, 56, 84, 3), np.uint8)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    pixels = ((image / 255 - mean) / std).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.inference_mode():
        expected = small.model(torch.from_numpy(pixels)).predicted_depth.numpy()
    assert np.abs(backend.infer(image) - expected).max() <= 1e-4 * expected.max()


def test_the_licence_is_the_model_cards(folder, checkpoint):
    assert sources.load_source(str(folder)).metadata.license == 'cc-by-nc-4.0'
    assert sources.load_source(str(checkpoint)).metadata.license == 'apache-2.0'


def test_a_metric_checkpoint_is_told_its_range(checkpoint):
    model = sources.load_source(str(checkpoint), max_depth_m=20).model
    assert 0 < depth(model).max() <= 20
    assert model.config.depth_estimation_type == 'metric'


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path):
    path = tmp_path / 'evil.pth'
    path.write_bytes(pickle.dumps({'pretrained.cls_token': Hostile(tmp_path / 'ran')}))
    with pytest.raises(BackendError, match='more than weights'):
        sources.load_source(str(path))
    assert not (tmp_path / 'ran').exists()


def test_a_truncated_checkpoint_is_refused(checkpoint, tmp_path):
    path = tmp_path / 'short.pth'
    path.write_bytes(checkpoint.read_bytes()[:100_000])
    with pytest.raises(BackendError, match='damaged'):
        sources.load_source(str(path))


@pytest.mark.parametrize('content', [[1, 2], {'a': torch.zeros(2)}, {}, torch.tensor(3.0)])
def test_a_checkpoint_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(BackendError, match="no Depth Anything in the authors' layout"):
        sources.load_source(str(tmp_path / 'other.pth'))


def test_a_checkpoint_of_another_width_is_refused(checkpoint, tmp_path):
    weights = torch.load(checkpoint, weights_only=True)
    weights['pretrained.norm.weight'] = torch.tensor(1.0)
    torch.save(weights, tmp_path / 'narrow.pth')
    with pytest.raises(BackendError, match="no Depth Anything in the authors' layout"):
        sources.load_source(str(tmp_path / 'narrow.pth'))


def test_a_checkpoint_that_lacks_weights_is_refused(checkpoint, tmp_path):
    weights = torch.load(checkpoint, weights_only=True)
    del weights['pretrained.blocks.3.norm1.weight']
    torch.save(weights, tmp_path / 'lacking.pth')
    with pytest.raises(BackendError, match='lacks weights'):
        sources.load_source(str(tmp_path / 'lacking.pth'))


def lacking(folder, path, *names):
    """Return a copy of a directory of weights without those of these names."""
    from safetensors.torch import load_file, save_file

    path.mkdir()
    (path / 'config.json').write_bytes((folder / 'config.json').read_bytes())
    weights = load_file(folder / 'model.safetensors')
    kept = {name: weight for name, weight in weights.items() if name not in names}
    save_file(kept, path / 'model.safetensors', metadata={'format': 'pt'})
    assert len(kept) + len(names) == len(weights)
    return str(path)


def test_a_directory_that_lacks_weights_is_refused_by_their_names(folder, tmp_path):
    one = 'backbone.encoder.layer.3.norm1.weight'
    with pytest.raises(BackendError, match=f'lacks weights.* {one}. Fetch') as caught:
        sources.load_source(lacking(folder, tmp_path / 'one', one))
    assert '\n' not in str(caught.value)
    head = [f'head.conv{i}.{leaf}' for i in (1, 2) for leaf in ('weight', 'bias')]
    with pytest.raises(BackendError, match=r'head\.conv1\.bias, .* and 1 more'):
        sources.load_source(lacking(folder, tmp_path / 'head', *head))


def test_a_directory_may_lack_weights_that_change_nothing(small, folder, tmp_path):
    first = 'neck.fusion_stage.layers.0.residual_layer1.convolution'
    unused = [f'{first}{i}.{leaf}' for i in (1, 2) for leaf in ('weight', 'bias')]
    model = sources.load_source(lacking(folder, tmp_path / 'dpt', *unused)).model
    np.testing.assert_array_equal(depth(model), depth(small.model))


def test_a_damaged_directory_is_refused(folder, tmp_path):
    (tmp_path / 'config.json').write_text((folder / 'config.json').read_text())
    (tmp_path / 'model.safetensors').write_bytes(b'\xff' * 64)
    with pytest.raises(BackendError, match='no depth model of transformers'):
        sources.load_source(str(tmp_path))


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('README.md', b'---\nlicense: [oops\n---\n', r'README\.md does not say its licence'),
        ('README.md', b'\xff\xfe\x00', r'README\.md does not say its licence'),
        ('preprocessor_config.json', b'{"image_mean": 5}', 'must be three numbers'),
        ('preprocessor_config.json', b'{"image_std": [1, 0, 1]}', 'must be three numbers'),
        ('preprocessor_config.json', b'[1]', 'holds no settings, but a list'),
        ('config.json', b'[1]', r'config\.json holds no settings, but a list'),
        ('config.json', b'{"model_type": "depth_anything", "patch_size": "x"}', 'patch_size'),
        ('config.json', b'\xff\xfe', 'decode'),
    ],
)
def test_an_altered_file_of_a_directory_is_named(folder, tmp_path, name, content, message):
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackendError, match=message) as caught:
        sources.load_source(str(tmp_path))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'max_depth_m': -5}, '--max-depth-m -5: give metres'),
        ({'prediction': 'weird'}, "'weird' is neither relative nor metric"),
    ],
)
def test_what_is_said_of_the_files_must_make_sense(checkpoint, options, message):
    with pytest.raises(BackendError, match=message):
        sources.load_source(str(checkpoint), **options)


def test_an_export_of_a_hub_id_is_found_by_that_id(folder, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setattr(sources, 'fetch', lambda _: folder)
    source = sources.load_source('somebody/small')
    path = export_path(source.metadata.name, 28, 42, 'fp32')
    export.export_model(source.model, path, source.metadata, height=28, width=42)
    assert [file.path for file in exports_of('somebody/small')] == [path]
    with pytest.raises(NotExportedError):
        exports_of('small')


@pytest.mark.parametrize('where', ['.', '../small', '../small/'])
def test_a_directory_is_named_as_it_is_however_it_is_given(folder, where, monkeypatch):
    monkeypatch.chdir(folder)
    assert sources.load_source(where).metadata.name == 'small'


def test_an_empty_directory_is_refused(tmp_path):
    with pytest.raises(BackendError, match='no depth model of transformers'):
        sources.load_source(str(tmp_path))


def test_without_a_network_the_message_offers_ways_on(tmp_path, monkeypatch):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    with pytest.raises(BackendError, match=r'cannot be reached.*demo model'):
        sources.fetch('depth-anything/Depth-Anything-V2-Small-hf')


@pytest.mark.parametrize(
    ('failure', 'message'),
    [
        (sources.HTTPError('peer closed connection'), 'cannot be reached'),
        (json.JSONDecodeError('Expecting value', '<html>', 0), 'cannot be reached'),
        (OSError(28, 'No space left on device'), r'kept.*No space left on device.*make room'),
    ],
    ids=['broken off', 'login page', 'disk full'],
)
def test_a_download_that_fails_says_why(failure, message, monkeypatch):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr('huggingface_hub.snapshot_download', fail)
    with pytest.raises(BackendError, match=message):
        sources.fetch('somebody/small')


@pytest.mark.parametrize(
    ('where', 'message'),
    [
        ('giant', 'unpublished'),
        ('nothing', 'no published model of'),
        ('demo', 'no published model of'),
        ('/missing/model.pth', 'does not exist'),
        ('../../etc/passwd', 'no published model of'),
    ],
)
def test_what_names_no_weights_is_refused(where, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackendError, match=message):
        sources.load_source(where)


def test_another_architecture_must_say_what_it_predicts(folder, monkeypatch):
    loaded = sources.load_source(str(folder))
    monkeypatch.setattr(sources, 'DepthAnythingForDepthEstimation', type('Other', (), {}))
    with pytest.raises(BackendError, match='--prediction'):
        sources.load_source(str(folder))
    told = sources.load_source(str(folder), prediction='metric')
    assert told.metadata == replace(loaded.metadata, prediction='metric')


def saved(path, kind, config):
    """Return a directory of a small model of transformers with random weights."""
    getattr(transformers, kind)(config).save_pretrained(path)
    return str(path)


def test_a_dpt_must_say_what_it_predicts_for_there_are_both_kinds(tmp_path):
    backbone = transformers.Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
    )
    config = transformers.DPTConfig(
        backbone_config=backbone, neck_hidden_sizes=[16] * 4, fusion_hidden_size=16
    )
    where = saved(tmp_path / 'dpt', 'DPTForDepthEstimation', config)
    with pytest.raises(BackendError, match='is a dpt: say with --prediction'):
        sources.load_source(where)
    assert sources.load_source(where, prediction='metric').metadata.is_metric
    short = lacking(tmp_path / 'dpt', tmp_path / 'short', 'head.head.0.weight')
    with pytest.raises(BackendError, match=r'lacks weights.* head\.head\.0\.weight'):
        sources.load_source(short, prediction='metric')


def test_the_network_of_depth_pro_predicts_inverse_depth(tmp_path):
    encoder = {
        'model_type': 'dinov2',
        'hidden_size': 16,
        'num_hidden_layers': 2,
        'num_attention_heads': 2,
        'patch_size': 8,
        'image_size': 32,
    }
    config = transformers.DepthProConfig(
        fusion_hidden_size=16,
        patch_size=32,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[16, 16],
        scaled_images_feature_dims=[16, 16, 16],
        image_model_config=encoder,
        patch_model_config=encoder,
        fov_model_config=encoder,
        use_fov_model=False,
    )
    where = saved(tmp_path / 'depth_pro', 'DepthProForDepthEstimation', config)
    assert not sources.load_source(where).metadata.is_metric
