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

"""Play a recording to the node, and show it in rviz."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessIO
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare
import yaml

ACTIVE = b'active: waiting for images'
"""What the node logs once it hears what is played."""

NODE = PathJoinSubstitution(
    [FindPackageShare('depth_anything_ros'), 'launch', 'depth_anything.launch.py']
)


def generate_launch_description() -> LaunchDescription:
    """Return player, node and rviz; depth_anything.launch.py has the other arguments."""
    return LaunchDescription(
        [
            DeclareLaunchArgument('recording', description='folder of a rosbag2 recording'),
            DeclareLaunchArgument('rate', default_value='1.0', description='1: real time'),
            DeclareLaunchArgument(
                'loop', default_value='false', description='begin again at the end'
            ),
            DeclareLaunchArgument('rviz', default_value='true', description='show it in rviz'),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(NODE),
                launch_arguments={
                    'use_sim_time': 'true',
                    'rviz': LaunchConfiguration('rviz'),
                }.items(),
            ),
            OpaqueFunction(function=player),
        ]
    )


def player(context: LaunchContext) -> list[RegisterEventHandler]:
    """Return what plays the recording once the node is active; its end ends everything."""
    recording = LaunchConfiguration('recording').perform(context)
    loop = yaml.safe_load(LaunchConfiguration('loop').perform(context))
    play = ExecuteProcess(
        cmd=['ros2', 'bag', 'play', recording, '--rate', LaunchConfiguration('rate')]
        + ['--clock', '100'] * (not has_clock(Path(recording)))
        + ['--loop'] * bool(loop),
        output='screen',
    )
    end = EmitEvent(event=Shutdown(reason='the recording is over'))
    start = once_active(play)
    return [
        RegisterEventHandler(OnProcessIO(on_stdout=start, on_stderr=start)),
        RegisterEventHandler(OnProcessExit(target_action=play, on_exit=[end])),
    ]


def has_clock(recording: Path) -> bool:
    """Return whether a recording brings /clock, as that of a simulated robot: two would differ."""
    metadata = recording / 'metadata.yaml'
    if not metadata.is_file():
        return False
    topics = yaml.safe_load(metadata.read_text())['rosbag2_bagfile_information'][
        'topics_with_message_count'
    ]
    return any(t['topic_metadata']['name'] == '/clock' and t['message_count'] for t in topics)


def once_active(play: ExecuteProcess) -> Callable[[Any], ExecuteProcess | None]:
    """Return what takes the output of processes and gives `play` when the node says so first."""
    waiting = [play]

    def start(output: Any) -> ExecuteProcess | None:
        return waiting.pop() if waiting and ACTIVE in output.text else None

    return start
