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
How true the scale is, by source, in worlds that were never used for training and in an office.

Depth is ray-cast, so no OpenGL is needed, and turned into what a relative network says of it (see
`Network`): random scale and shift, 5 % noise, blurred edges and a flicker of ±10 %. The error of a
frame is the median over its pixels of |ẑ/z − 1|, within 6 m, where ẑ is what the scale makes of
the prediction without its noise. The office is a real recording of a depth camera, where one is
given.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
import math
from pathlib import Path
from typing import Any

import cv2
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.config import ScaleConfig
from depth_anything_ros.frame import Frame, Prediction, SparseReference, View
from depth_anything_ros.replay.bag import decode, Recording
from depth_anything_ros.replay.messages import depth_image
from depth_anything_ros.scale.estimate import ScaleEstimate
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.ground_plane import floor_inverse_depth, measure_floor
from depth_anything_ros.scale.mount_refinement import MountEstimate
from depth_anything_ros.scale.thumbnail import thumbnail
from depth_anything_ros.simulation.driving import drive
from depth_anything_ros.simulation.frames import BASE_FROM_CAMERA, simulate
from depth_anything_ros.simulation.worlds import make_world, TEST_SEEDS
from depth_anything_ros.transforms import (
    Transform,
    transform_points,
)
from machine import write_json
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 15.0
CAMERA = Pinhole.from_field_of_view(336, 252, 70.0)
FARTHEST_M = 6.0
WRONG_PITCH_RAD, WRONG_HEIGHT_M = math.radians(1.0), 0.02
SETTLING_S = 1.0
LIDAR_NOISE_M = 0.01
RANGE_NOISE, CONE_HALF_ANGLE_RAD = 0.01, math.radians(7.5)
MARKER_SIDE_M, MARKER_DEPTH_M, BOARD_SIDE_M = 0.1, 2.0, 0.2
MARKER_CAMERA = Pinhole.from_field_of_view(640, 480, 60.0)
HIDING_WALL_M = 1.0
HANDHELD = Pinhole(640, 480, 585.0, 585.0, 319.5, 239.5).resized(CAMERA.width, CAMERA.height)
TARGETS = {
    'floor': (3.0, 8.0),
    'floor_wrong_mount': (8.0, None),
    'floor_wrong_mount_refined': (4.0, None),
    'lidar': (2.0, 5.0),
    'range': (6.0, None),
    'marker': (3.0, None),
}

Depth = NDArray[np.float32]
Sources = dict[str, Any]


@dataclass(frozen=True)
class Sight:
    """True depth (h, w) in metres from one pose of the robot; base_from_camera None: handheld."""

    stamp_s: float
    depth_m: Depth
    base_from_camera: Transform | None
    grid_from_base: Transform | None
    pinhole: Pinhole = CAMERA

    @property
    def points(self) -> NDArray[np.float32]:
        """(h, w, 3) in the camera's optical frame."""
        return self.pinhole.back_project(self.depth_m)


class Network:
    """
    The errors of a relative network: d = (1/z − b) / a, blurred, times 1 + noise, cut at 0.

    a is random, b within ±20 % of the median inverse depth; both flicker from frame to frame, a by
    ±10 % and b by ±5 % of that median. Of the 5 % noise half the variance is white, and half is
    correlated over an eighth of the image: half of that changes where the robot moves.
    """

    def __init__(self, seed: int, first: Depth, still: bool = False) -> None:
        """Draw the scale, the shift and what of the noise stays: what is correlated, if still."""
        self._rng = np.random.default_rng([seed, 4])
        self._middle = float(np.median(1 / first))
        self._a = 0.02 * math.exp(self._rng.normal())
        self._b = self._rng.uniform(-0.2, 0.2) * self._middle
        self._still, self._moving = self._correlated(first.shape), self._correlated(first.shape)
        self._is_still = still

    def look(self, depth_m: Depth) -> tuple[Depth, Depth]:
        """Return (h, w) the prediction and what it would be without noise."""
        a = self._a * (1 + self._rng.uniform(-0.1, 0.1))
        b = self._b + self._rng.uniform(-0.05, 0.05) * self._middle
        clean = (cv2.GaussianBlur(1 / depth_m, (0, 0), 1.5) - b) / a
        white = self._rng.standard_normal(depth_m.shape, dtype=np.float32)
        moving = self._moving if self._is_still else self._correlated(depth_m.shape)
        noise = 0.05 * (math.sqrt(0.5) * white + 0.5 * moving + 0.5 * self._still)
        return np.maximum(clean * (1 + noise), 0).astype(np.float32), clean

    def _correlated(self, shape: tuple[int, ...]) -> Depth:
        small = self._rng.standard_normal((8, 8), dtype=np.float32)
        wide = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        return np.asarray(wide / wide.std(), dtype=np.float32)


