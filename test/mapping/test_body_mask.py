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

"""Test that the robot does not see itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
from depth_anything_ros.config import CleaningConfig, SettingError
from depth_anything_ros.frame import View
from depth_anything_ros.mapping.body_mask import BodyMask
import numpy as np
from numpy.typing import NDArray
import pytest
from ray_scenes import make_view, PINHOLE

LOWER_QUARTER = (0.0, 0.75, 1.0, 0.75, 1.0, 1.0, 0.0, 1.0)


def world_in(
    view: View, config: CleaningConfig, mask: BodyMask | None = None
) -> NDArray[np.bool_]:
    seen = (mask or BodyMask()).applied_to(view, config).seen
    assert seen is not None
    return seen


def test_without_a_body_the_view_stays_as_it_is() -> None:
    view = make_view()
    assert BodyMask().applied_to(view, CleaningConfig()) is view


def test_a_polygon_and_a_pixel_around_it_is_the_robot() -> None:
    world = world_in(make_view(), CleaningConfig(body_polygon=LOWER_QUARTER))
    edge = round(0.75 * PINHOLE.height)
    assert world[: edge - 2].all()
    last = edge - 1
    assert not world[last:].any()


def test_a_mask_image_of_the_camera_is_the_robot(tmp_path: Path) -> None:
    mask = np.zeros((PINHOLE.height * 2, PINHOLE.width * 2), np.uint8)
    mask[:, :100] = 255
    cv2.imwrite(str(tmp_path / 'front.png'), mask)
    config = CleaningConfig(body_mask=str(tmp_path / '{camera}.png'))
    world = world_in(make_view(), config)
    assert not world[:, :50].any()
    assert world[:, 52:].all()


def test_what_the_camera_does_not_see_is_no_world_either() -> None:
    seen = np.ones((PINHOLE.height, PINHOLE.width), np.bool_)
    seen[:10] = False
    view = replace(make_view(), seen=seen)
    world = world_in(view, CleaningConfig(body_polygon=LOWER_QUARTER))
    assert not world[:10].any()
    assert world[10:60].all()
    assert not world[100:].any()


def test_the_mask_follows_the_settings() -> None:
    mask, view = BodyMask(), make_view()
    lower = world_in(view, CleaningConfig(body_polygon=LOWER_QUARTER), mask)
    upper = world_in(view, CleaningConfig(body_polygon=(0.0, 0.0, 1.0, 0.0, 1.0, 0.5)), mask)
    assert lower[0, -1]
    assert not upper[0, -1]


def test_a_mask_that_is_no_image_is_named() -> None:
    with pytest.raises(SettingError, match='body_mask /nonexistent/mask is not an image'):
        BodyMask().applied_to(make_view(), CleaningConfig(body_mask='/nonexistent/mask'))
