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

"""Stamps of messages as whole nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # recordings are read with it, where no ROS is installed
    from builtin_interfaces.msg import Time
    from rclpy.clock import Clock


def nanoseconds(stamp: Time) -> int:
    """Return nanoseconds, negative ones too, which rclpy's Time refuses."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def age_s(stamp_ns: int, clock: Clock) -> float | None:
    """Return how long ago a stamp was, None before simulated time begins: it is 0 until then."""
    now_ns = int(clock.now().nanoseconds)
    return (now_ns - stamp_ns) / 1e9 if now_ns > 0 else None
