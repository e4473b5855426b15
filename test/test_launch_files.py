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

"""Launch files run where a ROS distribution is sourced; their syntax is checked everywhere."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
import re
import runpy
import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

LAUNCH = Path(__file__).parent.parent / 'launch'
FILES = sorted(LAUNCH.glob('*.launch.py'))


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_it_defines_a_launch_description(file: Path) -> None:
    functions = [
        n.name for n in ast.parse(file.read_text()).body if isinstance(n, ast.FunctionDef)
    ]
    assert 'generate_launch_description' in functions


def test_all_are_there() -> None:
    names = [file.name.partition('.')[0] for file in FILES]
    assert names == ['demo', 'depth_anything', 'multi_camera', 'replay']


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_every_argument_is_described(file: Path) -> None:
    pytest.importorskip('launch_ros', reason='launch comes with a ROS distribution')
    from ament_index_python.packages import get_package_share_path, PackageNotFoundError
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    try:
        get_package_share_path('depth_anything_ros')
    except PackageNotFoundError:
        pytest.skip('the package is not installed in a ROS workspace')
    source = PythonLaunchDescriptionSource(str(file))
    arguments = source.try_get_launch_description_without_context().get_launch_arguments()
    assert arguments
    assert all(argument.description for argument in arguments)


class Argument:
    """As launch's LaunchConfiguration: the value of an argument, here from a dictionary."""

    def __init__(self, name: str) -> None:
        self._name = name

    def perform(self, context: Mapping[str, str]) -> str:
        return context.get(self._name, '')


@pytest.fixture
def replay_launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what replay.launch.py defines, with stand-ins for launch."""
    names = ('', '.actions', '.event_handlers', '.events', '.launch_description_sources')
    modules = {f'launch{name}': MagicMock() for name in names}
    modules |= {n: MagicMock() for n in ('launch.substitutions', 'launch_ros')}
    modules['launch_ros.substitutions'] = MagicMock()
    modules['launch.substitutions'].LaunchConfiguration = Argument
    modules['launch.actions'].ExecuteProcess = SimpleNamespace
    modules['launch.event_handlers'].OnProcessExit = SimpleNamespace
    modules['launch.actions'].RegisterEventHandler = lambda handler: handler
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return runpy.run_path(str(LAUNCH / 'replay.launch.py'))


def test_the_recording_plays_once_and_not_before_the_node_is_active(
    replay_launch_file: dict[str, Any],
) -> None:
    start = replay_launch_file['once_active']('play')
    lines = [b'loading', b'[INFO] active: waiting for images\n', b'active: waiting for images']
    assert [start(SimpleNamespace(text=line)) for line in lines] == [None, 'play', None]


METADATA = """rosbag2_bagfile_information:
  version: 5
  topics_with_message_count:
    - {topic_metadata: {name: /image, type: sensor_msgs/msg/Image}, message_count: 2}
    - {topic_metadata: {name: /clock, type: rosgraph_msgs/msg/Clock}, message_count: CLOCKS}
"""


@pytest.mark.parametrize('clocks, is_given', [('', True), ('0', True), ('7', False)])
def test_time_comes_from_the_recording_where_it_has_a_clock(
    replay_launch_file: dict[str, Any], tmp_path: Path, clocks: str, is_given: bool
) -> None:
    if clocks:
        (tmp_path / 'metadata.yaml').write_text(METADATA.replace('CLOCKS', clocks))
    _, end = replay_launch_file['player']({'recording': str(tmp_path), 'loop': 'False'})
    assert ('--clock' in end.target_action.cmd) == is_given


@pytest.mark.parametrize('loop, is_given', [('true', True), ('True', True), ('false', False)])
def test_a_replay_begins_again_where_asked_to(
    replay_launch_file: dict[str, Any], loop: str, is_given: bool
) -> None:
    _, end = replay_launch_file['player']({'recording': 'bag', 'loop': loop})
    assert ('--loop' in end.target_action.cmd) == is_given


@pytest.fixture
def main_launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what depth_anything.launch.py defines, with stand-ins for launch."""
    names = ('', '.actions', '.conditions', '.substitutions')
    modules = {f'launch{name}': MagicMock() for name in names}
    modules |= {f'launch_ros{name}': MagicMock() for name in ('', '.actions', '.substitutions')}
    modules['launch.substitutions'].LaunchConfiguration = Argument
    modules['launch_ros.actions'].Node = SimpleNamespace
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return runpy.run_path(str(LAUNCH / 'depth_anything.launch.py'))


