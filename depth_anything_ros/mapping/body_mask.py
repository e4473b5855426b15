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

"""Where a view shows the robot itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
from depth_anything_ros.camera import VirtualCamera
from depth_anything_ros.config import CleaningConfig, SettingError
from depth_anything_ros.frame import View
import numpy as np
from numpy.typing import NDArray


class BodyMask:
    """The pixels of one view that do not show the robot's own body."""

    def __init__(self) -> None:
        """Know no view yet."""
        self._key: tuple[object, ...] = ()
        self._world: NDArray[np.bool_] = np.ones((0, 0), np.bool_)

    def applied_to(self, view: View, config: CleaningConfig) -> View:
        """
        Return the view, of which `seen` is False on the robot's own body too.

        Kept until the view or the settings change. Raise SettingError where `body_mask` is no
        image.
        """
        if not (config.body_mask or config.body_polygon):
            return view
        key = (
            view.pinhole,
            view.frame.model,
            view.camera_from_view.tobytes(),
            config.body_mask,
            config.body_polygon,
        )
        if key != self._key:
            self._world = _pixels_of_the_world(view, config)
            self._key = key
        return replace(view, seen=self._world)


def mask_image(config: CleaningConfig, camera: str) -> NDArray[np.uint8]:
    """Return the (H, W) `body_mask` of a camera; SettingError where it is no image."""
    path = config.body_mask.replace('{camera}', camera)
    try:
        image = cv2.imread(path, cv2.IMREAD_GRAYSCALE) if Path(path).is_file() else None
    except cv2.error:  # such as more pixels than OpenCV takes
        image = None
    if image is None:
        raise SettingError(f'body_mask {path} is not an image that can be read')
    return np.asarray(image, np.uint8)


def _pixels_of_the_world(view: View, config: CleaningConfig) -> NDArray[np.bool_]:
    body = _body_in_camera(view, config)
    virtual = VirtualCamera(view.pinhole, view.camera_from_view)
    x, y, _ = virtual.remap_tables(view.frame.model)
    in_view = cv2.remap(body, x, y, cv2.INTER_NEAREST)
    # One pixel more on every side: the network smears the robot's outline too.
    body = np.asarray(cv2.dilate(in_view, np.ones((3, 3), np.uint8)), np.uint8)
    world: NDArray[np.bool_] = body == 0
    return world if view.seen is None else world & view.seen


def _body_in_camera(view: View, config: CleaningConfig) -> NDArray[np.uint8]:
    camera = view.frame.model.pinhole
    body = np.zeros((camera.height, camera.width), np.uint8)
    if config.body_polygon:
        corners = np.array(config.body_polygon).reshape(-1, 2) * (camera.width, camera.height)
        cv2.fillPoly(body, [np.round(corners).astype(np.int32)], 255)
    if config.body_mask:
        mask = mask_image(config, view.frame.camera)
        size = camera.width, camera.height
        body[np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)) > 127] = 255
    return body
