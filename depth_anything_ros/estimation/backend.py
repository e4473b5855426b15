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

"""What runs a network: the protocol that TensorRT and OpenVINO fulfil, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LARGEST_SIDE = 2048
LARGEST_BATCH = 16


class BackendError(RuntimeError):
    """A model that cannot be run here; the message names the cause and the cure."""


class ForeignEngineError(BackendError):
    """A compiled engine that was made for another machine or version."""


@dataclass(frozen=True)
class BackendInfo:
    """
    What runs: for diagnostics, reports and provenance. Sizes are of the network's input.

    depth_sigma: relative standard deviation of its depth once the scale is right. fills_cpu:
    whether an inference keeps every core busy that this process may use.
    """

    backend: str
    device: str
    model: str
    precision: str
    batch: int
    height: int
    width: int
    is_metric: bool
    first_inference_ms: float
    depth_sigma: float = 0.0
    fills_cpu: bool = False


class Backend(Protocol):
    """A loaded network; used from one thread. Its size may change between calls of `infer`."""

    @property
    def info(self) -> BackendInfo:
        """Return what was loaded."""

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """
        Return (N, H, W) float32 predictions for (N, H, W, 3) uint8 RGB images.

        N is free: a network of another batch size runs as often as it takes. The result is the
        caller's own.
        """

    def close(self) -> None:
        """Free what was loaded; `infer` must not be called after."""


def check_shapes(
    what: object,
    inputs: Sequence[tuple[str, tuple[int, ...]]],
    outputs: Sequence[tuple[str, tuple[int, ...]]],
) -> tuple[int, int, int]:
    """
    Return (N, H, W) of a graph whose (type, shape) of inputs and outputs are given.

    Raise BackendError where they are not one (N, H, W, 3) u8 → (N, H, W) f32 of fixed size.
    """
    if len(inputs) == len(outputs) == 1:
        (input_type, shape), output = inputs[0], outputs[0]
        if input_type == 'u8' and len(shape) == 4 and shape[3] == 3 and min(shape) > 0:
            batch, height, width, _ = shape
            if batch > LARGEST_BATCH or max(height, width) > LARGEST_SIDE:
                raise BackendError(
                    f'{what} has an input of {shape}, which is too large to be meant'
                )
            if output == ('f32', (batch, height, width)):
                return batch, height, width
    raise BackendError(
        f'{what} has the wrong shape: inputs {list(inputs)}, outputs {list(outputs)}, expected '
        'one (N, H, W, 3) u8 input and one (N, H, W) f32 output of fixed size. '
        'Export it with `depth-anything-ros model export`'
    )


def in_parts(
    batch: NDArray[np.uint8],
    part: NDArray[np.uint8],
    result: NDArray[np.float32],
    run: Callable[[], None],
) -> NDArray[np.float32]:
    """
    Return the predictions of `batch` by a network that `run` takes from `part` to `result`.

    batch: (N, H, W, 3) for any N; part: (B, H, W, 3), result: (B, H, W), the network's buffers.
    """
    if batch.shape[1:] != part.shape[1:]:
        raise ValueError(f'the network takes {part.shape[1:]} images, not {batch.shape[1:]}')
    predictions = np.empty(batch.shape[:3], np.float32)
    for start in range(0, len(batch), len(part)):
        stop = start + len(part)
        images = batch[start:stop]
        part[: len(images)] = images
        run()
        predictions[start:stop] = result[: len(images)]
    return predictions
