# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the processes of this package share: arguments, memory, rclpy without signal handlers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import ctypes
import sys

import rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 << 20
"""The most that glibc takes for a threshold; larger than any message of a camera."""


def keep_freed_memory() -> None:
    """
    Have glibc keep what is freed for the next message instead of giving it back to the system.

    Memory that comes back from the system costs a page fault every 4 KiB: filling the payloads
    of a frame takes five times as long, see docs/performance.md. Other C libraries are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, 4 * KEPT_BYTES)


def own_arguments(arguments: Sequence[str] | None) -> list[str]:
    """Return the arguments that are not for ROS; None stands for the command line."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    return list(remove_ros_args(['', *given]))[1:]


@contextmanager
def ros_context(arguments: Sequence[str] | None) -> Iterator[None]:
    """Initialise rclpy for a block; signals stay with the caller."""
    given = None if arguments is None else ['', *arguments]
    rclpy.init(args=given, signal_handler_options=SignalHandlerOptions.NO)
    try:
        yield
    finally:
        rclpy.try_shutdown()
