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

"""Start the node: depth, cloud, scan and grid of one camera or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare
import yaml

CONFIG = PathJoinSubstitution([FindPackageShare('depth_anything_ros'), 'config'])
NODE_NAME = 'depth_anything'
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')

ARGUMENTS = {
    'image': ('image_raw', 'topic of the images, without /compressed'),
    'camera_info': ('camera_info', 'topic of the calibration'),
    'cameras': (
        '',
        'names of several cameras, as front,left, where params_file has others: image and '
        'camera_info lie below',
    ),
    'scan': ('scan', 'topic of the virtual scan; must not be that of a lidar'),
    'odom': ('odom', 'topic of the odometry, with pose_source:=odometry'),
    'scan_reference': ('scan_reference', 'topic of a lidar to take the scale from'),
    'points_reference': ('points_reference', 'topic of a cloud to take the scale from'),
    'range_reference': ('range_reference', 'topic of a range sensor to take the scale from'),
    'depth_reference': ('depth_reference', 'topic of registered depth to take the scale from'),
    'namespace': ('', 'namespace of the node and of what it publishes'),
    'use_sim_time': ('false', 'take the time from /clock'),
    'rviz': ('false', 'show everything in rviz'),
    'shared_memory': ('true', 'give Fast DDS room for large images, unless a profile is set'),
}

SHARED_INPUTS = ('odom', 'scan_reference', 'points_reference', 'range_reference')

SHOWN = ('depth/points', 'depth/color')
"""Outputs of a camera that rviz shows, besides its scan."""

SETTINGS = {
    'model': 'name or path of the network',
    'image_transport': 'raw, or compressed for JPEG and PNG',
    'pose_source': 'tf, odometry or none',
    'camera_height_m': 'height of each camera over the floor, where pose_source is not tf',
    'camera_pitch_rad': 'pitch of each camera, positive looks down, where pose_source is not tf',
    'base_frame': 'frame of the robot',
    'grid_frame': 'fixed frame of the grid',
    'autostart': 'false: wait for a lifecycle manager',
}
"""Parameters that may be given as arguments; empty leaves them to params_file."""

MOUNTING = ('camera_height_m', 'camera_pitch_rad')
"""Those that each camera has below its name where there are several."""


def generate_launch_description() -> LaunchDescription:
    """Return the node and, where asked for, rviz."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    settings = [
        DeclareLaunchArgument(name, default_value='', description=text)
        for name, text in SETTINGS.items()
    ]
    params_file = DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([CONFIG, 'depth_anything.yaml']),
        description='YAML file with the parameters of the node',
    )
    return LaunchDescription(
        [
            *arguments,
            *settings,
            params_file,
            *shared_memory(),
            OpaqueFunction(function=node),
            OpaqueFunction(function=rviz),
        ]
    )


def shared_memory() -> list[SetEnvironmentVariable]:
    """Return what makes Fast DDS carry large images, on this end."""
    if os.environ.keys() & set(PROFILE_VARIABLES):
        return []
    is_old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    profile = PathJoinSubstitution([CONFIG, 'fastdds_shared_memory.xml'])
    wanted = IfCondition(LaunchConfiguration('shared_memory'))
    return [SetEnvironmentVariable(PROFILE_VARIABLES[is_old], profile, condition=wanted)]


def node(context: LaunchContext) -> list[Node]:
    """Return the node; what an argument says counts more than params_file."""
    given = {name: LaunchConfiguration(name).perform(context) for name in (*ARGUMENTS, *SETTINGS)}
    cameras = cameras_of(context)
    settings: dict[str, Any] = {
        prefix.replace('/', '.') + name: yaml.safe_load(given[name])
        for name in SETTINGS
        if given[name]
        for prefix in (prefixes_of(cameras) if name in MOUNTING else [''])
    }
    if cameras:
        settings['cameras'] = cameras
    own = [pair for prefix in prefixes_of(cameras) for pair in remapped_below(prefix, given)]
    return [
        Node(
            package='depth_anything_ros',
            executable='depth_anything_node',
            name=NODE_NAME,
            namespace=given['namespace'],
            output='screen',
            parameters=[
                LaunchConfiguration('params_file'),
                {'use_sim_time': yaml.safe_load(given['use_sim_time']), **settings},
            ],
            remappings=[*own, *((name, given[name]) for name in SHARED_INPUTS)],
        )
    ]


def cameras_of(context: LaunchContext) -> list[str]:
    """Return the names of the cameras: those of the argument, else those in params_file."""
    given = LaunchConfiguration('cameras').perform(context)
    if given:
        return [name for name in given.split(',') if name]
    return cameras_in(Path(LaunchConfiguration('params_file').perform(context)))


def cameras_in(params_file: Path) -> list[str]:
    """Return the `cameras` of the node in a file of parameters, none where it names none."""
    return named_in(yaml.safe_load(params_file.read_text())) if params_file.is_file() else []


def named_in(nodes: Mapping[str, Any] | None) -> list[str]:
    """Return the `cameras` of the node among those of a namespace."""
    names: list[str] = []
    for name, values in (nodes or {}).items():
        if 'ros__parameters' not in (values or {}):
            names = named_in(values) or names
        elif name.rpartition('/')[2] in ('*', '**', NODE_NAME):
            names = (values['ros__parameters'] or {}).get('cameras', names)
    return names


def prefixes_of(cameras: Sequence[str]) -> list[str]:
    """Return what precedes the topics of each camera: nothing where there is one."""
    return [f'{name}/' for name in cameras] if len(cameras) > 1 else ['']


def remapped_below(prefix: str, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the remappings of one camera's topics."""
    image = prefix + given['image']
    return [
        (f'{prefix}image_raw', image),
        (f'{prefix}image_raw/compressed', f'{image}/compressed'),
        (f'{prefix}camera_info', prefix + given['camera_info']),
        (f'{prefix}depth_reference', prefix + given['depth_reference']),
        (f'{prefix}scan', prefix + given['scan']),
    ]


def rviz(context: LaunchContext) -> list[Node]:
    """Return rviz with grid and TF, and of the first camera image, depth, cloud and scan."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ('image', 'scan')}
    first = prefixes_of(cameras_of(context))[0]
    image = first + given['image']
    remappings = [('image_raw', image), ('image_raw/compressed', f'{image}/compressed')]
    remappings += [('scan', first + given['scan'])]
    if first:
        remappings += [(name, first + name) for name in SHOWN]
    return [
        Node(
            package='rviz2',
            executable='rviz2',
            namespace=LaunchConfiguration('namespace'),
            arguments=['-d', PathJoinSubstitution([CONFIG, 'depth_anything.rviz'])],
            parameters=[{'use_sim_time': LaunchConfiguration('use_sim_time')}],
            remappings=remappings,
            condition=IfCondition(LaunchConfiguration('rviz')),
        )
    ]
