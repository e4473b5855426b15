# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Test that kernels run where nothing may be written, and leave NaN and infinity alone."""

from __future__ import annotations

from typing import Any

from depth_anything_ros.mapping.kernel import kernel
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
