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

"""Processes of this package that talk over DDS on a domain of their own, and end together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

from depth_anything_ros.replay.shared_files import shared_file

STOP_S = 10.0
PROFILE = 'config/fastdds_shared_memory.xml'
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
"""Since Kilted, which warns of the other one, and before."""


class ProcessError(RuntimeError):
    """A process that failed or did not do in time what it should; the message quotes its log."""


class Process:
    """`python -m module arguments`, its output in the file `log`."""

    def __init__(
        self, module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Start it."""
        self.name = log.stem
        self.log = log
        with log.open('wb') as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, '-m', module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def log_text(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(errors='replace')

    @property
    def logged_errors(self) -> list[str]:
        """Return what it has logged as errors, the way ROS does."""
        return self._logged('ERROR')

    @property
    def last_warning(self) -> str:
        """Return what it has logged last as a warning, '' where that is nothing."""
        return next(reversed(self._logged('WARN')), '')

    def _logged(self, level: str) -> list[str]:
        lines = [line for line in self.log_text.splitlines() if f'[{level}]' in line]
        return [line.partition(']: ')[2] or line for line in lines]

    @property
    def return_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def error(self, what: str) -> ProcessError:
        """
        Return an error that quotes what the process logged as an error first, or said last.

        Of a traceback the last line is the error.
        """
        said = [line for line in self.log_text.splitlines() if line.strip()] or ['it said nothing']
        first = next(iter(self.logged_errors), 'Traceback')
        quoted = said[-1] if first.startswith('Traceback') else first
        return ProcessError(f'{what}: {quoted} (see {self.log})')

    def stop(self) -> None:
        """Interrupt it, and kill it where that does not end it."""
        if self.return_code is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ProcessGroup:
    """
    Processes that see each other and nobody else; leaving the context ends them all.

    environment: what they are started with. Raise FileNotFoundError where the profile of Fast DDS
    is not installed.
    """

    def __init__(self, logs: Path) -> None:
        """Choose a domain; logs: folder of the log files."""
        self._logs = logs
        self._processes: list[Process] = []
        self.environment = {
            **{key: os.environ[key] for key in os.environ.keys() - set(PROFILE_VARIABLES)},
            'ROS_DOMAIN_ID': str(random.randint(1, 100)),
            **_on_this_machine(),
            _profile_variable(): str(shared_file(PROFILE)),
            'PYTHONUNBUFFERED': '1',
        }

    def start(self, name: str, module: str, *arguments: str) -> Process:
        """Start a module; name: of its log and in messages."""
        process = Process(module, arguments, self._logs / f'{name}.log', self.environment)
        self._processes.append(process)
        return process

    def check(self) -> None:
        """Raise ProcessError where one has ended by an error."""
        for process in self._processes:
            if process.return_code not in (None, 0):
                raise process.error(f'the {process.name} failed')

    def wait(self, seconds: float) -> None:
        """Sleep, unless a process fails."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(0.1, left))

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self._processes):
            process.stop()


def _on_this_machine() -> dict[str, str]:
    """Return what keeps DDS on this machine; Humble knows the old variable only."""
    if os.environ.get('ROS_DISTRO') == 'humble':
        return {'ROS_LOCALHOST_ONLY': '1'}
    return {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def _profile_variable() -> str:
    is_old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    return PROFILE_VARIABLES[is_old]
