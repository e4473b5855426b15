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

"""What every benchmark shares: the machine by name, the processor time of processes, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
import json
import os
from pathlib import Path
import platform
from typing import Any

INSTRUCTIONS = (
    'avx2',
    'avx512f',
    'avx_vnni',
    'avx512_vnni',
    'avx512_bf16',
    'amx_bf16',
    'amx_int8',
)
"""What decides how fast a network runs, of x86-64."""

LIBRARIES = ('numpy', 'numba', 'opencv-python-headless', 'openvino', 'ros-rclpy', 'torch')


def describe_machine() -> dict[str, Any]:
    """Return the processor, its cores that this process may use, and what runs on it."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return {
        'processor': _processor(),
        'cores': len(os.sched_getaffinity(0)),
        'system': f'{platform.system()} {platform.machine()}',
        'python': platform.python_version(),
        'versions': versions,
    }


def _processor() -> str:
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    pairs = [line.split(':', 1) for line in lines if ':' in line]
    described = {name.strip(): value.strip() for name, value in pairs}
    name = described.get('model name', platform.machine())
    flags = described.get('flags', '').split()
    known = ', '.join(flag for flag in INSTRUCTIONS if flag in flags)
    family, model = (described.get(key, 'unknown') for key in ('cpu family', 'model'))
    return f'{name} (family {family}, model {model}; {known})'


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, all its threads."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in megabytes (10⁶ bytes)."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def write_json(path: Path | None, result: Mapping[str, Any]) -> None:
    """Write a result with the machine it was measured on; nothing without a path."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**result, 'machine': describe_machine()}, indent=2) + '\n')
