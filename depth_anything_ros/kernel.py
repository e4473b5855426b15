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

"""Compiled loops: one decorator, so that every kernel is cached and releases the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, TypeVar

import numba

Kernel = TypeVar('Kernel', bound=Callable[..., object])

# NaN and infinity mean something in depth images: no 'nnan', no 'ninf'.
FAST_MATH = {'contract', 'arcp', 'afn', 'nsz', 'reassoc'}


def kernel(function: Kernel) -> Kernel:
    """Return the function compiled at its first call; not cached where no folder is writable."""
    options: dict[str, Any] = {'nogil': True, 'fastmath': FAST_MATH, 'error_model': 'numpy'}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba: no locator available
        compiled = numba.njit(**options)(function)
    return cast('Kernel', compiled)
