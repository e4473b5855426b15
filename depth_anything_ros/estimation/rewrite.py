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

"""
Depth Anything rewritten for inference at one size, exact up to rounding.

What depends on the size alone is computed beforehand, what is linear is folded into its
neighbours, and attention is spelled out, so that the compilers' fusions recognise it.
"""

from __future__ import annotations

from collections.abc import Sequence
import copy
from typing import NamedTuple

import torch
from torch import nn, Tensor
from torch.nn.functional import interpolate
from transformers import DepthAnythingForDepthEstimation


class Normalisation(NamedTuple):
    """What a network was trained with, for images of 0…1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class RewrittenDepthAnything(nn.Module):
    """
    The network of a DepthAnythingForDepthEstimation for images of one size.

    Takes (N, height, width, 3) uint8 RGB, returns (N, height, width) float32. dtype: of weights
    and computation; normalisation and softmax stay in float32.
    """

    def __init__(
        self,
        model: DepthAnythingForDepthEstimation,
        height: int,
        width: int,
        dtype: torch.dtype = torch.float32,
        normalisation: Normalisation = IMAGENET,
    ) -> None:
        """Copy and fold the weights; `model` is left as it is."""
        super().__init__()
        backbone = model.backbone
        patch = model.config.patch_size
        self.size = height, width
        self.grid = height // patch, width // patch
        self.out_indices = [i for i in backbone.config.out_indices if i > 0]
        embeddings = backbone.embeddings
        self.patches = _normalising(embeddings.patch_embeddings.projection, normalisation)
        tokens = self.grid[0] * self.grid[1] + 1
        positions = embeddings.interpolate_pos_encoding(
            torch.empty(1, tokens, backbone.config.hidden_size), height, width
        ).detach()
        self.register_buffer('class_token', embeddings.cls_token.detach() + positions[:, :1])
        self.register_buffer('positions', positions[:, 1:].clone())
        self.layers = nn.ModuleList([_Layer(layer) for layer in backbone.encoder.layer])
        self.norm = _Norm(backbone.layernorm)
        layers = model.neck.reassemble_stage.layers
        self.maps = nn.ModuleList(
            [
                _FeatureMap(layer, conv, self.grid)
                for layer, conv in zip(layers, model.neck.convs, strict=True)
            ]
        )
        self.fusion = nn.ModuleList([_Fusion(f) for f in model.neck.fusion_stage.layers])
        self.head = copy.deepcopy(model.head)
        self.to(dtype)
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                module.float()

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, height, width) float32 depth of (N, height, width, 3) uint8 images."""
        pixels = image.to(self.positions.dtype).permute(0, 3, 1, 2)
        patches = self.patches(pixels).flatten(2).transpose(1, 2) + self.positions
        tokens = torch.cat([self.class_token.expand(len(image), -1, -1), patches], dim=1)
        features: list[Tensor] = []
        for index, layer in enumerate(self.layers, start=1):
            tokens = layer(tokens)
            if index in self.out_indices:
                features.append(self._feature_map(tokens, len(features)))
        return self._depth(self._fuse(features[::-1])).float()

    def _feature_map(self, tokens: Tensor, index: int) -> Tensor:
        patches = self.norm(tokens)[:, 1:].transpose(1, 2).unflatten(2, self.grid)
        return self.maps[index](patches)

    def _fuse(self, features: Sequence[Tensor]) -> Tensor:
        sizes = [tuple(feature.shape[2:]) for feature in features[1:]]
        sizes.append((features[-1].shape[2] * 2, features[-1].shape[3] * 2))
        fused = None
        for fusion, feature, size in zip(self.fusion, features, sizes, strict=True):
            fused = fusion(fused, feature, size)
        return fused

    def _depth(self, features: Tensor) -> Tensor:
        head = self.head
        depth = _resize(head.conv1(features), self.size)
        depth = head.conv3(head.activation1(head.conv2(depth)))
        return head.activation2(depth).squeeze(1) * head.max_depth


class _Norm(nn.Module):
    """Layer normalisation in float32, whatever the tokens are."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.norm = copy.deepcopy(norm)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm(tokens.float()).to(tokens.dtype)


class _Layer(nn.Module):
    """A transformer layer with LayerScale and the query's scale folded into the weights."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        attention = layer.attention
        self.heads, self.head_size = attention.num_attention_heads, attention.head_dim
        self.norm1, self.norm2 = _Norm(layer.norm1), _Norm(layer.norm2)
        self.query = _scaled(attention.q_proj, torch.tensor(attention.scaling))
        self.key = copy.deepcopy(attention.k_proj)
        self.value = copy.deepcopy(attention.v_proj)
        self.out = _scaled(attention.o_proj, layer.layer_scale1.lambda1)
        self.mlp = copy.deepcopy(layer.mlp)
        last = 'fc2' if hasattr(self.mlp, 'fc2') else 'down_proj'
        setattr(self.mlp, last, _scaled(getattr(self.mlp, last), layer.layer_scale2.lambda1))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self._attend(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))

    def _attend(self, tokens: Tensor) -> Tensor:
        heads = self.heads, self.head_size
        query = self.query(tokens).unflatten(2, heads).transpose(1, 2)
        key = self.key(tokens).unflatten(2, heads).transpose(1, 2)
        value = self.value(tokens).unflatten(2, heads).transpose(1, 2)
        weights = torch.softmax((query @ key.transpose(2, 3)).float(), dim=-1).to(tokens.dtype)
        return self.out((weights @ value).transpose(1, 2).flatten(2))