@pytest.mark.parametrize('cameras, first', [('', ''), ('front', ''), ('front,left', 'front/')])
def test_rviz_shows_the_first_camera(
    main_launch_file: dict[str, Any], cameras: str, first: str
) -> None:
    given = {'cameras': cameras, 'image': 'color/image_raw', 'scan': 'camera_scan'}
    (rviz,) = main_launch_file['rviz'](given)
    (node,) = main_launch_file['node'](given)
    shown = dict(rviz.remappings)
    assert shown['image_raw'] == dict(node.remappings)[f'{first}image_raw']
    assert shown['scan'] == dict(node.remappings)[f'{first}scan'] == f'{first}camera_scan'
    for topic in ('depth/points', 'depth/color'):
        assert shown.get(topic, topic) == first + topic
    assert 'local_grid' not in shown


@pytest.mark.parametrize(
    'cameras, names',
    [
        ('', {'camera_height_m'}),
        ('front', {'camera_height_m'}),
        ('front,left', {'front.camera_height_m', 'left.camera_height_m'}),
    ],
)
def test_a_mounting_that_is_given_is_that_of_each_camera(
    main_launch_file: dict[str, Any], cameras: str, names: set[str]
) -> None:
    given = {'cameras': cameras, 'camera_height_m': '0.4', 'model': 'small'}
    (node,) = main_launch_file['node'](given)
    _, settings = node.parameters
    assert {name for name in settings if 'camera_height_m' in name} == names
    assert {settings[name] for name in names} == {0.4}
    assert settings['model'] == 'small'


PARAMETERS = """
empty:
  depth_anything:
    ros__parameters:
NODE
/other_node:
  ros__parameters:
    cameras: [third]
"""


@pytest.mark.parametrize(
    'node',
    ['/**: IT', 'depth_anything: IT', '/robot/depth_anything: IT', 'robot: {depth_anything: IT}'],
)
def test_cameras_that_only_the_file_of_parameters_names_are_remapped(
    main_launch_file: dict[str, Any], tmp_path: Path, node: str
) -> None:
    file = tmp_path / 'parameters.yaml'
    settings = node.replace('IT', '{ros__parameters: {cameras: [front, left]}}')
    file.write_text(PARAMETERS.replace('NODE', settings))
    given = {'params_file': str(file), 'image': 'color/image_raw', 'camera_height_m': '0.4'}
    (started,) = main_launch_file['node'](given)
    remapped = dict(started.remappings)
    assert remapped['front/image_raw'] == 'front/color/image_raw'
    assert remapped['left/image_raw/compressed'] == 'left/color/image_raw/compressed'
    assert 'image_raw' not in remapped
    assert started.parameters[1]['front.camera_height_m'] == 0.4
    (rviz,) = main_launch_file['rviz'](given)
    assert dict(rviz.remappings)['image_raw'] == 'front/color/image_raw'
    (started,) = main_launch_file['node']({**given, 'cameras': 'back'})
    assert started.parameters[1]['cameras'] == ['back']


def test_the_cameras_of_the_shipped_files_are_known(main_launch_file: dict[str, Any]) -> None:
    config = LAUNCH.parent / 'config'
    assert main_launch_file['cameras_in'](config / 'depth_anything.yaml') == []
    names = main_launch_file['cameras_in'](config / 'multi_camera.yaml')
    assert names == ['front', 'left', 'right']


def test_several_cameras_are_those_of_the_given_file() -> None:
    """An argument counts more than the file, so the launch file must not name any itself."""
    text = (LAUNCH / 'multi_camera.launch.py').read_text()
    assert re.search(r"'cameras',\s+default_value='',", text)
