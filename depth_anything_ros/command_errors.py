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

"""How a command ends where something expected goes wrong: by one line, never by a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math

import typer

INTERRUPTED = 130
"""Exit code of a shell's command that SIGINT ended; not every typer gives it."""


def above_zero(value: float | None) -> float | None:
    """Return the number of an option, None where it is not given; refuse others, NaN too."""
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f'{value:g} is no finite number above 0')
    return value


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Say in the ImportError of a package that is missing inside the block what pip brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed: pip install 'depth_anything_ros[{extra}]'",
            name=error.name,
        ) from error


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print an expected error as one line and end with exit code 1; with 130 on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    except (ImportError, RuntimeError, OSError, ValueError) as error:
        typer.secho(f'error: {error}', fg='red', err=True)
        raise typer.Exit(1) from error
