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

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.model_file import ModelFile, ModelMetadata
from hypothesis import given, settings, strategies as st
import onnx
import pytest
from tiny_onnx import write_tiny_onnx


def test_metadata_written_by_onnx_is_read_without_it(tmp_path):
    metadata = ModelMetadata(
        'small', 'depth-anything/x', 'ab' * 32, '28x42', 'fp16', 'metric', '20', 'Apache-2.0'
    )
    path = write_tiny_onnx(tmp_path / 'm.onnx', properties=metadata.as_properties())
    assert ModelFile.open(path).metadata == metadata


def test_a_model_that_says_nothing_is_relative_and_named_by_its_file(tmp_path):
    path = write_tiny_onnx(tmp_path / 'foreign.onnx', properties={'producer': 'me'})
    assert ModelFile.open(path).metadata == ModelMetadata('foreign')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BackendError, match=r'no\.onnx does not exist'):
        ModelFile.open(tmp_path / 'no.onnx')


@given(share=st.floats(0, 0.99))
@settings(max_examples=40, deadline=None)
def test_a_truncated_file_is_refused_or_has_no_metadata(tmp_path_factory, share):
    folder = tmp_path_factory.mktemp('truncated')
    whole = write_tiny_onnx(folder / 'm.onnx', properties={'name': 'small'}).read_bytes()
    (folder / 'm.onnx').write_bytes(whole[: int(len(whole) * share)])
    try:
        assert ModelFile.open(folder / 'm.onnx').metadata.name == 'm'
    except BackendError as error:
        assert 'export it again' in str(error)


@given(data=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / 'bytes.onnx'
    path.write_bytes(data)
    try:
        ModelFile.open(path)
    except BackendError as error:
        assert 'bytes.onnx' in str(error)


def edited(path, edit):
    model = onnx.load(path)
    edit(model)
    path.write_bytes(model.SerializeToString())
    return path


def external_tensor():
    tensor = onnx.TensorProto(name='away', data_type=onnx.TensorProto.FLOAT, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value='../../etc/passwd')
    return tensor


def node_with(**attributes):
    return onnx.helper.make_node('Any', [], ['out'], **attributes)


def sparse_tensor():
    return onnx.SparseTensorProto(values=external_tensor(), dims=[1])


def graph_with(node):
    return onnx.GraphProto(name='inner', node=[node])


def add_node(model, **attributes):
    model.graph.node.append(node_with(**attributes))


INNER = graph_with(node_with(value=external_tensor()))
HIDINGS = {
    'initializer': lambda m: m.graph.initializer.append(external_tensor()),
    'sparse initializer': lambda m: m.graph.sparse_initializer.append(sparse_tensor()),
    'constant': lambda m: add_node(m, value=external_tensor()),
    'constants': lambda m: add_node(m, values=[external_tensor()]),
    'sparse constant': lambda m: add_node(m, value=sparse_tensor()),
    'subgraph': lambda m: add_node(m, body=graph_with(node_with(body=INNER))),
    'subgraphs': lambda m: add_node(m, bodies=[INNER]),
    'function': lambda m: m.functions.add().node.append(node_with(value=external_tensor())),
    'training': lambda m: m.training_info.add().algorithm.CopyFrom(INNER),
}


@pytest.mark.parametrize('hide', HIDINGS.values(), ids=HIDINGS)
def test_weights_in_other_files_are_refused(tmp_path, hide):
    path = edited(write_tiny_onnx(tmp_path / 'm.onnx'), hide)
    with pytest.raises(BackendError, match='other files'):
        ModelFile.open(path)


def message_field(number, data):
    """Return one field of a protobuf message that holds bytes."""
    size, length = len(data), []
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + data


def test_endless_nesting_is_refused(tmp_path):
    data = b''
    for _ in range(3000):
        attribute = message_field(6, data)
        data = message_field(1, message_field(5, attribute))
    (tmp_path / 'm.onnx').write_bytes(message_field(7, data))
    with pytest.raises(BackendError, match='too deeply'):
        ModelFile.open(tmp_path / 'm.onnx')


def test_oversized_dimensions_are_refused(tmp_path):
    def enlarge(model):
        model.graph.initializer[0].dims.insert(0, 2**40)

    path = edited(write_tiny_onnx(tmp_path / 'm.onnx'), enlarge)
    with pytest.raises(BackendError, match='does not fit'):
        ModelFile.open(path)


def test_a_stated_error_of_depth_is_a_number_below_one():
    assert ModelMetadata('a').depth_sigma == 0.06
    assert ModelMetadata('a', relative_error='0.15').depth_sigma == 0.15
    for text in ('much', '1.5', '-0.1', 'nan'):
        with pytest.raises(BackendError, match='relative_error'):
            _ = ModelMetadata('a', relative_error=text).depth_sigma
