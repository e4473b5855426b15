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

"""From camera images to the network's input: one remap undistorts, cuts views and resizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
from depth_anything_ros.camera import CameraError, CameraModel, virtual_cameras, VirtualCamera
from depth_anything_ros.frame import Frame, View
import numpy as np
from numpy.typing import NDArray

TO_RGB = {'bgr': cv2.COLOR_BGR2RGB, 'mono': cv2.COLOR_GRAY2RGB}


@dataclass(frozen=True)
class _Cut:
    """One view of a camera; `tables` of cv2.remap, None where a resize does."""

    camera: VirtualCamera
    tables: tuple[NDArray[np.int16], NDArray[np.uint16]] | None
    seen: NDArray[np.bool_] | None


class Preprocessor:
    """Cuts (height, width) views out of frames; keeps the tables of each camera."""

    def __init__(self, height: int, width: int) -> None:
        """Prepare for a network whose input is (height, width)."""
        self.height = height
        self.width = width
        self._cuts: dict[str, tuple[CameraModel, list[_Cut]]] = {}

    def views(self, frames: Sequence[Frame]) -> tuple[list[View], NDArray[np.uint8]]:
        """
        Return the views of all frames and their images as one (N, height, width, 3) RGB batch.

        Each view's image is a part of the batch, which is new on every call. Raise CameraError
        where a frame's image has another size than its calibration.
        """
        cuts = [(frame, i, cut) for frame in frames for i, cut in enumerate(self._cuts_of(frame))]
        batch = np.empty((len(cuts), self.height, self.width, 3), dtype=np.uint8)
        views = []
        for (frame, index, cut), image in zip(cuts, batch, strict=True):
            _cut_into(image, frame, cut)
            rotation = cut.camera.camera_from_view
            views.append(View(frame, index, image, cut.camera.pinhole, rotation, cut.seen))
        return views, batch

    def _cuts_of(self, frame: Frame) -> list[_Cut]:
        expected = frame.model.pinhole.height, frame.model.pinhole.width
        if frame.image.shape[:2] != expected:
            raise CameraError(
                f'{frame.camera}: the image is {frame.image.shape[1]}×{frame.image.shape[0]} but '
                f'its calibration is for {expected[1]}×{expected[0]}: '
                'publish the camera_info that belongs to this image'
            )
        model, cuts = self._cuts.get(frame.camera, (None, []))
        if model != frame.model:
            cameras = virtual_cameras(frame.model, self.width, self.height)
            cuts = [_cut_of(frame.model, camera) for camera in cameras]
            self._cuts[frame.camera] = frame.model, cuts
        return cuts


def _cut_of(model: CameraModel, camera: VirtualCamera) -> _Cut:
    whole_image = model.pinhole.resized(camera.pinhole.width, camera.pinhole.height)
    if camera.pinhole == whole_image and not model.is_distorted:
        return _Cut(camera, None, None)
    x, y, seen = camera.remap_tables(model)
    outside = np.float32(-2)
    tables = cv2.convertMaps(
        np.where(np.isfinite(x), x, outside), np.where(np.isfinite(y), y, outside), cv2.CV_16SC2
    )
    return _Cut(camera, tables, None if seen.all() else seen)  # type: ignore[arg-type]


def _cut_into(image: NDArray[np.uint8], frame: Frame, cut: _Cut) -> None:
    target = image if frame.channels == 'rgb' else None
    size = image.shape[1], image.shape[0]
    if cut.tables is None:
        small = cv2.resize(frame.image, size, dst=target, interpolation=cv2.INTER_LINEAR)
    else:
        small = cv2.remap(
            frame.image, *cut.tables, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE
        )
    if frame.channels != 'rgb':
        cv2.cvtColor(small, TO_RGB[frame.channels], dst=image)
