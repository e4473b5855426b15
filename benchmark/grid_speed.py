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
What the mapping stage costs on one core, beside octomap's insertPointCloud on the same points.

Times are CPU time of the one thread that works, medians, so that a busy machine matters little.
octomap (`pip install octomap-python`) inserts the cleaned points of every frame into a tree of
the grid's resolution, with its own ray walk; it makes no cloud and no scan, and forgets nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
import math
from pathlib import Path
import time

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.config import PipelineConfig
from depth_anything_ros.frame import DepthMap, Frame, Prediction, View
from depth_anything_ros.mapping.cleaning import Cleaner
from depth_anything_ros.mapping.confidence import ConfidenceEstimator
from depth_anything_ros.mapping.local_grid import LocalGrid
from depth_anything_ros.mapping.obstacles import ObstacleFinder
from depth_anything_ros.mapping.point_cloud import point_cloud
from depth_anything_ros.mapping.virtual_scan import virtual_scan
from depth_anything_ros.scale.estimate import ScaleEstimate, ScaleHealth
from depth_anything_ros.transforms import base_from_mounted_camera, inverse
from depth_anything_ros.warm_up import warm_up
from machine import write_json
import numpy as np
from numpy.typing import NDArray

FRAMES = 15
SCALE = ScaleEstimate(1.0, 0.0, np.diag([1e-4, 1e-6]), 0.01, 1.0, 'floor', 0.0, ScaleHealth.GOOD)
STAGES = ('clean', 'obstacles', 'cloud', 'scan', 'grid')


