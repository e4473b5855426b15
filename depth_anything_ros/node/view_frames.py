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

"""The frames of the views that a wide camera is split into, told to tf."""

from __future__ import annotations

from depth_anything_ros.frame import View
from depth_anything_ros.transforms import quaternion_from_rotation
from geometry_msgs.msg import Quaternion, Transform, TransformStamped
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header


def view_frame(camera_frame: str, index: int) -> str:
    """Return the name of a view's optical frame."""
    return f'{camera_frame}_view_{index}'


def transform_of_view(header: Header, view: View) -> TransformStamped:
    """Return the view's frame in the camera's, whose header is given."""
    x, y, z, w = quaternion_from_rotation(view.camera_from_view)
    return TransformStamped(
        header=header,
        child_frame_id=view_frame(header.frame_id, view.index),
        transform=Transform(rotation=Quaternion(x=x, y=y, z=z, w=w)),
    )


class ViewFrames:
    """Broadcasts the frames of a camera's views where tf2_ros is installed."""

    def __init__(self, node: LifecycleNode) -> None:
        """Advertise /tf_static, or say that it cannot be."""
        self._node = node
        self._transforms: dict[str, TransformStamped] = {}
        self._rotations: dict[str, bytes] = {}
        try:
            from tf2_ros import StaticTransformBroadcaster
        except ImportError:
            self._broadcaster = None
            node.get_logger().warning('tf2_ros is not installed: frames of views are not in tf')
        else:
            self._broadcaster = StaticTransformBroadcaster(node)

    def announce(self, header: Header, view: View) -> None:
        """
        Broadcast the frame of a view that is new or changed; header: of its camera's image.

        All of them go in one message: the topic keeps the last one only, and tf2_ros of Humble
        does not gather them.
        """
        name, rotation = view_frame(header.frame_id, view.index), view.camera_from_view.tobytes()
        if self._broadcaster is None or self._rotations.get(name) == rotation:
            return
        self._rotations[name] = rotation
        self._transforms[name] = transform_of_view(header, view)
        self._broadcaster.sendTransform(list(self._transforms.values()))

    def close(self) -> None:
        """Take /tf_static down."""
        if self._broadcaster is not None:
            self._node.destroy_publisher(self._broadcaster.pub_tf)
