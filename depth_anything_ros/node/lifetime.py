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

"""Life of the node's process: starts it, and ends it in order within a second of a signal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.executors import SingleThreadedExecutor

PATIENCE_S = 0.6
"""What the node has to end in order; a network being built would not end sooner."""


def run(arguments: Sequence[str] | None, ending: Collection[signal.Signals]) -> int:
    """Run the node until one of the signals, which are blocked; return the exit code."""
    died, stopping = threading.Event(), threading.Event()

    def end_in_order() -> None:
        signal.sigwait(ending)
        stopping.set()
        time.sleep(PATIENCE_S)
        os._exit(died.is_set())

    def end_by_error() -> None:
        died.set()
        os.kill(os.getpid(), signal.SIGTERM)

    # Before the imports below, which take a second.
    threading.Thread(target=end_in_order, daemon=True).start()
    from depth_anything_ros.config import SettingError
    from rclpy.exceptions import ParameterException

    try:
        _run(arguments, stopping, end_by_error)
    except (SettingError, ParameterException) as error:
        sys.stderr.write(f'depth_anything: {error}\n')
        return 1
    return int(died.is_set())


def _run(
    arguments: Sequence[str] | None, stopping: threading.Event, died: Callable[[], None]
) -> None:
    from depth_anything_ros.node.depth_anything_node import DepthAnythingNode
    from depth_anything_ros.node.process import ros_context
    from rclpy.executors import SingleThreadedExecutor

    with ros_context(arguments):
        node = DepthAnythingNode(died)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        if node.parameters.configs.node.autostart:
            executor.create_task(node.start)
        spinning = threading.Thread(target=_spin, args=(executor, stopping, died), daemon=True)
        spinning.start()
        stopping.wait()
        spinning.join()
        node.release()
        node.destroy_node()


def _spin(
    executor: SingleThreadedExecutor, stopping: threading.Event, died: Callable[[], None]
) -> None:
    try:
        while not stopping.is_set():
            executor.spin_once(timeout_sec=0.1)
    except BaseException:
        died()
        raise
