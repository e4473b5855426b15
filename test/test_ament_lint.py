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

"""The linters a ROS 2 distribution runs on its packages; they come with the distribution."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = [str(ROOT / name) for name in ('depth_anything_ros', 'launch', 'test', 'benchmark')]


def test_flake8():
    ament_flake8 = pytest.importorskip('ament_flake8.main')
    errors, report = ament_flake8.main_with_errors(argv=[*FOLDERS, str(ROOT / 'setup.py')])
    assert errors == 0, '\n'.join(report)


def test_pep257():
    ament_pep257 = pytest.importorskip('ament_pep257.main')
    assert ament_pep257.main(argv=[*FOLDERS, str(ROOT / 'setup.py')]) == 0


def test_copyright():
    ament_copyright = pytest.importorskip('ament_copyright.main')
    assert ament_copyright.main(argv=[*FOLDERS, str(ROOT / 'setup.py')]) == 0


def test_xmllint():
    ament_xmllint = pytest.importorskip('ament_xmllint.main')
    assert ament_xmllint.main(argv=[str(ROOT / 'package.xml')]) == 0
