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
from depth_anything_ros.estimation.models import (
    CATALOGUE,
    check_license,
    export_path,
    exports_of,
    parse_size,
    slug,
)
import pytest
from tiny_onnx import write_tiny_onnx


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def test_the_catalogue_says_what_each_model_is():
    assert CATALOGUE['small'].repository == 'depth-anything/Depth-Anything-V2-Small-hf'
    assert CATALOGUE['small'].max_depth_m is None
    outdoor = CATALOGUE['metric-outdoor-large']
    assert outdoor.repository == 'depth-anything/Depth-Anything-V2-Metric-Outdoor-Large-hf'
    assert outdoor.max_depth_m == 80.0
    assert CATALOGUE['metric-indoor-base'].max_depth_m == 20.0


@pytest.mark.parametrize('name', ['base', 'large', 'giant'])
def test_noncommercial_models_must_be_accepted(name):
    license_id = CATALOGUE[name].license
    with pytest.raises(BackendError, match=r'accept_noncommercial_license.*small'):
        check_license(name, license_id, False)
    check_license(name, license_id, True)


def test_the_small_model_needs_no_acceptance():
    check_license('small', CATALOGUE['small'].license, False)


def test_exports_are_found_by_the_name_they_carry():
    write_tiny_onnx(export_path('small', 28, 42, 'fp32'), properties={'name': 'small'})
    write_tiny_onnx(export_path('base', 28, 42, 'fp32'), properties={'name': 'base'})
    assert [file.metadata.name for file in exports_of('small')] == ['small']


def test_a_damaged_export_is_left_out_and_named(caplog):
    write_tiny_onnx(export_path('small', 28, 42, 'fp32'), properties={'name': 'small'})
    export_path('base', 28, 42, 'fp32').write_bytes(b'no network')
    assert [file.metadata.name for file in exports_of('small')] == ['small']
    assert 'base-28x42-fp32.onnx' in caplog.text


def test_an_onnx_is_its_own_export(tmp_path):
    path = write_tiny_onnx(tmp_path / 'own.onnx')
    assert exports_of(str(path))[0].path == path


@pytest.mark.parametrize(
    ('model', 'message'),
    [
        ('small', 'model export small'),
        ('owner/model', 'model export owner/model'),
        ('giant', 'unpublished'),
        ('smal', "no model is called 'smal': choose demo, small"),
        ('../../etc/passwd', 'no model is called'),
        ('missing.onnx', 'does not exist'),
    ],
)
def test_a_model_that_is_not_there_says_how_to_get_it(model, message):
    with pytest.raises(BackendError, match=message):
        exports_of(model)


def test_an_export_stays_in_the_cache_whatever_its_name():
    folder = export_path('small', 28, 42, 'fp32').parent
    assert export_path('../../x/../y', 28, 42, 'fp32').parent == folder
    assert export_path('small', 28, 42, 'fp16', 4).name == 'small-28x42-fp16-batch4.onnx'


@pytest.mark.parametrize(
    ('name', 'expected'), [('Orin NX', 'orin-nx'), ('../..', 'model'), ('a/b.c', 'a-b-c')]
)
def test_slugs_have_no_separators(name, expected):
    assert slug(name) == expected


def test_sizes_are_height_by_width():
    assert parse_size('252x336') == (252, 336)


@pytest.mark.parametrize(
    'text', ['252', '252x', 'x336', '252X336', '-252x336', '99999x1', '00x00', '']
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match='HEIGHTxWIDTH'):
        parse_size(text)
