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

"""Training batches: rendered views, cropped, flipped and made to look like a cheap camera's."""

from __future__ import annotations

from pathlib import Path

import cv2
from depth_anything_ros.estimation.proof import DAMAGE
import numpy as np
from numpy.typing import NDArray

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Views:
    """Rendered views, all in memory: images uint8 and inverse depths float16, each (H, W)."""

    def __init__(self, folder: Path) -> None:
        """Read every shard of a folder; FileNotFoundError without any, ValueError if damaged."""
        shards = sorted(p for p in folder.glob('*.npz') if '.partial' not in p.name)
        if not shards:
            raise FileNotFoundError(
                f'{folder} has no rendered views: run `sim render-views` first'
            )
        self._images: list[NDArray[np.uint8]] = []
        self._inverse_depths: list[NDArray[np.float16]] = []
        for shard in shards:
            try:
                with np.load(shard, allow_pickle=False) as arrays:
                    self._images.extend(arrays['image'])
                    self._inverse_depths.extend(arrays['inverse_depth'])
            except DAMAGE as error:
                raise ValueError(
                    f'{shard} cannot be read: remove it and run `sim render-views` again'
                ) from error

    def __len__(self) -> int:
        """Return how many views there are."""
        return len(self._images)

    def plain(self, index: int, height: int, width: int) -> Batch:
        """Return one view as it is: image (H, W, 3) RGB in 0...1, inverse depth (H, W) in 1/m."""
        image, inverse_depth = self._resized(index, (slice(None), slice(None)), height, width)
        return image.astype(np.float32) / np.float32(255), inverse_depth

    def augmented(self, rng: np.random.Generator, height: int, width: int) -> Batch:
        """Return a random view, cropped and flipped, with the colours of a cheap camera."""
        index = int(rng.integers(len(self)))
        rows, columns = self._inverse_depths[index].shape
        share = rng.uniform(0.7, 1.0) if rng.random() < 0.6 else 1.0
        h, w = round(share * rows), round(share * columns)
        top, left = int(rng.integers(rows - h + 1)), int(rng.integers(columns - w + 1))
        bottom, right = top + h, left + w
        crop = slice(top, bottom), slice(left, right)
        image, inverse_depth = self._resized(index, crop, height, width)
        if rng.random() < 0.5:
            image, inverse_depth = image[:, ::-1], inverse_depth[:, ::-1]
        return _camera_effects(rng, np.ascontiguousarray(image)), inverse_depth

    def batch(self, rng: np.random.Generator, count: int, height: int, width: int) -> Batch:
        """Return augmented images (B, H, W, 3) in 0...1 and inverse depths (B, H, W) in 1/m."""
        pairs = [self.augmented(rng, height, width) for _ in range(count)]
        return np.stack([image for image, _ in pairs]), np.stack([depth for _, depth in pairs])

    def _resized(
        self, index: int, crop: tuple[slice, slice], height: int, width: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        image, inverse_depth = self._images[index][crop], self._inverse_depths[index][crop]
        size = width, height
        return (
            np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(
                # Nearest: a mean of two sides of an edge is the depth of neither.
                cv2.resize(
                    inverse_depth.astype(np.float32), size, interpolation=cv2.INTER_NEAREST
                ),
                np.float32,
            ),
        )


def _camera_effects(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the image in 0...1 with blur, JPEG, white balance, exposure, gamma and noise."""
    if rng.random() < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0)), np.uint8)
    if rng.random() < 0.3:
        image = _jpeg(image, int(rng.integers(30, 90)))
    result = image.astype(np.float32) / np.float32(255)
    if rng.random() < 0.3:
        gray = result.mean(axis=2, keepdims=True)
        result = gray + np.float32(rng.uniform(0, 1.4)) * (result - gray)
    gains = rng.uniform(0.6, 1.4) * rng.uniform(0.88, 1.12, 3)
    gamma = np.float32(rng.uniform(0.7, 1.4))
    result = np.clip(result * gains.astype(np.float32), 1e-4, 1) ** gamma
    result += rng.standard_normal(result.shape, np.float32) * np.float32(rng.uniform(0, 0.03))
    return np.asarray(np.clip(result, 0, 1), np.float32)


def _jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
