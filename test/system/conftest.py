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

"""Each test has a DDS domain of its own, and compiled kernels before it starts."""

from __future__ import annotations

from collections.abc import Iterator

from depth_anything_ros.warm_up import warm_up
from domains import claimed_domain
import pytest
from rclpy.context import Context
from robot import Robot


@pytest.fixture(scope='session', autouse=True)
def kernels() -> None:
    """Compile them once: it takes longer than a test waits for the node to be configured."""
    warm_up()


@pytest.fixture
def domain() -> Iterator[int]:
    """Return a domain that nothing else on this machine uses meanwhile."""
    with claimed_domain() as number:
        yield number


@pytest.fixture
def robot(domain: int) -> Iterator[Robot]:
    """Return a robot whose node is not started yet."""
    context = Context()
    context.init(domain_id=domain)
    robot = Robot(context)
    yield robot
    robot.stop()
    context.try_shutdown()
