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

"""One step through the stages: frames → views → predictions → metric depth → cloud, scan, grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import auto, Flag
import time

from depth_anything_ros.config import PipelineConfig, SettingError
from depth_anything_ros.estimation.backend import Backend, BackendInfo
from depth_anything_ros.estimation.preprocess import Preprocessor
from depth_anything_ros.frame import DepthMap, Frame, Prediction
from depth_anything_ros.mapping.body_mask import BodyMask
from depth_anything_ros.mapping.cleaning import Cleaner
from depth_anything_ros.mapping.confidence import ConfidenceEstimator
from depth_anything_ros.mapping.local_grid import LocalGrid, OccupancyGrid, POSELESS_NS
from depth_anything_ros.mapping.obstacles import ObstacleFinder, Surroundings
from depth_anything_ros.mapping.point_cloud import point_cloud, PointCloud
from depth_anything_ros.mapping.virtual_scan import virtual_scan, VirtualScan
from depth_anything_ros.scale.fusion import ScaleEstimator
from depth_anything_ros.scale.metric_depth import metric_depth
import numpy as np
from numpy.typing import NDArray


class Output(Flag):
    """What somebody wants of a step besides depth; the rest is not computed."""

    POINTS = auto()
    SCAN = auto()
    GRID = auto()


@dataclass
class StageClock:
    """Milliseconds spent in each stage of a step, added up over its views."""

    stage_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the duration of the block to a stage."""
        start = time.perf_counter()
        yield
        elapsed_ms = (time.perf_counter() - start) * 1e3
        self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + elapsed_ms


@dataclass(frozen=True)
class Estimate:
    """The network's share of a step: the predictions of all views of all frames."""

    frames: Sequence[Frame]
    predictions: Sequence[Prediction]
    clock: StageClock


@dataclass(frozen=True)
class CameraResult:
    """
    What one step gave for one camera; one prediction and one depth map a view.

    surroundings: one a view, none where the camera's place on the robot is unknown. cloud, scan:
    None where they were not wanted.
    """

    frame: Frame
    predictions: Sequence[Prediction]
    depth_maps: Sequence[DepthMap]
    surroundings: Sequence[Surroundings]
    cloud: PointCloud | None
    scan: VirtualScan | None


@dataclass(frozen=True)
class Step:
    """
    The outcome of one step; stage_ms holds the time of every stage that ran.

    refused: frames whose camera has settings that cannot be used, and why; without another one
    there is no grid.
    """

    cameras: Sequence[CameraResult]
    grid: OccupancyGrid | None
    stage_ms: dict[str, float]
    refused: Sequence[tuple[Frame, SettingError]] = ()


class _ViewState:
    """What the stages remember of a view from frame to frame."""

    def __init__(self, config: PipelineConfig) -> None:
        self.scale = ScaleEstimator(config.scale)
        self.body = BodyMask()
        self.confidence = ConfidenceEstimator(config.cleaning)
        self.cleaner = Cleaner(config.cleaning)
        self.obstacles = ObstacleFinder(config.obstacle)

    def reconfigure(self, config: PipelineConfig) -> None:
        self.scale.config = config.scale
        self.confidence.config = config.cleaning
        self.cleaner.config = config.cleaning
        self.obstacles.config = config.obstacle


