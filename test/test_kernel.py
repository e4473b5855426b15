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

"""Test that kernels run where nothing may be written, and leave NaN and infinity alone."""

from __future__ import annotations

from typing import Any

from depth_anything_ros.kernel import kernel
import numba
import numpy as np
import pytest


def test_without_a_place_for_the_cache_kernels_are_compiled_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compile_it = numba.njit

    def without_cache(*arguments: Any, **options: Any) -> Any:
        if options.get('cache'):
            raise RuntimeError('cannot cache function: no locator available')
        return compile_it(*arguments, **options)

    monkeypatch.setattr(numba, 'njit', without_cache)

    @kernel
    def twice(value: float) -> float:
        return 2 * value

    assert twice(1.5) == 3.0


def test_invalid_numbers_are_compared_as_such() -> None:
    @kernel
    def is_below(value: float, limit: float) -> bool:
        return value < limit

    assert not is_below(np.nan, 1.0)
    assert not is_below(1.0, np.nan)
    assert is_below(1.0, np.inf)
    assert not is_below(np.inf, 1.0)
