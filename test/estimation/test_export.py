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

"""From torch to ONNX, on a network small enough to export in seconds; `make test-export`."""

from unittest import mock

from depth_anything_ros.estimation.model_file import ModelFile, ModelMetadata
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
from depth_anything_ros.estimation.proof import agreement, prove, reference_of, TOLERANCES
import numpy as np
import onnx
import pytest

REASON = 'exporting needs torch and transformers: make test-export'
torch = pytest.importorskip('torch', reason=REASON)
transformers = pytest.importorskip('transformers', reason=REASON)
export = pytest.importorskip('depth_anything_ros.estimation.export', reason=REASON)
rewrite = pytest.importorskip('depth_anything_ros.estimation.rewrite', reason=REASON)

pytestmark = pytest.mark.export
SIZE = {'height': 56, 'width': 84}
ABOUT = ModelMetadata('tiny', 'seed 0', license='apache-2.0')


def tiny_model(**options):
    """Return a Depth Anything of four narrow layers with weights that make it respond."""
    backbone = transformers.Dinov2Config(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        apply_layernorm=True,
        reshape_hidden_states=False,
        layerscale_value=0.5,
    )
    torch.manual_seed(0)
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=4,
        **options,
    )
    model = transformers.DepthAnythingForDepthEstimation(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and 'token' not in name:
                torch.nn.init.kaiming_normal_(weight)
            elif 'lambda' in name or 'bias' in name:
                weight += 0.1 * torch.randn_like(weight)
        model.head.conv3.weight *= 0.2
        model.head.conv3.bias += 1
    return model


@pytest.fixture(scope='module')
def model():
    return tiny_model()


@pytest.fixture(scope='module')
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('export') / 'tiny.onnx'
    export.export_model(model, path, ABOUT, **SIZE)
    return ModelFile.open(path)


def transformers_depth(model, images):
    """Return what transformers gives for (N, H, W, 3) uint8, normalised by hand."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    pixels = ((images / 255.0 - mean) / std).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.inference_mode():
        return model(torch.from_numpy(pixels)).predicted_depth.numpy()


def smooth_images(count):
    noise = np.random.default_rng(1).integers(0, 256, (count, 8, 12, 3), np.uint8)
    return noise.repeat(7, axis=1).repeat(7, axis=2)


@pytest.mark.parametrize('size', [(56, 84), (70, 70), (98, 42)])
def test_the_rewrite_is_exact(model, size):
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    expected = transformers_depth(model, images)
    with torch.inference_mode():
        found = rewrite.RewrittenDepthAnything(model, *size)(torch.from_numpy(images)).numpy()
    assert expected.std() > 0.01
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_file_gives_the_depth_of_transformers(model, exported):
    images = smooth_images(2)
    expected = transformers_depth(model, images)
    found = OpenVinoBackend(exported, exact=True).infer(images)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_file_says_what_it_is_and_proves_itself(model, exported):
    about = exported.metadata
    assert (about.name, about.source, about.license) == ('tiny', 'seed 0', 'apache-2.0')
    assert (about.size, about.precision, about.prediction) == ('56x84', 'fp32', 'relative')
    assert len(about.weights_sha256) == 64
    reference = reference_of(exported)
    np.testing.assert_allclose(
        reference.depth, transformers_depth(model, reference.image), rtol=1e-4, atol=1e-5
    )
    prove(OpenVinoBackend(exported), reference)


def test_the_same_weights_give_the_same_files(model, exported, tmp_path):
    export.export_model(tiny_model(), tmp_path / 'again.onnx', ABOUT, **SIZE)
    again = ModelFile.open(tmp_path / 'again.onnx')
    assert again.sha256 == exported.sha256
    first, second = (reference_of(file).image for file in (exported, again))
    np.testing.assert_array_equal(first, second)


def test_the_file_names_no_path_of_this_machine(exported):
    data = exported.path.read_bytes()
    assert b'.py' not in data
    assert b'/site-packages' not in data


def test_other_weights_give_another_hash(exported, tmp_path):
    model = tiny_model()
    with torch.no_grad():
        model.head.conv3.bias += 0.5
    export.export_model(model, tmp_path / 'other.onnx', ABOUT, **SIZE)
    other = ModelFile.open(tmp_path / 'other.onnx').metadata
    assert other.weights_sha256 != exported.metadata.weights_sha256


def test_fp16_halves_the_file_and_keeps_the_depth(model, exported, tmp_path):
    path = tmp_path / 'fp16.onnx'
    loss = export.export_model(model, path, ABOUT, precision='fp16', **SIZE)
    assert loss.rank_correlation > 0.999
    assert path.stat().st_size < 0.7 * exported.path.stat().st_size
    graph = onnx.load(path).graph
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    norms = [node for node in graph.node if node.op_type == 'LayerNormalization']
    assert {kinds[node.input[1]] for node in norms} == {onnx.TensorProto.FLOAT}


def test_int8_is_symmetric_and_signed_and_its_loss_is_measured(model, tmp_path, monkeypatch):
    pytest.importorskip('nncf', reason='int8 needs nncf')
    # Random weights of eight channels bear less than trained ones.
    monkeypatch.setitem(TOLERANCES, 'int8', (0.9, 0.2))
    images = [image[None] for image in smooth_images(20)]
    path = tmp_path / 'int8.onnx'
    loss = export.export_model(model, path, ABOUT, precision='int8', calibration=images, **SIZE)
    assert 1e-4 < loss.error < 0.2
    graph = onnx.load(path).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    zeros = [
        onnx.numpy_helper.to_array(constants[node.input[2]])
        for node in graph.node
        if node.op_type == 'QuantizeLinear'
    ]
    assert zeros
    assert all(zero.dtype == np.int8 and not zero.any() for zero in zeros)
    exact = [n.input[1] for n in graph.node if n.op_type == 'Conv' and n.input[1] in constants]
    assert {'patches.weight', 'maps.2.steps.1.weight', 'head.conv3.weight'} <= set(exact)
    assert not [name for name in exact if 'residual' in name or 'head.conv1' in name]


def test_a_batch_is_part_of_the_file(model, tmp_path):
    export.export_model(model, tmp_path / 'two.onnx', ABOUT, batch=2, **SIZE)
    file = ModelFile.open(tmp_path / 'two.onnx')
    backend = OpenVinoBackend(file, exact=True)
    assert (backend.info.batch, file.metadata.batch) == (2, '2')
    images = smooth_images(3)
    expected = transformers_depth(model, images)
    assert np.abs(backend.infer(images) - expected).max() <= 1e-4 * expected.max()


def test_a_metric_model_says_its_range(tmp_path):
    metric = tiny_model(depth_estimation_type='metric', max_depth=20)
    export.export_model(metric, tmp_path / 'metric.onnx', ABOUT, **SIZE)
    file = ModelFile.open(tmp_path / 'metric.onnx')
    assert (file.metadata.prediction, file.metadata.max_depth_m) == ('metric', '20')
    assert 0 < reference_of(file).depth.max() <= 20


def test_another_architecture_is_exported_as_it_is(tmp_path):
    torch.manual_seed(0)
    config = transformers.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=64,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
    )
    dpt = transformers.DPTForDepthEstimation(config).eval()
    about = ModelMetadata('dpt', 'seed 0', prediction='relative')
    loss = export.export_model(dpt, tmp_path / 'dpt.onnx', about, height=64, width=64)
    assert loss.rank_correlation > 0.999
    assert ModelFile.open(tmp_path / 'dpt.onnx').metadata.prediction == 'relative'


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'height': 50, 'width': 84}, 'multiples of 14'),
        ({'height': 0, 'width': 84}, 'multiples of 14'),
        ({'height': 14000, 'width': 84}, 'at most'),
        ({'batch': 0}, 'at most'),
        ({'precision': 'fp8'}, 'none of'),
        ({'precision': 'int8'}, 'calibration images: give --calibration'),
    ],
)
def test_what_cannot_be_exported_is_refused_before_any_work(model, tmp_path, wrong, message):
    with pytest.raises(export.ExportError, match=message):
        export.export_model(model, tmp_path / 'no.onnx', ABOUT, **{**SIZE, **wrong})
    assert not list(tmp_path.iterdir())


def test_an_export_that_differs_from_torch_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setattr(rewrite, '_normalising', lambda conv, _: conv)
    with pytest.raises(export.ExportError, match='differs from torch'):
        export.export_model(model, tmp_path / 'wrong.onnx', ABOUT, **SIZE)
    assert not list(tmp_path.iterdir())


def test_an_export_normalises_as_its_network_was_trained(model, tmp_path):
    plain = rewrite.Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    path = tmp_path / 'plain.onnx'
    found = export.export_model(model, path, ABOUT, normalisation=plain, **SIZE)
    assert found.error < 1e-3


def test_a_failing_export_leaves_the_one_before_it(model, tmp_path, monkeypatch):
    path = tmp_path / 'good.onnx'
    export.export_model(model, path, ABOUT, **SIZE)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for error in (export.ExportError('differs'), RuntimeError('no memory')):
        monkeypatch.setattr(export, '_verified', mock.Mock(side_effect=error))
        with pytest.raises(type(error)):
            export.export_model(model, path, ABOUT, **SIZE)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_precision_that_no_backend_would_accept_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setitem(TOLERANCES, 'fp16', (0.998, 0.0))
    with pytest.raises(export.ExportError, match='off FP32, which no backend'):
        export.export_model(model, tmp_path / 'poor.onnx', ABOUT, precision='fp16', **SIZE)
    assert not list(tmp_path.iterdir())


def test_agreement_with_itself_is_perfect(exported):
    depth = reference_of(exported).depth
    assert agreement(depth, depth).error == 0
