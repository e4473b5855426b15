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

from __future__ import annotations

import math
import sys
from unittest.mock import Mock

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.frame import Frame, View
from depth_anything_ros.node.view_frames import transform_of_view, ViewFrames
import numpy as np
import pytest
from std_msgs.msg import Header

PINHOLE = Pinhole(4, 4, 2.0, 2.0, 1.5, 1.5)


def turned_view(index: int, angle: float = 0.5) -> View:
    frame = Frame('camera', 0, np.zeros((4, 4), np.uint8), 'mono', CameraModel(PINHOLE))
    c, s = math.cos(angle), math.sin(angle)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return View(frame, index, np.zeros((4, 4, 3), np.uint8), PINHOLE, rotation)


def test_a_view_is_turned_about_the_down_axis_of_its_camera() -> None:
    transform = transform_of_view(Header(frame_id='optical'), turned_view(1))
    assert (transform.header.frame_id, transform.child_frame_id) == ('optical', 'optical_view_1')
    q = transform.transform.rotation
    assert (q.x, q.y, q.z, q.w) == pytest.approx((0, math.sin(0.25), 0, math.cos(0.25)))


def test_the_last_message_has_the_frames_of_all_views(monkeypatch: pytest.MonkeyPatch) -> None:
    node, tf2_ros = Mock(), Mock()
    monkeypatch.setitem(sys.modules, 'tf2_ros', tf2_ros)
    frames = ViewFrames(node)
    for index in range(2):
        frames.announce(Header(frame_id='optical'), turned_view(index))
    broadcaster = tf2_ros.StaticTransformBroadcaster.return_value
    (sent,) = broadcaster.sendTransform.call_args.args
    assert [t.child_frame_id for t in sent] == ['optical_view_0', 'optical_view_1']
    frames.close()
    node.destroy_publisher.assert_called_once_with(broadcaster.pub_tf)


def test_frames_are_announced_when_one_is_new_or_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tf2_ros = Mock()
    monkeypatch.setitem(sys.modules, 'tf2_ros', tf2_ros)
    frames = ViewFrames(Mock())
    for angle in (0.5, 0.5, 0.6):
        frames.announce(Header(frame_id='optical'), turned_view(1, angle))
    send = tf2_ros.StaticTransformBroadcaster.return_value.sendTransform
    assert send.call_count == 2
    (sent,) = send.call_args.args[0]
    assert sent.transform.rotation.y == pytest.approx(math.sin(0.3))
