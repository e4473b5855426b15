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

"""Entry point of the node's process: holds signals back, then starts it."""

from __future__ import annotations

import signal
import sys

ENDING = {signal.SIGINT, signal.SIGTERM}


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    # Before every import that takes time: Ctrl-C would end it by a traceback, and the threads
    # that libraries start inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    from depth_anything_ros.node.lifetime import run

    return run(arguments, ENDING)


if __name__ == '__main__':
    sys.exit(main())
