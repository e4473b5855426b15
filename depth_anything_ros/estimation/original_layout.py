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
From the names of weights in the authors' .pth checkpoints to those of the Hugging Face hub.

The authors keep query, key and value in one matrix, the hub keeps three.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

QKV = ('query', 'key', 'value')


def hub_layout(original: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a .pth under the hub's names; KeyError where one has no such name."""
    blocks = {name.split('.')[2] for name in original if name.startswith('pretrained.blocks.')}
    names = hub_names(len(blocks))
    hub: dict[str, Tensor] = {}
    for name, tensor in original.items():
        block, fused, leaf = name.partition('.attn.qkv.')
        if fused:
            for part, rows in zip(QKV, tensor.chunk(3), strict=True):
                hub[f'{_hub_layer(block)}.attention.attention.{part}.{leaf}'] = rows.clone()
        else:
            hub[names[name]] = tensor
    return hub


def _hub_layer(block: str) -> str:
    return block.replace('pretrained.blocks', 'backbone.encoder.layer')


def hub_names(layers: int) -> dict[str, str]:
    """Return the hub's name of every original one, except of query, key and value."""
    embeddings = 'backbone.embeddings'
    names = {
        'pretrained.cls_token': f'{embeddings}.cls_token',
        'pretrained.mask_token': f'{embeddings}.mask_token',
        'pretrained.pos_embed': f'{embeddings}.position_embeddings',
    }
    modules = {
        'pretrained.patch_embed.proj': f'{embeddings}.patch_embeddings.projection',
        'pretrained.norm': 'backbone.layernorm',
        'depth_head.scratch.output_conv1': 'head.conv1',
        'depth_head.scratch.output_conv2.0': 'head.conv2',
        'depth_head.scratch.output_conv2.2': 'head.conv3',
    }
    for layer in range(layers):
        block = f'pretrained.blocks.{layer}'
        for part in ('norm1', 'norm2', 'mlp.fc1', 'mlp.fc2'):
            modules[f'{block}.{part}'] = f'{_hub_layer(block)}.{part}'
        modules[f'{block}.attn.proj'] = f'{_hub_layer(block)}.attention.output.dense'
        for scale in '12':
            names[f'{block}.ls{scale}.gamma'] = f'{_hub_layer(block)}.layer_scale{scale}.lambda1'
    for stage in range(4):
        reassemble = f'neck.reassemble_stage.layers.{stage}'
        modules[f'depth_head.projects.{stage}'] = f'{reassemble}.projection'
        modules[f'depth_head.resize_layers.{stage}'] = f'{reassemble}.resize'
        modules[f'depth_head.scratch.layer{stage + 1}_rn'] = f'neck.convs.{stage}'
        refine = f'depth_head.scratch.refinenet{4 - stage}'
        fusion = f'neck.fusion_stage.layers.{stage}'
        modules[f'{refine}.out_conv'] = f'{fusion}.projection'
        for unit in '12':
            for conv in '12':
                old = f'{refine}.resConfUnit{unit}.conv{conv}'
                modules[old] = f'{fusion}.residual_layer{unit}.convolution{conv}'
    for old, new in modules.items():
        names |= {f'{old}.{leaf}': f'{new}.{leaf}' for leaf in ('weight', 'bias')}
    return names
