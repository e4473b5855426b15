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

"""What runs while the node is active: cameras, poses, worker, and what becomes of each frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
import gc
import time

from depth_anything_ros.config import CameraConfig, NodeConfig, SettingError
from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.frame import Frame
from depth_anything_ros.node import topics
from depth_anything_ros.node.camera_input import CameraInput, ImageMessage, TimeJumpError
from depth_anything_ros.node.health import CameraHealth, REPLACED, Throttle
from depth_anything_ros.node.images import InputError
from depth_anything_ros.node.outputs import CameraOutputs, GridOutput
from depth_anything_ros.node.parameters import camera_prefixes, Configs, Parameters
from depth_anything_ros.node.pose_sources import (
    FixedPoses,
    OdometryPoses,
    PoseError,
    PoseSource,
    Tf2Poses,
)
from depth_anything_ros.node.references import References
from depth_anything_ros.node.stamps import age_s
from depth_anything_ros.node.worker import Worker
from depth_anything_ros.pipeline import Output, Pipeline, StageClock, Step
from depth_anything_ros.scale.estimate import ScaleEstimate, ScaleHealth
from depth_anything_ros.transforms import (
    base_from_mounted_camera,
    rotation_from_rpy,
    Transform,
    transform_from,
)
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from std_msgs.msg import Header

SILENT_S = 1.0
KEPT_STEPS = 1000
SLOW_INFERENCE_MS = 25.0
WORSE = (ScaleHealth.GOOD, ScaleHealth.HELD, ScaleHealth.LOST)
JUMP_LINE_S = 1.0
"""The clock and the stamps of all cameras jump together: one line says it."""


class Session:
    """
    Subscribes, works and publishes from its creation until `close`.

    Raise PoseError where the poses that are asked for cannot be had, SettingError for QoS.
    """

    def __init__(
        self,
        node: LifecycleNode,
        parameters: Parameters,
        pipeline: Pipeline,
        outputs: Mapping[str, CameraOutputs],
        grid: GridOutput,
        died: Callable[[], None],
    ) -> None:
        """Start; `died` is called where a thread ends by an error."""
        self._node = node
        self._parameters = parameters
        self._outputs = outputs
        self._grid = grid
        self._mountings = mountings_of(parameters.configs)
        self._throttle = Throttle()
        self._last_step_at = time.monotonic()
        self._stage_ms: deque[Mapping[str, float]] = deque(maxlen=KEPT_STEPS)
        warn = node.get_logger().warning
        self.healths = {name: CameraHealth(name, warn) for name in outputs}
        with ExitStack() as undo:
            undo.callback(pipeline.reset_scale)
            undo.callback(pipeline.reset_grid, 'the node was deactivated')
            undo.callback(grid.publish_unknown)
            self._poses = self._pose_source()
            undo.callback(self._poses.close)
            self._subscribe(undo)
            self._worker: Worker[ImageMessage] = self._start(pipeline, died)
            undo.callback(self._worker.stop)
            # The collector would walk through all that stays, for tens of milliseconds at a time;
            # what an earlier configuration left would stay, too.
            gc.collect()
            gc.freeze()
            undo.callback(gc.unfreeze)
            undo.callback(self._abandon)
            self._undo = undo.pop_all()

    def close(self) -> None:
        """End the worker, unsubscribe, take the grid back and forget it and the scale."""
        self._undo.close()

    def _subscribe(self, undo: ExitStack) -> None:
        prefixes = camera_prefixes(list(self._outputs), '/')
        self._references = References(self._node, self._poses, prefixes)
        undo.callback(self._references.close)
        self._inputs: dict[str, CameraInput] = {}
        for name, health in self.healths.items():
            prefix = prefixes[name]
            camera = CameraInput(self._node, self._parameters, health, prefix, self._take)
            self._inputs[name] = camera
            undo.callback(camera.close)

    def _start(self, pipeline: Pipeline, died: Callable[[], None]) -> Worker[ImageMessage]:
        return Worker(
            pipeline,
            self._frames_of,
            self._located,
            self._wanted,
            self._publish,
            self._refused,
            died,
            overlap=overlaps(pipeline.info),
        )

    def reconfigure(self, configs: Configs) -> None:
        """Take new settings."""
        mountings = mountings_of(configs)
        self._mountings.update(mountings)
        for name in self._mountings.keys() - mountings.keys():
            del self._mountings[name]
        pipeline = self._worker.pipeline
        self._worker.between_steps(lambda: pipeline.reconfigure(configs.pipeline))

    def reset_grid(self) -> None:
        """Turn every cell unknown."""
        self._worker.between_steps(self._worker.pipeline.reset_grid)

    def reset_scale(self) -> None:
        """Forget the scale."""
        self._worker.between_steps(self._worker.pipeline.reset_scale)

    def forget_time(self, reason: str) -> None:
        """Start anew after time jumped: nothing of before fits what comes."""
        if self._throttle.allows('jump', JUMP_LINE_S):
            self._node.get_logger().warning(f'{reason}: scale, poses and grid start anew')
        for camera in self._inputs.values():
            camera.forget_time()
        self._poses.clear()
        self._references.clear()
        self._worker.between_steps(self._forget, discard=True)

    def watch(self) -> None:
        """Take the grid back where no camera has delivered for a second, or nobody listens."""
        if time.monotonic() - self._last_step_at > SILENT_S:
            self._worker.between_steps(self._take_back_grid)
        elif not self._grid.is_heard():  # it grows old then, and whoever comes would get it first
            self._worker.between_steps(self._grid.publish_unknown)

    def mean_stage_ms(self) -> dict[str, float]:
        """Return the milliseconds of each stage, the mean over the steps since the last call."""
        steps = [self._stage_ms.popleft() for _ in range(len(self._stage_ms))]
        names = dict.fromkeys(name for step in steps for name in step)
        return {name: sum(step.get(name, 0.0) for step in steps) / len(steps) for name in names}

    def is_heard(self, camera: str) -> bool:
        """Return whether somebody listens to what comes of a camera."""
        return self._outputs[camera].is_heard() or self._grid.is_heard()

    def _pose_source(self) -> PoseSource:
        def config() -> NodeConfig:
            return self._parameters.configs.node

        if config().pose_source == 'tf':
            return Tf2Poses(self._node, config)
        if config().pose_source == 'odometry':
            return OdometryPoses(self._node, config, self._mountings)
        return FixedPoses(config, self._mountings)

    def _forget(self) -> None:
        self._worker.pipeline.reset_scale()
        self._worker.pipeline.reset_grid('time went back')

    def _abandon(self) -> None:
        """Take the grid back at once: to end, a process may have less time than a step takes."""
        self._worker.mailbox.close()
        self._worker.between_steps(self._grid.publish_unknown, discard=True)

    def _take_back_grid(self) -> None:
        self._worker.pipeline.reset_grid('no image was processed for a second')
        self._grid.publish_unknown()

    def _take(self, camera: str, message: ImageMessage) -> None:
        health = self.healths[camera]
        health.received()
        try:
            self._outputs[camera].advertise_views(self._inputs[camera].view_count())
        except SettingError as error:
            health.warned('views', str(error))
        if self.is_heard(camera) and self._worker.mailbox.put(camera, message):
            health.dropped(REPLACED)

    def _frames_of(self, messages: Mapping[str, ImageMessage]) -> list[Frame]:
        frames = []
        for camera, message in messages.items():
            try:
                frames.append(self._inputs[camera].frame(message))
            except InputError as error:
                self.healths[camera].dropped(error.cause, str(error))
            except TimeJumpError as error:
                self.forget_time(str(error))
        return frames

    def _located(self, frame: Frame) -> Frame:
        health, stamp_ns = self.healths[frame.camera], frame.stamp_ns
        camera, base = None, None
        try:
            camera = self._poses.base_from_sensor(frame.camera, frame.frame_id, stamp_ns)
            base = self._poses.grid_from_base(stamp_ns)
        except PoseError as error:
            health.warned('pose', str(error))
        frame = replace(frame, base_from_camera=camera, grid_from_base=base)
        max_age_s = self._parameters.configs.pipeline.scale.reference_max_age_s
        references, problems = self._references.seen_by(frame, max_age_s)
        for topic, problem in problems.items():
            health.warned(topic, problem)
        return replace(frame, references=references)

    def _refused(self, frames: Sequence[Frame], error: Exception) -> None:
        for frame in frames:
            self.healths[frame.camera].dropped('processing', str(error))

    def _wanted(self) -> Output:
        wanted = Output.GRID if self._grid.is_heard() else Output(0)
        for outputs in self._outputs.values():
            wanted |= outputs.wanted()
        return wanted

    def _publish(self, step: Step) -> None:
        for frame, error in step.refused:
            self._refused([frame], error)
        if not step.cameras:
            return
        with StageClock(step.stage_ms).time('publish'):
            self._send(step)
        self._count(step)

    def _send(self, step: Step) -> None:
        config = self._parameters.configs.node
        for result in step.cameras:
            frame = result.frame
            stamp = Time(nanoseconds=frame.stamp_ns).to_msg()
            header = Header(stamp=stamp, frame_id=frame.frame_id)
            try:
                self._outputs[frame.camera].publish(result, header, config)
            except SettingError as error:
                self._refused([frame], error)
        stamp_ns = self._grid.stamp_of(max(result.frame.stamp_ns for result in step.cameras))
        if step.grid is not None and self._grid.is_due(stamp_ns, config.grid_rate_hz):
            stamp = Time(nanoseconds=stamp_ns).to_msg()
            poses = self._poses
            frame_id = poses.base_frame if step.grid.is_one_shot else poses.grid_frame
            self._grid.publish(step.grid, Header(stamp=stamp, frame_id=frame_id))

    def _count(self, step: Step) -> None:
        clock = self._node.get_clock()
        for result in step.cameras:
            scale = worst([depth_map.scale for depth_map in result.depth_maps])
            age = age_s(result.frame.stamp_ns, clock)
            self.healths[result.frame.camera].processed(age, scale)
        self._last_step_at = time.monotonic()
        self._stage_ms.append(step.stage_ms)


def worst(scales: Sequence[ScaleEstimate]) -> ScaleEstimate:
    """Return the scale that can be trusted least: by its health, then by its sigma."""
    return max(scales, key=lambda scale: (WORSE.index(scale.health), scale.sigma))


def overlaps(info: BackendInfo) -> bool:
    """
    Return whether mapping should run beside the next inference.

    On two cores it took the demo model from 65 to 88 Hz. Where inference takes every core for most
    of a frame, the two only slow each other, and every image is older.
    """
    return not info.fills_cpu or info.first_inference_ms < SLOW_INFERENCE_MS


def mountings_of(configs: Configs) -> dict[str, Transform]:
    """Return base_from_sensor of the cameras and reference topics whose mounting is set."""
    cameras = {name: _mounting(c) for name, c in configs.cameras.items() if c.camera_height_m > 0}
    node = configs.node
    sensors = {
        topics.SCAN_REFERENCE.name: node.scan_reference_mounting,
        topics.POINTS_REFERENCE.name: node.points_reference_mounting,
        topics.RANGE_REFERENCE.name: node.range_reference_mounting,
    }
    return cameras | {
        name: transform_from(rotation_from_rpy(*numbers[3:]), np.array(numbers[:3]))
        for name, numbers in sensors.items()
        if any(numbers)
    }


def _mounting(camera: CameraConfig) -> Transform:
    return base_from_mounted_camera(
        camera.camera_x_m,
        camera.camera_y_m,
        camera.camera_height_m,
        camera.camera_roll_rad,
        camera.camera_pitch_rad,
        camera.camera_yaw_rad,
    )
