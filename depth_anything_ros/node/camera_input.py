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

"""One camera's topics: images handed over as they come, made into frames in the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from depth_anything_ros.camera import CameraError, CameraModel, Pinhole, virtual_cameras
from depth_anything_ros.frame import Frame
from depth_anything_ros.node import topics
from depth_anything_ros.node.calibration import camera_from_message, fitted_to_image
from depth_anything_ros.node.health import CameraHealth
from depth_anything_ros.node.images import (
    image_from_compressed,
    image_from_message,
    InputError,
)
from depth_anything_ros.node.parameters import Parameters
from depth_anything_ros.node.quality_of_service import subscribe
from depth_anything_ros.node.stamps import age_s, nanoseconds
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

ImageMessage: TypeAlias = Image | CompressedImage

FUTURE_S = 0.1
JUMP_S = 1.0
TRAINED_FOV_DEG = (40.0, 120.0)

ANY_SIZE = (320, 240)
"""Width and height; into how many views a camera is split does not depend on it."""


class TimeJumpError(Exception):
    """The stamps went back: a recording started again."""


class CameraInput:
    """Subscribes to one camera and makes frames, without poses, of its messages."""

    def __init__(
        self,
        node: LifecycleNode,
        parameters: Parameters,
        health: CameraHealth,
        prefix: str,
        hand_over: Callable[[str, ImageMessage], None],
    ) -> None:
        """Subscribe; `hand_over` takes each image message and must not block."""
        self._node = node
        self._parameters = parameters
        self._health = health
        self._name = health.name
        self._info: CameraInfo | None = None
        self._model: tuple[object, CameraModel, float] | None = None
        self._count: tuple[object, int] | None = None
        self._last_stamp_ns = 0
        is_raw = parameters.configs.node.image_transport == 'raw'
        image = topics.IMAGE if is_raw else topics.COMPRESSED_IMAGE
        self._subscriptions = [
            subscribe(node, topics.CAMERA_INFO, prefix, self._keep_info),
            subscribe(node, image, prefix, lambda message: hand_over(self._name, message)),
        ]

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def forget_time(self) -> None:
        """Accept any stamp next."""
        self._last_stamp_ns = 0

    def view_count(self) -> int:
        """Return how many views the camera will be split into, as far as is known yet."""
        info = self._info
        key = (*self._settings(), None if info is None else _content(info))
        if self._count is None or self._count[0] != key:
            self._count = key, self._counted(info)
        return self._count[1]

    def frame(self, message: ImageMessage) -> Frame:
        """
        Return the frame of a message; its image may be a view of the message.

        Raise InputError where it cannot be used, TimeJumpError where the stamps went back.
        """
        stamp_ns = nanoseconds(message.header.stamp)
        self._check_time(stamp_ns)
        frame_id = message.header.frame_id or f'{self._name}_optical_frame'
        decode = image_from_message if isinstance(message, Image) else image_from_compressed
        image, channels = decode(message)
        height, width = image.shape[:2]
        try:
            model = self._model_of(width, height)
        except CameraError as error:
            raise InputError('calibration', str(error)) from error
        return Frame(self._name, stamp_ns, image, channels, model, frame_id=frame_id)

    def _keep_info(self, message: CameraInfo) -> None:
        self._info = message

    def _check_time(self, stamp_ns: int) -> None:
        if stamp_ns <= 0:
            raise InputError('stamp', 'its stamp is not set: the driver must set header.stamp')
        # What is too far ahead or behind leaves no trace: it, or the next good image, would look
        # like time that went back.
        seconds = age_s(stamp_ns, self._node.get_clock())
        if seconds is not None:
            self._check_future(-seconds)
            self._check_age(seconds)
        behind_s = (self._last_stamp_ns - stamp_ns) / 1e9
        if behind_s > JUMP_S:
            raise TimeJumpError(f'stamps of {self._name} went back by {behind_s:.1f} s')
        if behind_s > 0:
            raise InputError('order', 'it is older than the one before')
        self._last_stamp_ns = stamp_ns

    def _check_future(self, ahead_s: float) -> None:
        text = f'the stamp is {ahead_s:.2f} s in the future'
        longest_s = self._parameters.configs.node.max_age_s
        if ahead_s > longest_s:
            raise InputError(
                'future', f'{text}, more than max_age_s ({longest_s:g}): synchronise the clocks'
            )
        if ahead_s > FUTURE_S:
            self._health.warned('stamp', f'{text}: synchronise the clocks')

    def _check_age(self, seconds: float) -> None:
        longest_s = self._parameters.configs.node.max_age_s
        if seconds > longest_s:
            raise InputError(
                'age',
                f'the image is {seconds:.2f} s old, more than max_age_s ({longest_s:g}): '
                'synchronise the clocks; with a recording, play with --clock and set use_sim_time',
            )

    def _model_of(self, width: int, height: int) -> CameraModel:
        info = self._info  # the executor's thread may put another in its place meanwhile
        is_rectified, fov_deg = self._settings()
        key = (width, height, is_rectified, fov_deg, None if info is None else _content(info))
        if self._model is None or self._model[0] != key:
            if info is None:
                model = _assumed_model(width, height, fov_deg)
            else:
                camera = camera_from_message(info, is_rectified=is_rectified)
                model = fitted_to_image(camera, width, height)
            virtual_cameras(model, width, height)
            self._model = key, model, model.horizontal_fov_deg
        self._warn_of(info, self._model[2], width)
        return self._model[1]

    def _settings(self) -> tuple[bool, float]:
        configs = self._parameters.configs
        return configs.node.image_is_rectified, configs.cameras[self._name].horizontal_fov_deg

    def _counted(self, info: CameraInfo | None) -> int:
        is_rectified, fov_deg = self._settings()
        try:
            if info is None:
                camera = _assumed_model(*ANY_SIZE, fov_deg)
            else:
                camera = camera_from_message(info, is_rectified=is_rectified)
            return len(virtual_cameras(camera, *ANY_SIZE))
        except (CameraError, InputError):  # which the first image will tell
            return 1

    def _warn_of(self, info: CameraInfo | None, fov_deg: float, width: int) -> None:
        if info is None:
            self._health.warned(
                'camera_info', 'no camera_info: horizontal_fov_deg stands in, distances are rough'
            )
        elif info.width != width and not (info.roi.width or info.binning_x > 1):
            self._health.warned(
                'size',
                f'camera_info is for a width of {info.width}, the image has {width}: '
                'taken as resized',
            )
        if not TRAINED_FOV_DEG[0] <= fov_deg <= TRAINED_FOV_DEG[1]:
            self._health.warned(
                'field of view',
                f'{fov_deg:.0f}° wide: the network knows 50–90°, expect 18–35 % more error',
            )


def _assumed_model(width: int, height: int, fov_deg: float) -> CameraModel:
    if fov_deg == 0:
        raise InputError(
            'camera_info',
            'no camera_info yet: remap it, or set horizontal_fov_deg for a rough guess',
        )
    return CameraModel(Pinhole.from_field_of_view(width, height, fov_deg))


def _content(info: CameraInfo) -> tuple[object, ...]:
    roi = info.roi
    return (
        (info.width, info.height, info.distortion_model, info.binning_x, info.binning_y),
        (roi.x_offset, roi.y_offset, roi.width, roi.height),
        (bytes(info.d), bytes(info.k), bytes(info.p)),
    )
