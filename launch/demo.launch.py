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
                    'namespace': 'depth_anything',  # the recording has a scan of its own
                    'image': '/camera/image_raw',
                    'camera_info': '/camera/camera_info',
                    'odom': '/odom',
                    'image_transport': 'compressed',
                }.items(),
            ),
        ]
    )
