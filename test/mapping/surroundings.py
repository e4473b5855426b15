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

"""What a made-up view saw: 60 bearings of 1°, from −30° on, to 6 m."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import math

from depth_anything_ros.mapping.obstacles import RANGE_STEP_M, Surroundings
from depth_anything_ros.transforms import Transform
import numpy as np
from ray_scenes import make_view

COUNT, RANGE_MAX = 60, 6.0


def around(
    nearest: Mapping[int, float] | None = None,
    floor_to: Mapping[int, float] | None = None,
    doubt: Mapping[int, float] | None = None,
    *,
    pose: Transform | None = None,
    stamp_ns: int = 0,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.5),
    sigma: float = 0.0,
    is_metric: bool = True,
    confidence: float = 1.0,
    underside: float = 0.1,
    top_slope: float = 0.5,
    camera: str = 'front',
) -> Surroundings:
    """Return it, with obstacles of ten pixels and floor from 0.5 m on in the given bearings."""
    far = {'fill_value': np.inf, 'dtype': np.float32}
    nearest_m, doubt_m = np.full(COUNT, **far), np.full(COUNT, **far)
    floor_from_m, floor_to_m = np.zeros(COUNT, np.float32), np.zeros(COUNT, np.float32)
    obstacle = np.zeros((COUNT, round(RANGE_MAX / RANGE_STEP_M)), np.float32)
    for bearing, metres in (nearest or {}).items():
        nearest_m[bearing] = metres
        if metres < RANGE_MAX:
            obstacle[bearing, int(metres / RANGE_STEP_M + 1e-6)] = 10.0
    for bearing, metres in (doubt or {}).items():
        doubt_m[bearing] = metres
    for bearing, metres in (floor_to or {}).items():
        floor_from_m[bearing], floor_to_m[bearing] = 0.5, metres
    frame = make_view(grid_from_base=pose, stamp_ns=stamp_ns).frame
    return Surroundings(
        underside_m=np.where(obstacle > 0, underside, np.inf).astype(np.float32),
        missing=np.zeros(obstacle.shape, np.uint8),
        blind_to_m=np.full(COUNT, 0.5, np.float32),
        top_slope=np.full(COUNT, top_slope, np.float32),
        frame=replace(frame, camera=camera),
        origin=np.array(origin),
        bearing_min=math.radians(-30),
        bearing_step=math.radians(1),
        obstacle=obstacle,
        nearest_m=nearest_m,
        doubt_m=doubt_m,
        floor_from_m=floor_from_m,
        floor_to_m=floor_to_m,
        floor_confidence=np.full(COUNT, confidence, np.float32),
        range_max_m=RANGE_MAX,
        sigma=sigma,
        is_metric=is_metric,
    )
