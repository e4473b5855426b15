# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The process of the node: starts it, and ends it in order within a second of a signal."""

from __future__ import annotations

from collections.abc import Sequence
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.executors import SingleThreadedExecutor

ENDING = {signal.SIGINT, signal.SIGTERM}

PATIENCE_S = 0.8
"""What the node has to end in order; a network being built would not end sooner."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the imports take a second: just end there
    from depth_anything_ros.config import SettingError
    from rclpy.exceptions import InvalidParameterException

    try:
        return _run(arguments)
    except (SettingError, InvalidParameterException) as error:
        sys.stderr.write(f'depth_anything: {error}\n')
        return 1


def _run(arguments: Sequence[str] | None) -> int:
    from depth_anything_ros.node.depth_anything_node import DepthAnythingNode
    from depth_anything_ros.node.process import ros_context
    from rclpy.executors import SingleThreadedExecutor

    died = threading.Event()

    def end() -> None:
        died.set()
        os.kill(os.getpid(), signal.SIGTERM)

    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    with ros_context(arguments):
        node = DepthAnythingNode(end)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        if node.parameters.configs.node.autostart:
            executor.create_task(node.start)
        stopping = threading.Event()
        spinning = threading.Thread(target=_spin, args=(executor, stopping), daemon=True)
        spinning.start()
        signal.sigwait(ENDING)
        code = int(died.is_set())
        _end_anyway_after(PATIENCE_S, code)
        stopping.set()
        executor.wake()
        spinning.join()
        node.release()
        node.destroy_node()
    return code


def _spin(executor: SingleThreadedExecutor, stopping: threading.Event) -> None:
    while not stopping.is_set():
        executor.spin_once(timeout_sec=0.2)


def _end_anyway_after(seconds: float, code: int) -> None:
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()


if __name__ == '__main__':
    sys.exit(main())
