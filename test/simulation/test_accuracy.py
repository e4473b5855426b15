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

from depth_anything_ros.simulation.accuracy import affine_errors
import numpy as np
import pytest


def test_any_scale_and_shift_is_forgiven():
    inverse_depth = np.array([[0.2, 0.5], [1.0, 2.0]], np.float32)
    errors = affine_errors(5 * inverse_depth + 3, inverse_depth)
    assert (errors.delta1, errors.abs_rel) == (1.0, pytest.approx(0, abs=1e-6))


def test_a_constant_is_right_only_near_the_mean():
    # The fit is the mean, 1 m: within a factor of 1.25 lie the depths 1 / 0.9 and 1 / 1.1.
    inverse_depth = np.array([[0.4, 0.9], [1.1, 1.6]], np.float32)
    errors = affine_errors(np.ones_like(inverse_depth), inverse_depth)
    assert errors.delta1 == pytest.approx(0.5)
    assert errors.abs_rel == pytest.approx((0.6 + 0.1 + 0.1 + 0.6) / 4)
    assert errors.relative_sd == pytest.approx(1.4826 * 0.35)
