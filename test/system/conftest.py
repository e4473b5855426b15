# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
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
