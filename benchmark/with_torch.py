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

"""Torch for the benchmarks that need it, from the environment that `make bench` makes."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / '.venv-export'

BOOTSTRAPPED = '_ROS_WHEELS_BOOTSTRAP_COMPLETE'
"""Set where the wheels of ROS have put their libraries of this environment into the path."""


def go_on_with_torch(error: ImportError) -> NoReturn:
    """
    Run this command anew where torch is, which is installed if it is not yet.

    Raise the error where it came up in that very environment.
    """
    if Path(sys.prefix) == ENVIRONMENT:
        raise error
    print(f'{error}: this goes on in {ENVIRONMENT.name}', flush=True)
    subprocess.run(['make', '--directory', str(ROOT), 'setup-bench'], check=True)
    python = ENVIRONMENT / 'bin/python'
    os.execve(python, [str(python), *sys.orig_argv[1:]], _own_libraries_left_out())


def _own_libraries_left_out() -> dict[str, str]:
    folders = os.environ.get('LD_LIBRARY_PATH', '').split(os.pathsep)
    others = [folder for folder in folders if folder and not folder.startswith(sys.prefix)]
    kept = {name: value for name, value in os.environ.items() if name != BOOTSTRAPPED}
    return {**kept, 'LD_LIBRARY_PATH': os.pathsep.join(others)}