def room_depth(
    pinhole: Pinhole, base_from_camera: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return (height, width) metres: a floor, a wall 5 m ahead, pillars, and 1 % of noise."""
    x, y, z = np.moveaxis(pinhole.rays @ base_from_camera[:3, :3].T, -1, 0)
    with np.errstate(divide='ignore', invalid='ignore'):
        floor = np.where(z < 0, -base_from_camera[2, 3] / z, np.inf)
        depth = np.minimum(floor, np.where(x > 0, 5.0 / x, np.inf))
        for ahead, left in ((1.8, 0.6), (2.5, -0.8), (3.5, 0.2)):
            hit = np.where(x > 0, ahead / x, np.inf)
            depth = np.where(np.abs(y * hit - left) < 0.15, np.minimum(depth, hit), depth)
    noise = cv2.GaussianBlur(rng.standard_normal(depth.shape), (0, 0), 4.0)
    return (depth * (1.0 + 0.01 * noise / noise.std())).astype(np.float32)


class Rig:
    """Cameras around a robot, and the mapping stage they feed."""

    def __init__(self, height: int, width: int, cells: int, cameras: int) -> None:
        """Prepare frames, so that only the mapping stage is timed."""
        config = PipelineConfig()
        grid = replace(config.grid, grid_size_m=cells * config.grid.grid_resolution_m)
        self.config = config
        self.pinhole = Pinhole.from_field_of_view(width, height, 75.0)
        yaws = [2 * math.pi * i / cameras for i in range(cameras)]
        self.mounts = [base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.2, yaw) for yaw in yaws]
        level = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.2, 0.0)
        rng = np.random.default_rng(0)
        self.depths = [room_depth(self.pinhole, level, rng) for _ in range(FRAMES)]
        self.confidences = [ConfidenceEstimator(config.cleaning) for _ in yaws]
        self.cleaners = [Cleaner(config.cleaning) for _ in yaws]
        self.finders = [ObstacleFinder(config.obstacle) for _ in yaws]
        self.grid = LocalGrid(grid)
        self.cleaned: list[NDArray[np.float32]] = []
        self.confidence_ms = 0.0

    def depth_maps(self, frame: int) -> list[DepthMap]:
        """Return the depth maps of all cameras; the robot drives 2 cm a frame."""
        pose = np.eye(4)
        pose[0, 3] = 0.02 * frame
        depth_m = self.depths[frame]
        image = np.full((*depth_m.shape, 3), 128, np.uint8)
        maps = []
        for i, mount in enumerate(self.mounts):
            stamp_ns = frame * 50_000_000
            model = CameraModel(self.pinhole)
            view_frame = Frame(f'camera{i}', stamp_ns, image, 'rgb', model, mount, pose)
            view = View(view_frame, 0, image, self.pinhole, np.eye(3))
            prediction = Prediction(view, 1 / depth_m, is_metric=False)
            start = time.thread_time_ns()
            confidence = self.confidences[i].estimate(prediction, depth_m, SCALE)
            self.confidence_ms = (time.thread_time_ns() - start) * 1e-6
            maps.append(DepthMap(view, depth_m, confidence, SCALE))
        return maps

    def map_frame(self, maps: list[DepthMap]) -> dict[str, float]:
        """Run the mapping stage on one frame; return the milliseconds of each part."""
        config, far = self.config, self.config.cleaning.range_max_m
        times = [time.thread_time_ns()]
        cleaned = [c.clean(m) for c, m in zip(self.cleaners, maps, strict=True)]
        times.append(time.thread_time_ns())
        surroundings = [
            f.find(m, c, far) for f, m, c in zip(self.finders, maps, cleaned, strict=True)
        ]
        times.append(time.thread_time_ns())
        for m, c in zip(maps, cleaned, strict=True):
            point_cloud([m.view], [c], config.cloud, far)
        times.append(time.thread_time_ns())
        for s in surroundings:
            virtual_scan([s], config.scan)
        times.append(time.thread_time_ns())
        self.grid.update(surroundings)
        self.grid.occupancy()
        times.append(time.thread_time_ns())
        self.cleaned = cleaned
        return dict(zip(STAGES, np.diff(times) * 1e-6, strict=True))


def mapping_ms(height: int, width: int, cells: int, cameras: int) -> dict[str, float]:
    """Return the median milliseconds of each part, of 'total' and, beside it, of 'confidence'."""
    rig = Rig(height, width, cells, cameras)
    rows = []
    for frame in range(FRAMES):
        parts = rig.map_frame(rig.depth_maps(frame))
        rows.append({**parts, 'total': sum(parts.values()), 'confidence': rig.confidence_ms})
    return {key: float(np.median([row[key] for row in rows[3:]])) for key in rows[0]}


def octomap_ms(height: int, width: int) -> float | None:
    """Return the median milliseconds octomap takes for the same points; None where it lacks."""
    try:
        import octomap
    except ImportError:
        return None
    rig = Rig(height, width, 200, 1)
    tree = octomap.OcTree(rig.config.grid.grid_resolution_m)
    spent = []
    for frame in range(FRAMES):
        maps = rig.depth_maps(frame)
        rig.map_frame(maps)
        pose = maps[0].view.frame.grid_from_base @ rig.mounts[0]
        points = rig.pinhole.back_project(rig.cleaned[0]).reshape(-1, 3)
        points = points[np.isfinite(points).all(axis=1)].astype(np.float64)
        points = points @ inverse(pose)[:3, :3] + pose[:3, 3]
        start = time.thread_time_ns()
        tree.insertPointCloud(points, pose[:3, 3].copy(), 6.0)
        spent.append((time.thread_time_ns() - start) * 1e-6)
    return float(np.median(spent[3:]))


def _growth(
    measure: Callable[[int], dict[str, float]], values: tuple[int, ...]
) -> dict[str, float]:
    return {str(value): measure(value)['total'] for value in values}


def main() -> None:
    """Measure, print tables, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    warm_up()
    stages = mapping_ms(252, 336, 200, 1)
    octomap = octomap_ms(252, 336)
    result = {
        'mapping_ms': stages['total'],
        'octomap_ms': octomap,
        'octomap_ratio': octomap / stages['total'] if octomap else None,
        'stages_ms': stages,
        'by_rows': _growth(lambda h: mapping_ms(h, h * 4 // 3, 200, 1), (126, 252, 504)),
        'by_cells': _growth(lambda n: mapping_ms(252, 336, n, 1), (100, 200, 400, 800)),
        'by_cameras': _growth(lambda n: mapping_ms(252, 336, 200, n), (1, 2, 4)),
    }
    for key, value in result.items():
        row = value if isinstance(value, dict) else {'': value}
        figures = '  '.join(
            f'{name} {"not installed" if v is None else f"{v:.2f}"}' for name, v in row.items()
        )
        print(f'{key:16}{figures}')
    print('targets: mapping_ms ≤ 3, octomap_ratio ≥ 10')
    write_json(arguments.json, result)


if __name__ == '__main__':
    main()