class _FeatureMap(nn.Module):
    """
    The feature map of one layer's patches: a projection, a change of size, a convolution.

    An upsampling and the convolution after it become one transposed convolution, a projection and
    the strided convolution after it one convolution. What all their biases add is what becomes of
    zeros; near the border that is less, since padding has none.
    """

    def __init__(self, layer: nn.Module, conv: nn.Conv2d, grid: tuple[int, int]) -> None:
        super().__init__()
        projection, resize = layer.projection, layer.resize
        with torch.no_grad():
            zeros = torch.zeros(1, projection.in_channels, *grid)
            self.register_buffer('bias', conv(layer(zeros)))
            if isinstance(resize, nn.ConvTranspose2d):
                steps = [projection, _upsampling(resize, conv)]
            elif isinstance(resize, nn.Conv2d):
                steps = [_projecting(projection, resize), conv]
            else:
                steps = [projection, conv]
        self.steps = nn.Sequential(*map(_without_bias, steps))

    def forward(self, patches: Tensor) -> Tensor:
        return self.steps(patches) + self.bias


class _Fusion(nn.Module):
    """
    A fusion layer with its 1×1 projection before the upsampling.

    They commute: the projection is linear, and the weights of an interpolation sum to 1.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.projection = copy.deepcopy(layer.projection)
        self.residual1 = copy.deepcopy(layer.residual_layer1)
        self.residual2 = copy.deepcopy(layer.residual_layer2)

    def forward(self, fused: Tensor | None, feature: Tensor, size: tuple[int, int]) -> Tensor:
        fused = feature if fused is None else fused + self.residual1(feature)
        return _resize(self.projection(self.residual2(fused)), size)


class NormalisedDepthEstimation(nn.Module):
    """Any depth estimator of transformers, as it is, behind the interface of the rewritten one."""

    def __init__(
        self, model: nn.Module, height: int, width: int, normalisation: Normalisation = IMAGENET
    ) -> None:
        """Wrap `model`; nothing is copied."""
        super().__init__()
        self.model = model
        self.size = height, width
        self.register_buffer('mean', 255 * torch.tensor(normalisation.mean))
        self.register_buffer('std', 255 * torch.tensor(normalisation.std))

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, height, width) float32 depth of (N, height, width, 3) uint8 images."""
        pixels = ((image.float() - self.mean) / self.std).permute(0, 3, 1, 2)
        depth = self.model(pixel_values=pixels).predicted_depth
        if tuple(depth.shape[1:]) != self.size:
            depth = _resize(depth[:, None], self.size)[:, 0]
        return depth


def _normalising(conv: nn.Conv2d, normalisation: Normalisation) -> nn.Conv2d:
    """Return an unpadded convolution that takes 0…255 and normalises it as it goes."""
    folded = copy.deepcopy(conv)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in normalisation)
    with torch.no_grad():
        folded.bias -= (conv.weight * mean / std).sum(dim=(1, 2, 3))
        folded.weight /= 255 * std
    return folded


def _scaled(linear: nn.Linear, factors: Tensor) -> nn.Linear:
    scaled = copy.deepcopy(linear)
    with torch.no_grad():
        scaled.weight *= factors.reshape(-1, 1)
        if scaled.bias is not None:
            scaled.bias *= factors
    return scaled


def _upsampling(upsampling: nn.ConvTranspose2d, conv: nn.Conv2d) -> nn.ConvTranspose2d:
    """Return both in one: a kernel of as many pixels as the factor, then one of 3×3."""
    factor, first, second = upsampling.stride[0], upsampling.weight, conv.weight
    both = nn.ConvTranspose2d(len(first), len(second), factor + 2, factor, padding=1)
    both.weight.zero_()
    for down in range(3):
        for right in range(3):
            part = torch.einsum('imac,om->ioac', first, second[:, :, down, right])
            rows, columns = slice(2 - down, None), slice(2 - right, None)
            both.weight[:, :, rows, columns][:, :, :factor, :factor] += part
    return both


def _projecting(projection: nn.Conv2d, conv: nn.Conv2d) -> nn.Conv2d:
    """Return both in one: a kernel of a single pixel, then one of 3×3."""
    both = copy.deepcopy(conv)
    both.weight = nn.Parameter(
        torch.einsum('mi,omac->oiac', projection.weight[:, :, 0, 0], conv.weight)
    )
    return both


def _without_bias(layer: nn.Module) -> nn.Module:
    layer = copy.deepcopy(layer)
    layer.bias = None
    return layer


def _resize(features: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(features, size, mode='bilinear', align_corners=True)
