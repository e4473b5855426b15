# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Play the recording that comes with the package, and show it in rviz."""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare('depth_anything_ros')


def generate_launch_description() -> LaunchDescription:
    """Return the replay of the demo; replay.launch.py has the other arguments."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'loop', default_value='true', description='begin again at the end'
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([SHARE, 'launch', 'replay.launch.py'])
                ),
                launch_arguments={
                    'recording': PathJoinSubstitution([SHARE, 'demo', 'recording']),
                    'loop': LaunchConfiguration('loop'),
                    'image': '/camera/image_raw',
                    'camera_info': '/camera/camera_info',
                    'odom': '/odom',
                    'image_transport': 'compressed',
                }.items(),
            ),
        ]
    )