class Pipeline:
    """
    The stages in their order.

    `estimate` and `interpret` may run in two threads, one each, so that the network works on the
    next frames while the last ones are mapped. The other methods belong to the thread of
    `interpret`.
    """

    def __init__(self, backend: Backend, config: PipelineConfig) -> None:
        """Take a loaded network; the pipeline does not close it."""
        self._backend = backend
        self._preprocessor = Preprocessor(backend.info.height, backend.info.width)
        self._config = config
        self._states: dict[tuple[str, int], _ViewState] = {}
        self._grid = LocalGrid(config.grid)

    @property
    def info(self) -> BackendInfo:
        """Return what runs the network."""
        return self._backend.info

    @property
    def grid_reset(self) -> str:
        """Return why the grid last became unknown as a whole, '' if it never did."""
        return self._grid.reset_reason

    def estimate(self, frames: Sequence[Frame], clock: StageClock) -> Estimate:
        """
        Return the predictions for at most one frame of each camera, in one batch.

        clock: of the step. Raise CameraError where an image does not fit its calibration.
        """
        info = self._backend.info
        if (info.height, info.width) != (self._preprocessor.height, self._preprocessor.width):
            self._preprocessor = Preprocessor(info.height, info.width)
        with clock.time('remap'):
            views, batch = self._preprocessor.views(frames)
        with clock.time('infer'):
            values = self._backend.infer(batch)
        predictions = [
            Prediction(view, value, info.is_metric, info.depth_sigma)
            for view, value in zip(views, values, strict=True)
        ]
        return Estimate(frames, predictions, clock)

    def interpret(self, estimate: Estimate, outputs: Output) -> Step:
        """Return metric depth of an estimate's views, and of the outputs those that are wanted."""
        clock, predictions = estimate.clock, estimate.predictions
        cameras: list[CameraResult] = []
        refused: list[tuple[Frame, SettingError]] = []
        for frame in estimate.frames:
            try:
                cameras.append(self._interpret_camera(frame, predictions, outputs, clock))
            except SettingError as error:
                refused.append((frame, error))
        grid = None
        if Output.GRID in outputs and cameras:
            with clock.time('grid'):
                grid = self._updated_grid(cameras)
        return Step(cameras, grid, clock.stage_ms, refused)

    def reconfigure(self, config: PipelineConfig) -> None:
        """Take new settings; those that are not dynamic must be as they were."""
        self._config = config
        for state in self._states.values():
            state.reconfigure(config)
        self._grid.config = config.grid

    def reset_scale(self) -> None:
        """Forget the scale of every view and what else is known from its last frames."""
        self._states.clear()

    def reset_grid(self, reason: str = 'asked for') -> None:
        """Turn every cell unknown; reason: what `grid_reset` then says."""
        self._grid.reset(reason)

    def _updated_grid(self, cameras: Sequence[CameraResult]) -> OccupancyGrid:
        self._grid.update([view for camera in cameras for view in camera.surroundings])
        for camera in cameras:
            if not camera.surroundings:
                reason = "no camera's place on the robot is known"
                self._grid.lose(camera.frame, reason, POSELESS_NS)
        return self._grid.occupancy()

    def _interpret_camera(
        self, frame: Frame, predictions: Sequence[Prediction], outputs: Output, clock: StageClock
    ) -> CameraResult:
        own = [prediction for prediction in predictions if prediction.view.frame is frame]
        depth_maps = [self._depth_map(prediction, clock) for prediction in own]
        cleaned: list[NDArray[np.float32]] = []
        surroundings: list[Surroundings] = []
        cloud, scan = None, None
        views = [d.view for d in depth_maps]
        range_max_m = self._config.cleaning.range_max_m
        if outputs:
            with clock.time('clean'):
                cleaned = [self._state(d.view.index, frame).cleaner.clean(d) for d in depth_maps]
        if outputs & (Output.SCAN | Output.GRID) and frame.base_from_camera is not None:
            with clock.time('obstacles'):
                surroundings = [
                    self._state(d.view.index, frame).obstacles.find(d, c, range_max_m)
                    for d, c in zip(depth_maps, cleaned, strict=True)
                ]
        if Output.POINTS in outputs:
            with clock.time('cloud'):
                cloud = point_cloud(views, cleaned, self._config.cloud, range_max_m)
        if Output.SCAN in outputs and surroundings:
            with clock.time('scan'):
                scan = virtual_scan(surroundings, self._config.scan)
        return CameraResult(frame, own, depth_maps, surroundings, cloud, scan)

    def _depth_map(self, prediction: Prediction, clock: StageClock) -> DepthMap:
        state = self._state(prediction.view.index, prediction.view.frame)
        with clock.time('scale'):
            scale = state.scale.update(prediction)
            depth_m = metric_depth(prediction, scale)
        with clock.time('confidence'):
            view = state.body.applied_to(prediction.view, self._config.cleaning)
            prediction = replace(prediction, view=view)
            confidence = state.confidence.estimate(prediction, depth_m, scale)
        view = state.scale.refined(prediction.view)
        return DepthMap(view, depth_m, confidence, scale, prediction.sigma)

    def _state(self, view_index: int, frame: Frame) -> _ViewState:
        key = frame.camera, view_index
        if key not in self._states:
            self._states[key] = _ViewState(self._config)
        return self._states[key]
