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

from pathlib import Path

from depth_anything_ros.replay import shared_files
from depth_anything_ros.replay.shared_files import shared_file
import pytest


def test_file_of_the_repository_is_found() -> None:
    assert shared_file('package.xml').read_text().startswith('<?xml')


@pytest.mark.parametrize(
    'lib', ['lib/python3.12/site-packages', 'local/lib/python3.10/dist-packages']
)
def test_file_of_an_installed_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lib: str
) -> None:
    monkeypatch.setattr(shared_files, 'PACKAGE', tmp_path / lib / 'depth_anything_ros')
    installed = tmp_path / 'share' / 'depth_anything_ros' / 'config' / 'a.xml'
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert shared_file('config/a.xml') == installed


def test_missing_file_is_a_clear_error() -> None:
    with pytest.raises(
        FileNotFoundError, match='no/such is not installed with depth_anything_ros'
    ):
        shared_file('no/such')
