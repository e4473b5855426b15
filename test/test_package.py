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

"""package.xml, setup.py and docs/install.md ask for what the code needs."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
import pkgutil
import re
from xml.etree import ElementTree

import depth_anything_ros

ROOT = Path(__file__).parent.parent


def test_what_launch_files_start_and_import_is_depended_on() -> None:
    package = ElementTree.parse(ROOT / 'package.xml')  # noqa: S314
    needed = {'rviz2', 'ros2bag', 'rosbag2_storage_mcap', 'ros2launch', 'launch', 'launch_ros'}
    assert needed | {'python3-yaml'} <= {item.text for item in package.findall('exec_depend')}


def test_the_page_asks_for_the_typer_that_the_command_needs() -> None:
    (needed,) = re.findall(r"'(typer\S*)'", (ROOT / 'setup.py').read_text())
    assert set(re.findall(r"'(typer\S*)'", (ROOT / 'docs' / 'install.md').read_text())) == {needed}


def test_every_part_but_the_node_is_kept_from_ros() -> None:
    config = ConfigParser()
    config.read(ROOT / 'setup.cfg')
    kept = config['importlinter:contract:ros-in-node-only']['source_modules'].split()
    parts = {part.name for part in pkgutil.iter_modules(depth_anything_ros.__path__)}
    assert set(kept) == {f'depth_anything_ros.{part}' for part in parts - {'node'}}
