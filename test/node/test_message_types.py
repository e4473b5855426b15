# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
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
