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

"""The recorder without a graph; test/system records over DDS."""

from types import SimpleNamespace
from unittest.mock import MagicMock

from depth_anything_ros.node.recorder import Recorder
from rclpy.qos import QoSProfile


def test_a_topic_whose_type_is_not_installed_is_skipped_aloud(capsys):
    node, writer = MagicMock(), MagicMock()
    odd = SimpleNamespace(topic_type='absent_msgs/msg/Absent', qos_profile=QoSProfile(depth=1))
    node.get_publishers_info_by_topic.return_value = [odd]
    Recorder(node, writer, ['/odd'], {})
    look = node.create_timer.call_args.args[1]
    look()
    said = capsys.readouterr().out
    assert 'skipping /odd: absent_msgs/msg/Absent is not installed' in said
    assert 'recording' in said
    writer.add_topic.assert_not_called()
