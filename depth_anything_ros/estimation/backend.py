# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What runs a network: the protocol that TensorRT and OpenVINO fulfil, and the choice of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class BackendError(RuntimeError):
    """A model that cannot be run here; the message names the cause and the cure."""


@dataclass(frozen=True)
class BackendInfo:
    """What runs: for diagnostics, reports and provenance. Sizes are of the network's input."""

    backend: str
    device: str
    model: str
    precision: str
    batch: int
    height: int
    width: int
    is_metric: bool
    first_inference_ms: float


class Backend(Protocol):
    """A loaded network of fixed size; used from one thread."""

    @property
    def info(self) -> BackendInfo:
        """What was loaded."""

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """
        Return (N, H, W) float32 predictions for (N, H, W, 3) uint8 RGB images.

        The result may be overwritten by the next call.
        """

    def close(self) -> None:
        """Free what was loaded; `infer` must not be called after."""
