# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0

from depth_anything_ros.simulation.accuracy import affine_delta1
import numpy as np
import pytest


def test_any_scale_and_shift_is_forgiven():
    inverse_depth = np.array([[0.2, 0.5], [1.0, 2.0]], np.float32)
    assert affine_delta1(5 * inverse_depth + 3, inverse_depth) == 1.0


def test_a_constant_is_right_only_near_the_mean():
    # The fit is the mean, 1.0: within a factor of 1.25 lie 0.9 and 1.1.
    inverse_depth = np.array([[0.4, 0.9], [1.1, 1.6]], np.float32)
    assert affine_delta1(np.ones_like(inverse_depth), inverse_depth) == pytest.approx(0.5)
