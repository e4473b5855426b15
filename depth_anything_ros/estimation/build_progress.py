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

"""How far a build is, from the nested phases that TensorRT reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Phase:
    parent: str
    steps: int
    done: int = 0


class BuildProgress:
    """Turns phases into one share from 0 to 1; a phase fills one step of its parent."""

    def __init__(self, report: Callable[[float], None]) -> None:
        """Prepare to call `report` with the share done, which never falls."""
        self._report = report
        self._phases: dict[str, _Phase] = {}
        self._share = 0.0

    def start(self, phase: str, parent: str, steps: int) -> None:
        """Open a phase of `steps` steps inside `parent` ('' for none)."""
        self._phases[phase] = _Phase(parent, max(steps, 1))

    def step(self, phase: str, step: int) -> None:
        """Mark step number `step`, from 0, of a phase as done."""
        self._phases[phase].done = step + 1
        self._update(phase)

    def finish(self, phase: str) -> None:
        """Close a phase."""
        self._phases[phase].done = self._phases[phase].steps
        self._update(phase)
        del self._phases[phase]

    def _update(self, phase: str) -> None:
        self._share = max(self._share, self._share_of(phase))
        self._report(self._share)

    def _share_of(self, name: str) -> float:
        phase = self._phases[name]
        share = min(phase.done / phase.steps, 1.0)
        while phase.parent in self._phases:
            phase = self._phases[phase.parent]
            share = min((phase.done + share) / phase.steps, 1.0)
        return share
