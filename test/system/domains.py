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

"""DDS domains that two runs of the tests do not share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import random
import socket

FIRST_PORT = 22_119
"""A port for each domain; whoever holds it has the domain."""


@contextmanager
def claimed_domain() -> Iterator[int]:
    """Yield a domain that nobody else claims meanwhile on this machine."""
    with socket.socket() as claim:
        yield next(n for n in random.sample(range(1, 101), 100) if _holds(claim, n))


def _holds(claim: socket.socket, domain: int) -> bool:
    try:
        claim.bind(('127.0.0.1', FIRST_PORT + domain))
    except OSError:
        return False
    return True
