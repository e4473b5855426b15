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

"""ROS parameters made from the settings of config.py, and configs made from the parameters."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
import re
from typing import Any, get_origin, NamedTuple

from depth_anything_ros.config import (
    build,
    CameraConfig,
    EstimationConfig,
    NodeConfig,
    PipelineConfig,
    Setting,
    SettingError,
    settings_of,
)
from depth_anything_ros.mapping.body_mask import mask_image
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

SHARED = (NodeConfig, EstimationConfig, PipelineConfig)
"""Declared once per node; CameraConfig once per camera."""

STATIC = {s.name for config_class in SHARED for s in settings_of(config_class) if not s.dynamic}


class Configs(NamedTuple):
    """Every setting of a node; `cameras` by name."""

    node: NodeConfig
    estimation: EstimationConfig
    pipeline: PipelineConfig
    cameras: Mapping[str, CameraConfig]


def camera_prefixes(cameras: Sequence[str], separator: str) -> dict[str, str]:
    """Return what precedes the names that belong to each camera: nothing where it is the only."""
    return {name: f'{name}{separator}' if len(cameras) > 1 else '' for name in cameras}


def descriptor_of(setting: Setting) -> ParameterDescriptor:
    """Return the descriptor; whole numbers are taken for floats, so its type is dynamic."""
    unit = f' [{setting.unit}]' if setting.unit else ''
    descriptor = ParameterDescriptor(
        description=setting.description + unit,
        additional_constraints=f'one of {", ".join(setting.choices)}' if setting.choices else '',
        dynamic_typing=True,
    )
    low, high = setting.minimum, setting.maximum
    if low is None or high is None:
        return descriptor
    if setting.kind is float:
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    elif setting.kind is int:
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    else:  # ranges of descriptors are for single numbers
        descriptor.additional_constraints = f'each number from {low:g} to {high:g}'
    return descriptor


def _refuse_names(cameras: Sequence[str]) -> None:
    is_fit = all(re.fullmatch(r'[A-Za-z]\w*', name) for name in cameras)
    if not is_fit or not cameras or len(set(cameras)) < len(cameras):
        raise SettingError(
            f'cameras must be different names of letters, digits and _, not {list(cameras)}'
        )


def _refuse_frames(config: NodeConfig) -> None:
    if not config.base_frame:
        raise SettingError('base_frame must be the frame of the robot, such as base_link')
    frames = ('', config.base_frame.strip('/'))
    if config.pose_source == 'tf' and config.grid_frame.strip('/') in frames:
        raise SettingError('grid_frame must be a fixed frame such as odom, not base_frame')


def _refuse_unreadable_mask(configs: Configs) -> None:
    """Refuse now what would otherwise stop every image later."""
    config = configs.pipeline.cleaning
    for camera in configs.cameras if config.body_mask else ():
        mask_image(config, camera)


def _filled(value: Any, setting: Setting) -> Any:
    """Return an empty list for None: what rclpy makes of [] at start has no type."""
    return () if value is None and get_origin(setting.kind) is tuple else value


def _plain(value: Any) -> Any:
    """Return a list in place of the array that holds numbers which came by service."""
    return value.tolist() if isinstance(value, array) else value


class Parameters:
    """
    The node's parameters, all of them checked together on every change.

    `configs` always holds the settings in force.
    """

    def __init__(self, node: LifecycleNode, changed: Callable[[Configs], None]) -> None:
        """
        Declare every parameter; `changed` is called with the settings after each change.

        Raise SettingError where the values given at start contradict each other.
        """
        self._node = node
        self._changed = changed
        self.is_configured = False
        """While it is, settings that are not dynamic are refused."""
        for config_class in SHARED:
            self._declare(config_class, '')
        self.configs = self._checked({})
        self.declare_cameras()
        node.add_on_set_parameters_callback(self._on_set)

    def refuse_unreadable_files(self) -> None:
        """Raise SettingError where a file that a setting names cannot be read."""
        _refuse_unreadable_mask(self.configs)

    def declare_cameras(self) -> None:
        """Declare the parameters of cameras that are new; raise SettingError for wrong values."""
        for prefix in camera_prefixes(self.configs.node.cameras, '.').values():
            self._declare(CameraConfig, prefix)
        self.configs = self._checked({})

    def _declare(self, config_class: type[Any], prefix: str) -> None:
        for setting in settings_of(config_class):
            name = prefix + setting.name
            if not self._node.has_parameter(name):
                self._node.declare_parameter(name, setting.default, descriptor_of(setting))

    def _checked(self, changes: Mapping[str, Any]) -> Configs:
        def values(config_class: type[Any], prefix: str = '') -> dict[str, Any]:
            settings = {setting.name: setting for setting in settings_of(config_class)}
            known = {n: prefix + n for n in settings if self._node.has_parameter(prefix + n)}
            current = {
                n: _filled(self._node.get_parameter(full).value, settings[n])
                for n, full in known.items()
            }
            changed = {n: changes[prefix + n] for n in settings if prefix + n in changes}
            return {n: _plain(value) for n, value in (current | changed).items()}

        node = build(NodeConfig, values(NodeConfig))
        _refuse_names(node.cameras)
        _refuse_frames(node)
        prefixes = camera_prefixes(node.cameras, '.')
        return Configs(
            node,
            build(EstimationConfig, values(EstimationConfig)),
            build(PipelineConfig, values(PipelineConfig)),
            {name: build(CameraConfig, values(CameraConfig, p)) for name, p in prefixes.items()},
        )

    def _on_set(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        changes = {parameter.name: parameter.value for parameter in parameters}
        if all(name.startswith('qos_overrides.') for name in changes):
            return SetParametersResult(successful=True)
        try:
            self._refuse_static(changes)
            configs = self._checked(changes)
            if 'body_mask' in changes:
                _refuse_unreadable_mask(configs)
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if configs != self.configs:
            self.configs = configs
            self._changed(configs)
        return SetParametersResult(successful=True)

    def _refuse_static(self, changes: Mapping[str, Any]) -> None:
        names = sorted(STATIC & set(changes))
        if self.is_configured and names:
            raise SettingError(
                f'{", ".join(names)} takes effect when the node is configured: '
                'deactivate it and clean it up first'
            )
