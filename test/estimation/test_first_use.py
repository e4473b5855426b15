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

"""The way from the hub to an export, with torch; `make test-export`."""

from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.first_use import export_published, is_missing
from depth_anything_ros.estimation.models import exports_of
from depth_anything_ros.estimation.proof import reference_of
import pytest

REASON = 'weights need torch and transformers: make test-export'
pytest.importorskip('torch', reason=REASON)
pytest.importorskip('transformers', reason=REASON)
sources = pytest.importorskip('depth_anything_ros.estimation.sources', reason=REASON)

pytestmark = pytest.mark.export


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def test_what_the_hub_serves_is_exported_under_its_name(tmp_path, monkeypatch):
    asked = []

    def snapshot(repository, **_):
        asked.append(repository)
        return tmp_path / 'hub'

    sources.random_source('small').model.save_pretrained(tmp_path / 'hub')
    monkeypatch.setattr('huggingface_hub.snapshot_download', snapshot)
    assert is_missing('small')
    export_published('small')
    assert asked == ['depth-anything/Depth-Anything-V2-Small-hf']
    assert not is_missing('small')
    (file,) = exports_of('small')
    assert (file.metadata.size, file.metadata.precision) == ('252x336', 'fp32')
    assert file.metadata.license == 'apache-2.0'
    assert reference_of(file).depth.shape == (1, 252, 336)


def test_without_the_hub_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path / 'hub'))
    with pytest.raises(BackendError, match='cannot be reached'):
        export_published('small')
    assert is_missing('small')
