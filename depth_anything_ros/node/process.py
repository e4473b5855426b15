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

"""What the processes of this package share: arguments, and rclpy without its signal handlers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import sys

from depth_anything_ros.config import SettingError
import rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args


def own_arguments(arguments: Sequence[str] | None) -> list[str]:
    """Return the arguments that are not for ROS; None stands for the command line."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    return list(remove_ros_args(['', *given]))[1:]


@contextmanager
def ros_context(arguments: Sequence[str] | None) -> Iterator[None]:
    """
    Initialise rclpy for a block; signals stay with the caller.

    Raise SettingError where the arguments, or a file of parameters they name, cannot be read.
    """
    given = None if arguments is None else ['', *arguments]
    try:
        rclpy.init(args=given, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise SettingError(str(error)) from error
    try:
        yield
    finally:
        rclpy.try_shutdown()
