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

"""Camera, depth and grid as small pictures for people."""

from __future__ import annotations

import base64
import math

import cv2
from depth_anything_ros.replay.grid_truth import GridFrame, Judgement, TrueView, Vantage
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(H, W, 3) BGR."""

NEAR_M, FAR_M = 0.5, 10.0
"""The ends of the colours of depth, which go by its logarithm: red near, blue far."""

NO_DEPTH = (72, 66, 62)
BEYOND = (60, 20, 24)
FREE = (244, 240, 236)
UNKNOWN = (170, 162, 154)
OCCUPIED = (48, 38, 30)
FOUND = (94, 160, 42)
MISSED = (48, 48, 230)
GHOST = (30, 150, 245)
ROBOT = (220, 120, 40)
DIM = 0.5


def data_uri(picture: Picture, extension: str) -> str:
    """Return a picture as a data: URI, '.jpg' for photographs, '.png' for flat colours."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 78] if extension == '.jpg' else []
    _, data = cv2.imencode(extension, picture, options)
    kind = {'.jpg': 'jpeg', '.png': 'png'}[extension]
    return f'data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}'


def fitted(picture: Picture, width: int) -> Picture:
    """Return the picture at this width, never enlarged."""
    scale = min(1.0, width / picture.shape[1])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def depth_picture(depth_m: NDArray[np.float32]) -> Picture:
    """Return (h, w) metres in colours: red near, blue far, grey for NaN, dark for +Inf."""
    with np.errstate(divide='ignore', invalid='ignore'):
        nearness = np.log(FAR_M / depth_m) / np.log(FAR_M / NEAR_M)
    levels = (np.nan_to_num(nearness, nan=0.0).clip(0, 1) * 255).astype(np.uint8)
    picture = np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), dtype=np.uint8)
    picture[np.isnan(depth_m)] = NO_DEPTH
    picture[np.isposinf(depth_m)] = BEYOND
    return picture


def grid_picture(cells: NDArray[np.int8]) -> Picture:
    """Return (rows, columns) cells as a map; rows still go up y, as in the message."""
    picture = np.empty((*cells.shape, 3), dtype=np.uint8)
    shade = np.interp(cells, [0, 100], [0, 1])[..., None]
    picture[:] = np.array(FREE) * (1 - shade) + np.array(OCCUPIED) * shade
    picture[cells < 0] = UNKNOWN
    return picture


def judged_picture(truth: TrueView, judged: Judgement) -> Picture:
    """
    Return the true map; what is in sight shows how the grid agrees, the rest is dimmed.

    Green: obstacles found; red: obstacles called free; orange: free cells called occupied.
    """
    picture = np.full((*truth.blocked.shape, 3), FREE, dtype=np.float64)
    picture[truth.blocked] = OCCUPIED
    unseen = ~(truth.free | truth.front)
    picture[unseen] = picture[unseen] * (1 - DIM) + np.array(UNKNOWN) * DIM
    picture[judged.found] = FOUND
    picture[judged.missed] = MISSED
    picture[judged.ghosts] = GHOST
    return picture.astype(np.uint8)


def map_picture(
    picture: Picture, frame: GridFrame, vantage: Vantage | None, scale: int
) -> Picture:
    """Return a map enlarged, y up, with the camera's place and field of view drawn in."""
    size = picture.shape[1] * scale, picture.shape[0] * scale
    large = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
    if vantage is not None:
        _draw_vantage(large, frame, vantage, scale)
    return large[::-1]


def _draw_vantage(large: NDArray[np.uint8], frame: GridFrame, at: Vantage, scale: int) -> None:
    def pixel(distance: float, angle: float) -> tuple[int, int]:
        x = at.x + distance * math.cos(angle) - frame.origin_x
        y = at.y + distance * math.sin(angle) - frame.origin_y
        return round(x / frame.resolution_m * scale), round(y / frame.resolution_m * scale)

    for side in (-0.5, 0.5):
        angle = at.yaw + side * at.horizontal_fov
        cv2.line(large, pixel(0, 0), pixel(1.2, angle), ROBOT, 1, cv2.LINE_AA)
    corners = [pixel(0.3, at.yaw), pixel(0.22, at.yaw + 2.5), pixel(0.22, at.yaw - 2.5)]
    cv2.fillConvexPoly(large, np.array(corners), ROBOT, cv2.LINE_AA)