def predict(sight: Sight, values: Depth, sources: Sources) -> Prediction:
    """Return the prediction of a sight; sources: what else the frame holds."""
    blank = np.zeros((*values.shape, 3), np.uint8)
    frame = Frame(
        camera='',
        stamp_ns=round(sight.stamp_s * 1e9),
        image=sources.pop('image', blank),
        channels='rgb',
        model=CameraModel(sources.pop('camera', sight.pinhole)),
        base_from_camera=sources.pop('base_from_camera', sight.base_from_camera),
        grid_from_base=sight.grid_from_base,
        references=sources.pop('references', ()),
    )
    image = frame.image if frame.image.shape == blank.shape else blank
    return Prediction(View(frame, 0, image, sight.pinhole, np.eye(3)), values, is_metric=False)


def error_of(estimate: ScaleEstimate, clean: Depth, depth_m: Depth) -> float:
    """Return the frame's error as a share, NaN where the scale is lost."""
    if not estimate.is_metric:
        return math.nan
    inverse_depth = np.maximum(estimate.a * clean + estimate.b, 1e-3)
    near = depth_m < FARTHEST_M
    return float(np.median(np.abs(1 / (inverse_depth * depth_m) - 1)[near]))


def errors(
    sights: Sequence[Sight],
    seed: int,
    sources: Callable[[Sight], Sources],
    config: ScaleConfig,
    settling: Callable[[Sight], Sources] | None = None,
) -> list[float]:
    """
    Return each frame's error.

    With `settling`: those sources and the floor in the first second, which is not counted.
    """
    network, estimator = Network(seed, sights[0].depth_m), ScaleEstimator(config)
    result = []
    for sight in sights:
        settled = settling is None or sight.stamp_s - sights[0].stamp_s >= SETTLING_S
        now = sources if settled or settling is None else settling
        estimator.config = config if settled else replace(config, use_floor=True)
        values, clean = network.look(sight.depth_m)
        estimate = estimator.update(predict(sight, values, now(sight)))
        if settled:
            result.append(error_of(estimate, clean, sight.depth_m))
    return result


def nothing(_: Sight) -> Sources:
    """Return nothing but the true mount, which every frame has: the floor is the source."""
    return {}


def floor_wrong_mount(seed: int) -> Callable[[Sight], Sources]:
    """
    Return the source: a mount 1° and 2 cm off, and an image of what is there.

    Each of four worlds has other signs: the two errors add up in half of them.
    """
    pitch, height = ((1, 1), (1, -1), (-1, 1), (-1, -1))[seed % 4]
    off = MountEstimate(pitch * WRONG_PITCH_RAD, height * WRONG_HEIGHT_M, 0.0, 0.0)
    return lambda sight: {
        'base_from_camera': off.applied(np.asarray(sight.base_from_camera)),
        'image': mottled(sight),
    }


