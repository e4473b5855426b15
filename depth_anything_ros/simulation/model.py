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

"""The demo model: the Depth Anything architecture, small enough to train on two cores."""

from __future__ import annotations

from depth_anything_ros.estimation.rewrite import IMAGENET
import torch
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

HIDDEN_SIZE, LAYERS = 128, 6


def make_model() -> DepthAnythingForDepthEstimation:
    """Return the untrained model (1.76 M parameters): relative inverse depth, patches of 14."""
    backbone = Dinov2Config(
        hidden_size=HIDDEN_SIZE,
        num_hidden_layers=LAYERS,
        num_attention_heads=HIDDEN_SIZE // 32,
        image_size=224,
        patch_size=14,
        layerscale_value=0.1,
        out_indices=[2, 4, 5, 6],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=HIDDEN_SIZE,
        neck_hidden_sizes=[32, 48, 96, 128],
        fusion_hidden_size=32,
        head_hidden_size=32,
    )
    model = DepthAnythingForDepthEstimation(config)
    model.backbone.set_attn_implementation('eager')  # its backward pass is faster on a CPU
    # The head ends in a ReLU, which random weights can leave dead from the first step.
    torch.nn.init.constant_(model.head.conv3.bias, 0.5)
    return model


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Return (B, 3, H, W) float network input of (B, H, W, 3) RGB in 0...1."""
    mean, std = map(torch.tensor, IMAGENET)
    return ((images - mean) / std).permute(0, 3, 1, 2).contiguous()
