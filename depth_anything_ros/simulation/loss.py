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

"""What the demo model is trained to: inverse depth, anchored so that it cannot collapse."""

from __future__ import annotations

import torch


def anchored_loss(prediction: torch.Tensor, inverse_depth: torch.Tensor) -> torch.Tensor:
    """
    Return the loss of (B, H, W) predictions against inverse depths in 1/m.

    Scale-and-shift-invariant loss (MiDaS, Ranftl et al. 2020) alone lets the prediction shrink to
    a constant, so it only assists a regression of inverse depth over its 98th percentile.
    """
    flat = inverse_depth.flatten(1)
    target = inverse_depth / torch.quantile(flat, 0.98, dim=1)[:, None, None]
    error = prediction - target
    # Far surfaces have small inverse depths; the weight makes their relative error count.
    weight = 1 / (target + 0.15)
    regression = (weight * error.abs()).mean()
    gradients = sum(_gradient(error[:, ::step, ::step]) for step in (1, 2, 4))
    invariant = (_centred(prediction) - _centred(target)).abs().mean()
    return regression + gradients + 0.2 * invariant


def _gradient(error: torch.Tensor) -> torch.Tensor:
    return error.diff(dim=1).abs().mean() + error.diff(dim=2).abs().mean()


def _centred(values: torch.Tensor) -> torch.Tensor:
    """Return (B, H * W) values less their median, over their mean absolute deviation."""
    flat = values.flatten(1)
    flat = flat - flat.median(dim=1, keepdim=True).values
    return flat / flat.abs().mean(dim=1, keepdim=True).clamp_min(1e-3)
