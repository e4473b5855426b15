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

from depth_anything_ros.node.message_types import message_class, MissingTypeError
import pytest
from sensor_msgs.msg import Image


def test_the_class_of_a_type() -> None:
    assert message_class('sensor_msgs/msg/Image') is Image


@pytest.mark.parametrize(
    'name', ['nowhere_msgs/msg/Image', 'sensor_msgs/msg/Nothing', 'os/system', '../x/msg/A', '']
)
def test_a_type_that_is_not_there(name: str) -> None:
    with pytest.raises(MissingTypeError):
        message_class(name)
