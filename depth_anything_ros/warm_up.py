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

"""Compile, or load from the cache, every kernel before the first frame needs it."""

from __future__ import annotations

from dataclasses import replace

from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.config import PipelineConfig
from depth_anything_ros.frame import DepthMap, Frame, Prediction, View
from depth_anything_ros.mapping.cleaning import Cleaner
from depth_anything_ros.mapping.confidence import ConfidenceEstimator
from depth_anything_ros.mapping.local_grid import LocalGrid
from depth_anything_ros.mapping.obstacles import ObstacleFinder
from depth_anything_ros.mapping.point_cloud import point_cloud
from depth_anything_ros.mapping.virtual_scan import virtual_scan
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.ground_plane import floor_inverse_depth
from depth_anything_ros.scale.metric_depth import metric_depth
from depth_anything_ros.transforms import base_from_mounted_camera
import numpy as np


def warm_up() -> None:
    """Run every stage on small made-up frames; takes seconds once after an installation."""
    config = PipelineConfig()
    pinhole = Pinhole.from_field_of_view(84, 63, 70.0)
    base_from_camera = base_from_mounted_camera(0.0, 0.0, 0.5, 0.0, 0.3, 0.0)
    image = np.zeros((63, 84, 3), np.uint8)
    frame = Frame('', 0, image, 'rgb', CameraModel(pinhole), base_from_camera)
    values = floor_inverse_depth(pinhole, base_from_camera).clip(0.1).astype(np.float32)
    scale, confidence = ScaleEstimator(config.scale), ConfidenceEstimator(config.cleaning)
    # Frames are compared with the last one, by their poses where both have one.
    for stamp_ns, grid_from_base in ((0, None), (50_000_000, np.eye(4)), (100_000_000, np.eye(4))):
        posed = replace(frame, stamp_ns=stamp_ns, grid_from_base=grid_from_base)
        view = View(posed, 0, image, pinhole, np.eye(3))
        prediction = Prediction(view, values, is_metric=False)
        estimate = scale.update(prediction)
        depth_m = metric_depth(prediction, estimate)
        depth_map = DepthMap(
            view, depth_m, confidence.estimate(prediction, depth_m, estimate), estimate
        )
    cleaned = Cleaner(config.cleaning).clean(depth_map)
    point_cloud([view], [cleaned], replace(config.cloud, cloud_voxel_m=0.1), 2.0)
    surroundings = [ObstacleFinder(config.obstacle).find(depth_map, cleaned, 2.0)]
    virtual_scan(surroundings, config.scan)
    grid = LocalGrid(config.grid)
    grid.update(surroundings)
    grid.occupancy()
