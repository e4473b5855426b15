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

"""Each test has a DDS domain of its own."""

from __future__ import annotations

from collections.abc import Iterator
import random

import pytest
from rclpy.context import Context
from robot import Robot


@pytest.fixture
def robot() -> Iterator[Robot]:
    """Return a robot whose node is not started yet."""
    context = Context()
    context.init(domain_id=random.randint(1, 100))
    robot = Robot(context)
    yield robot
    robot.stop()
    context.try_shutdown()
