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

"""What the scale costs a frame: processor time of one thread at 252×336, moving robot, floor."""

from __future__ import annotations

import argparse
from pathlib import Path
import time

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import Frame, Prediction, SparseReference, View
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.ground_plane import floor_inverse_depth
from depth_anything_ros.scale.metric_depth import metric_depth
from depth_anything_ros.transforms import base_from_mounted_camera, transform_from
from machine import write_json
import numpy as np

HEIGHT, WIDTH = 252, 336
CAMERA = Pinhole.from_field_of_view(WIDTH, HEIGHT, 70.0)
MOUNT = base_from_mounted_camera(0.1, 0.0, 0.5, 0.0, 0.15, 0.0)
WALL_M = 4.0
SPEED_M_S, RATE_HZ = 0.5, 20.0
TARGET_MS = 1.5


def frames(count: int, with_scan: bool) -> list[Prediction]:
    """Return what a robot sees that drives over a mottled floor toward a wall."""
    rng = np.random.default_rng(0)
    floor = floor_inverse_depth(CAMERA, MOUNT)
    mottle = cv2.GaussianBlur(rng.uniform(0, 255, (HEIGHT, WIDTH)), (0, 0), 2.0) - 127.5
    image = np.repeat(np.clip(128 + 8 * mottle, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    result = []
    for i in range(count):
        travelled = SPEED_M_S * i / RATE_HZ % 2.0
        inverse = np.maximum(floor, 1 / (WALL_M - travelled))
        values = 50 * inverse * (1 + 0.05 * rng.standard_normal(inverse.shape))
        points = CAMERA.back_project((1 / inverse).astype(np.float32))[100]
        frame = Frame(
            camera='',
            stamp_ns=round(i / RATE_HZ * 1e9),
            image=image,
            channels='rgb',
            model=CameraModel(CAMERA),
            base_from_camera=MOUNT,
            grid_from_base=transform_from(np.eye(3), np.array([travelled, 0, 0])),
            references=(
                [SparseReference('scan', round(i / RATE_HZ * 1e9), points)] if with_scan else []
            ),
        )
        view = View(frame, 0, image, CAMERA, np.eye(3))
        result.append(Prediction(view, values.astype(np.float32), is_metric=False))
    return result


def costs_ms(predictions: list[Prediction]) -> dict[str, float]:
    """Return the processor time of a frame: median and mean; the mean has the mount's images."""
    estimator = ScaleEstimator(ScaleConfig())
    spent = []
    for prediction in predictions:
        start = time.thread_time()
        metric_depth(prediction, estimator.update(prediction))
        spent.append(1e3 * (time.thread_time() - start))
    first = len(spent) // 10
    warm = spent[first:]
    return {'median_ms': float(np.median(warm)), 'mean_ms': float(np.mean(warm))}


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--frames', type=int, default=300)
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    result = {
        'floor': costs_ms(frames(arguments.frames, with_scan=False)),
        'floor_and_scan': costs_ms(frames(arguments.frames, with_scan=True)),
    }
    print(f'{"sources":16}{"median":>10}{"mean":>10}   target ≤ {TARGET_MS} ms')
    for name, row in result.items():
        print(f'{name:16}' + ''.join(f'{figure:7.2f} ms' for figure in row.values()))
    write_json(arguments.json, result)


if __name__ == '__main__':
    main()