def mottled(sight: Sight) -> NDArray[np.uint8]:
    """Return the (h, w, 3) image of a world whose surfaces have a mottle of 5 to 30 cm."""
    pose = np.asarray(sight.grid_from_base) @ np.asarray(sight.base_from_camera)
    points = transform_points(pose, sight.points)
    mottle = np.zeros(sight.depth_m.shape)
    rng = np.random.default_rng(7)
    for wavelength in rng.uniform(0.1, 0.6, 16):
        direction = rng.standard_normal(3)
        wave = points @ (direction / np.linalg.norm(direction) * 2 * np.pi / wavelength)
        fading = np.exp(-((sight.depth_m / (20 * wavelength)) ** 2))
        mottle += fading * np.sin(wave + rng.uniform(0, 2 * np.pi))
    gray = np.clip(128 + 22 * mottle, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def lidar(sight: Sight) -> Sources:
    """Return the points of one row of the image, with 1 cm of noise."""
    row = sight.points[sight.pinhole.height * 2 // 5]
    noise = LIDAR_NOISE_M * np.random.default_rng(_ns(sight)).standard_normal((len(row), 1))
    points = row * (1 + noise / np.linalg.norm(row, axis=1, keepdims=True)).astype(np.float32)
    return {'references': [SparseReference('scan', _ns(sight), points)]}


def range_sensor(sight: Sight) -> Sources:
    """Return what a sonar with a cone of 15° along the optical axis reads, with 1 % noise."""
    across = np.hypot(*np.meshgrid(sight.pinhole.ray_x, sight.pinhole.ray_y))
    inside = np.linalg.norm(sight.points[across < math.tan(CONE_HALF_ANGLE_RAD)], axis=1)
    noise = 1 + RANGE_NOISE * np.random.default_rng(_ns(sight)).standard_normal()
    axis = np.array([[0.0, 0.0, inside.min() * noise]], dtype=np.float32)
    reference = SparseReference('range', _ns(sight), axis, CONE_HALF_ANGLE_RAD)
    return {'references': [reference]}


def _ns(sight: Sight) -> int:
    return round(sight.stamp_s * 1e9)


def before_marker(sights: Sequence[Sight]) -> list[Sight]:
    """Return the sights with a board 2 m before the camera, where nothing is nearer."""
    rays = np.maximum(*np.abs(np.meshgrid(CAMERA.ray_x, CAMERA.ray_y)))
    board = rays < BOARD_SIDE_M / 2 / MARKER_DEPTH_M
    return [
        replace(sight, depth_m=np.where(board, np.float32(MARKER_DEPTH_M), sight.depth_m))
        for sight in sights
        if sight.depth_m[board].min() > MARKER_DEPTH_M
    ]


def marker_sources(seed: int) -> Callable[[Sight], Sources]:
    """Return the source: an image of the board with its marker, turned at random."""
    turn = np.random.default_rng([seed, 5]).uniform(-0.4, 0.4, 3)
    image = np.repeat(marker_image(turn)[..., None], 3, axis=2)
    return lambda _: {'image': image, 'camera': MARKER_CAMERA}


def marker_image(turn: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the (h, w) image of a marker 2 m away; a camera integrates over its pixels."""
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    black = cv2.aruco.generateImageMarker(family, 3, 200)
    sheet = cv2.copyMakeBorder(black, 50, 50, 50, 50, cv2.BORDER_CONSTANT, value=255)
    half = MARKER_SIDE_M / 2 * 300 / 200
    square = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
    rotation, _ = cv2.Rodrigues(turn)
    corners = 4 * MARKER_CAMERA.project(square @ rotation.T + (0, 0, MARKER_DEPTH_M)) + 1.5
    ends = np.array([[-0.5, -0.5], [299.5, -0.5], [299.5, 299.5], [-0.5, 299.5]])
    warp = cv2.getPerspectiveTransform(ends.astype(np.float32), corners.astype(np.float32))
    size = (4 * MARKER_CAMERA.width, 4 * MARKER_CAMERA.height)
    large = cv2.warpPerspective(sheet, warp, size, borderValue=(128,))
    small = cv2.resize(large, (MARKER_CAMERA.width, MARKER_CAMERA.height), interpolation=3)
    noise = np.random.default_rng(8).normal(0, 3, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)


def hidden_at(sights: Sequence[Sight], seed: int) -> float | None:
    """Return how long metres went on after a wall came to fill the view, None where they stay."""
    config = ScaleConfig()
    network, estimator = Network(seed, sights[0].depth_m), ScaleEstimator(config)
    for sight in sights[: round(RATE_HZ)]:
        values, _ = network.look(sight.depth_m)
        estimator.update(predict(sight, values, {}))
    wall_m = np.full_like(sights[0].depth_m, HIDING_WALL_M)
    still = sights[round(RATE_HZ) - 1]
    last_metric_s = 0.0
    for i in range(1, round(2 * config.scale_timeout_s * RATE_HZ)):
        later = replace(still, stamp_s=still.stamp_s + i / RATE_HZ)
        estimate = estimator.update(predict(later, network.look(wall_m)[0], {}))
        if estimate.is_metric:
            last_metric_s = i / RATE_HZ
    return last_metric_s if last_metric_s <= config.scale_timeout_s else None


def little_floor(sights: Sequence[Sight]) -> Sight:
    """Return the sight of which nearest to 15 % is floor."""
    inverse = floor_inverse_depth(CAMERA, np.asarray(sights[0].base_from_camera))
    shares = [float(np.mean(np.abs(sight.depth_m * inverse - 1) < 0.01)) for sight in sights]
    return sights[int(np.argmin(np.abs(np.array(shares) - 0.15)))]


def spreads(sight: Sight, seed: int) -> dict[str, float]:
    """Return how much metric depth changes from frame to frame at fixed pixels of a still view."""
    network, estimator = Network(seed, sight.depth_m, True), ScaleEstimator(ScaleConfig())
    logs: dict[str, list[NDArray[np.float64]]] = {'fused': [], 'per_frame': [], 'fixed': []}
    a = b = math.nan
    for i in range(60):
        values, clean = network.look(sight.depth_m)
        now = replace(sight, stamp_s=sight.stamp_s + i / RATE_HZ)
        prediction = predict(now, values, {})
        estimate = estimator.update(prediction)
        single = measure_floor(thumbnail(prediction), with_shift=True)
        if single is None or not estimate.is_metric:
            continue
        if math.isnan(a):
            a, b = single.a, single.b
        some = clean[::20, ::20][sight.depth_m[::20, ::20] < FARTHEST_M]
        for name, scale in (('fused', estimate), ('per_frame', single)):
            logs[name].append(np.log(np.maximum(scale.a * some + scale.b, 1e-3)))
        logs['fixed'].append(np.log(np.maximum(a * some + b, 1e-3)))
    return {
        name: float(np.median(np.std(np.diff(values[15:], axis=0), axis=0)))
        for name, values in logs.items()
    }


def worlds(count: int, seconds: float) -> Iterator[tuple[int, list[Sight]]]:
    """Yield the seed of each world and what a robot sees that drives through it."""
    for seed in TEST_SEEDS[:count]:
        world = make_world(seed)
        frames = simulate(world, drive(world, seconds, RATE_HZ), CAMERA, BASE_FROM_CAMERA)
        yield (
            seed,
            [
                Sight(i / RATE_HZ, frame.depth_m, frame.base_from_camera, frame.odom_from_base)
                for i, frame in enumerate(frames)
            ],
        )


def handheld(path: Path) -> list[Sight]:
    """Return the sights of a recorded depth camera, holes filled; it knows no floor."""
    sights = []
    with Recording(path) as recording:
        for raw in recording.messages(['/camera/depth/image_raw/compressedDepth']):
            depth_m = _filled(depth_image(decode(raw)))
            sights.append(Sight(len(sights) / 30, depth_m, None, None, HANDHELD))
    return sights


def _filled(depth_m: Depth) -> Depth:
    size = (CAMERA.width, CAMERA.height)
    metres = np.nan_to_num(cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST))
    holes = ((metres < 0.3) | (metres > 10)).astype(np.uint8)
    return np.asarray(cv2.inpaint(metres, holes, 3, cv2.INPAINT_NS))


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return the row of the table: errors in percent, and how many frames had metres."""
    known = np.array([value for value in values if not math.isnan(value)])
    return {
        'median_percent': 100 * float(np.median(known)) if len(known) else math.inf,
        'p95_percent': 100 * float(np.quantile(known, 0.95)) if len(known) else math.inf,
        'known_percent': 100 * len(known) / max(len(values), 1),
    }


def measure_worlds(count: int, seconds: float) -> dict[str, Any]:
    """Return every row of rendered worlds."""
    rows: dict[str, list[float]] = {name: [] for name in TARGETS}
    hidden, still = [], []
    no_floor = ScaleConfig(use_floor=False)
    marked = replace(no_floor, marker_size_m=MARKER_SIDE_M)
    for seed, sights in worlds(count, seconds):
        rows['floor'] += errors(sights, seed, nothing, ScaleConfig())
        wrong_mount = floor_wrong_mount(seed)
        rows['floor_wrong_mount'] += errors(sights, seed, wrong_mount, ScaleConfig())
        refining = ScaleConfig(refine_mount=True)
        rows['floor_wrong_mount_refined'] += errors(
            sights, seed, wrong_mount, refining, wrong_mount
        )
        rows['lidar'] += errors(sights, seed, lidar, no_floor)
        rows['range'] += errors(sights, seed, range_sensor, no_floor, nothing)
        if marker_sights := before_marker(sights):
            source = marker_sources(seed)
            rows['marker'] += errors(marker_sights, seed, source, marked, nothing)
        hidden.append(hidden_at(sights, seed))
        still.append(spreads(little_floor(sights), seed))
    result: dict[str, Any] = {name: summary(values) for name, values in rows.items()}
    longest = max((seconds for seconds in hidden if seconds is not None), default=0.0)
    result['floor_hidden'] = {'reported_lost': None not in hidden, 'lost_after_s': longest}
    middle = {name: float(np.median([s[name] for s in still])) for name in still[0]}
    result['stability'] = {
        'spread_ratio_per_frame': middle['fused'] / middle['per_frame'],
        'spread_ratio_fixed': middle['fused'] / middle['fixed'],
    }
    return result


def measure_recording(path: Path) -> dict[str, Any]:
    """Return the rows of a real recording."""
    sights = handheld(path)
    config = ScaleConfig()
    return {
        'lidar': summary(errors(sights, 0, lidar, config)),
        'range': summary(errors(sights, 0, range_sensor, config, lidar)),
    }


def print_table(result: dict[str, Any]) -> None:
    """Print every row beside its target."""
    print(f'{"source":34}{"median":>9}{"p95":>9}{"known":>9}   target (median, p95)')
    rows = {name: result[name] for name in TARGETS}
    rows |= {f'{name}, real recording': row for name, row in result.get('recording', {}).items()}
    for name, row in rows.items():
        figures = [row[key] for key in ('median_percent', 'p95_percent', 'known_percent')]
        targets = ', '.join(
            '–' if t is None else f'≤ {t:g} %' for t in TARGETS[name.split(',')[0]]
        )
        print(f'{name:34}' + ''.join(f'{figure:7.1f} %' for figure in figures) + f'   {targets}')
    print(f'floor hidden: {result["floor_hidden"]}')
    print(f'stability (≤ 0.33 both): {result["stability"]}')


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--worlds', type=int, default=8, help='worlds to drive through')
    parser.add_argument('--seconds', type=float, default=3.0, help='of each drive')
    parser.add_argument('--recording', type=Path, help='of a depth camera, none where not given')
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    arguments = parser.parse_args()
    result = measure_worlds(arguments.worlds, arguments.seconds)
    if arguments.recording:
        result['recording'] = measure_recording(arguments.recording)
    print_table(result)
    write_json(arguments.json, result)


if __name__ == '__main__':
    main()
