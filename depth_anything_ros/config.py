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
Every setting, declared once: type, default, unit, range and description.

The node's ROS parameters and docs/reference are made from these classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
import math
from typing import Any, get_args, get_origin, get_type_hints, TypeVar


def setting(
    default: Any,
    description: str,
    *,
    unit: str = '',
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    length: int | None = None,
    is_polygon: bool = False,
    dynamic: bool = True,
) -> Any:
    """
    Return a dataclass field with its documentation.

    minimum, maximum: of a number, or of each number of a list; length: of a list; is_polygon: it
    has the corners x, y, x, y, …; dynamic: whether a running node can take a new value as it is.
    """
    metadata = {
        'description': description,
        'unit': unit,
        'minimum': minimum,
        'maximum': maximum,
        'choices': choices,
        'length': length,
        'is_polygon': is_polygon,
        'dynamic': dynamic,
    }
    return field(default=default, metadata=metadata)


class SettingError(ValueError):
    """A setting out of its range, or settings that contradict each other."""


@dataclass(frozen=True)
class EstimationConfig:
    """Which network runs, where, and at which size."""

    model: str = setting(
        'demo',
        'a name of `depth-anything-ros model list`, or the path of an exported .onnx',
        dynamic=False,
    )
    backend: str = setting(
        'auto',
        'what runs the network; auto: tensorrt where it runs on an NVIDIA GPU, else openvino',
        choices=('auto', 'openvino', 'tensorrt'),
        dynamic=False,
    )
    input_size: str = setting(
        'auto',
        "the network's input as HEIGHTxWIDTH, or auto: the largest exported size that holds "
        'target_rate_hz',
        dynamic=False,
    )
    precision: str = setting(
        'auto',
        'of the exports of a size the one to run; auto: fp16 on tensorrt, fp32 on openvino, or '
        'int8 where that alone holds target_rate_hz',
        choices=('auto', 'fp32', 'fp16', 'int8'),
        dynamic=False,
    )
    inference_batch: int = setting(
        1,
        'images that one inference takes, such as the cameras of a robot with a GPU; the model '
        'must be exported with it',
        minimum=1,
        maximum=16,
        dynamic=False,
    )
    target_rate_hz: float = setting(
        20.0,
        'rate that input_size: auto and precision: auto hold',
        unit='Hz',
        minimum=1.0,
        maximum=120.0,
        dynamic=False,
    )
    inference_threads: int = setting(
        0,
        'threads of inference on the CPU; 0: every core the process may use',
        minimum=0,
        maximum=256,
        dynamic=False,
    )
    accept_noncommercial_license: bool = setting(
        False, 'load models whose licence forbids commercial use', dynamic=False
    )


@dataclass(frozen=True)
class ScaleConfig:
    """How relative predictions become metres."""

    on_scale_loss: str = setting(
        'unknown',
        'what to publish once no source confirms the scale: unknown stops metres, hold goes on',
        choices=('unknown', 'hold'),
    )
    scale_timeout_s: float = setting(
        2.0, 'time after which an unconfirmed scale is lost', unit='s', minimum=0.1, maximum=60.0
    )
    use_floor: bool = setting(
        True, 'take the scale from the floor where the pose of the camera over it is known'
    )
    refine_mount: bool = setting(
        False,
        'correct pitch and height of the camera by what the floor does in the image while the '
        'robot moves; needs a pose',
    )
    reference_max_age_s: float = setting(
        0.05,
        'time between a reference (scan, points, depth, range) and the image it may scale',
        unit='s',
        minimum=0.0,
        maximum=1.0,
    )
    marker_size_m: float = setting(
        0.0,
        'side of the black square of ArUco or AprilTag markers to scale by, 0 for none',
        unit='m',
        minimum=0.0,
        maximum=2.0,
        dynamic=False,
    )
    marker_dictionary: str = setting(
        'apriltag_36h11',
        'family of the markers',
        choices=('4x4_50', '5x5_50', '6x6_50', 'original', 'apriltag_16h5', 'apriltag_36h11'),
        dynamic=False,
    )
    training_focal: float = setting(
        0.0,
        'focal length over image height that a metric model was trained with, 0 for no correction',
        minimum=0.0,
        maximum=5.0,
        dynamic=False,
    )


@dataclass(frozen=True)
class CleaningConfig:
    """Which pixels may become points."""

    range_min_m: float = setting(
        0.2, 'nearer pixels are not used', unit='m', minimum=0.0, maximum=10.0
    )
    range_max_m: float = setting(
        6.0, 'farther pixels are not used', unit='m', minimum=0.5, maximum=100.0
    )
    edge_jump: float = setting(
        0.08,
        'bend of the inverse depth, relative, that counts as an edge between two things',
        minimum=0.01,
        maximum=1.0,
    )
    edge_blur_px: int = setting(
        2, 'how far the network smears an edge', unit='px', minimum=1, maximum=6
    )
    grazing_min_deg: float = setting(
        2.0,
        'surfaces seen at a smaller angle are not used',
        unit='°',
        minimum=0.0,
        maximum=45.0,
    )
    speck_size_px: int = setting(
        3, 'a pixel needs this many used pixels around it, itself included', minimum=1, maximum=25
    )
    min_confidence: float = setting(
        0.05, 'pixels of less confidence are not used', minimum=0.0, maximum=1.0
    )
    body_mask: str = setting(
        '',
        "image file, bright where the camera sees the robot itself; '{camera}' is replaced by the "
        "camera's name",
    )
    body_polygon: tuple[float, ...] = setting(
        (),
        'outline of what the camera sees of the robot: x, y, x, y, … as shares of the image',
        minimum=-1.0,
        maximum=2.0,
        is_polygon=True,
    )


@dataclass(frozen=True)
class ObstacleConfig:
    """What stands in the robot's way, by height over the floor."""

    obstacle_height_min_m: float = setting(
        0.08,
        'lower points do not block; as deep under the floor is a hole',
        unit='m',
        minimum=0.01,
        maximum=1.0,
    )
    robot_height_m: float = setting(
        1.0, 'higher points do not block the robot', unit='m', minimum=0.05, maximum=5.0
    )
    max_step_m: float = setting(
        0.05, 'sills up to this height are floor', unit='m', minimum=0.0, maximum=0.5
    )
    max_slope_deg: float = setting(
        10.0, 'ramps up to this slope are floor', unit='°', minimum=0.0, maximum=40.0
    )


@dataclass(frozen=True)
class CloudConfig:
    """The point cloud."""

    cloud_color: bool = setting(False, 'whether points carry the color of their pixel')
    cloud_voxel_m: float = setting(
        0.0,
        'keep one point a cube of this side, and no image order; 0 keeps all',
        unit='m',
        minimum=0.0,
        maximum=1.0,
    )
    cloud_free_space: bool = setting(
        True,
        'whether rays that meet nothing end in a point at range_max_m, so that costmaps clear',
    )


@dataclass(frozen=True)
class ScanConfig:
    """The virtual laser scan."""

    scan_increment_deg: float = setting(
        0.5, 'angle between two rays', unit='°', minimum=0.05, maximum=5.0
    )
    scan_clear_value: str = setting(
        'inf',
        'range of a ray that is free to range_max_m: inf (REP 117) or range_max + 1',
        choices=('inf', 'range_max_plus_one'),
    )


@dataclass(frozen=True)
class GridConfig:
    """The rolling local occupancy grid."""

    grid_resolution_m: float = setting(
        0.05, 'side of a cell', unit='m', minimum=0.01, maximum=0.5, dynamic=False
    )
    grid_size_m: float = setting(
        10.0, 'side of the square grid', unit='m', minimum=1.0, maximum=60.0, dynamic=False
    )
    grid_decay_s: float = setting(
        20.0,
        'time in which evidence falls to a third (1/e) where nothing new is seen; 0 keeps it',
        unit='s',
        minimum=0.0,
        maximum=3600.0,
    )
    grid_pose_jump_m: float = setting(
        1.0,
        'a pose that moved farther than this since the last frame starts the grid anew',
        unit='m',
        minimum=0.05,
        maximum=100.0,
    )
    footprint: tuple[float, ...] = setting(
        (0.2, 0.2, 0.2, -0.2, -0.2, -0.2, -0.2, 0.2),
        "the robot's outline in the base frame, kept free: x, y, x, y, …; empty clears nothing",
        unit='m',
        minimum=-100.0,
        maximum=100.0,
        is_polygon=True,
    )


@dataclass(frozen=True)
class CameraConfig:
    """
    One camera; several cameras have these under their names, as `front.camera_height_m`.

    The mounting is used where `pose_source` is not tf.
    """

    camera_x_m: float = setting(
        0.0, 'place of the camera before base_frame', unit='m', minimum=-10.0, maximum=10.0
    )
    camera_y_m: float = setting(
        0.0, 'place of the camera left of base_frame', unit='m', minimum=-10.0, maximum=10.0
    )
    camera_height_m: float = setting(
        0.0, 'height of the camera over the floor; 0: unknown', unit='m', minimum=0.0, maximum=20.0
    )
    camera_roll_rad: float = setting(
        0.0, 'roll of the camera, as in URDF', unit='rad', minimum=-3.1416, maximum=3.1416
    )
    camera_pitch_rad: float = setting(
        0.0, 'pitch, positive looks down', unit='rad', minimum=-1.5708, maximum=1.5708
    )
    camera_yaw_rad: float = setting(
        0.0, 'yaw, positive looks left', unit='rad', minimum=-3.1416, maximum=3.1416
    )
    horizontal_fov_deg: float = setting(
        0.0,
        'field of view of a camera without camera_info; 0: wait for camera_info',
        unit='°',
        minimum=0.0,
        maximum=170.0,
    )


MOUNTING = (
    'x, y, height over the floor, roll, pitch, yaw of the sensor on {} in base_frame, metres and '
    'radians, where pose_source is not tf; zeros: unknown'
)


@dataclass(frozen=True)
class NodeConfig:
    """How the node meets the robot: topics, frames, time."""

    cameras: tuple[str, ...] = setting(
        ('camera',),
        'names of the cameras; with more than one, each prefixes its topics, as front/image_raw',
        dynamic=False,
    )
    autostart: bool = setting(
        True, 'configure and activate at start; false: wait for a lifecycle manager', dynamic=False
    )
    image_transport: str = setting(
        'raw',
        'raw: image_raw is an Image; compressed: image_raw/compressed holds JPEG or PNG',
        choices=('raw', 'compressed'),
        dynamic=False,
    )
    image_is_rectified: bool = setting(
        False, "the images are rectified already: use camera_info's P and no distortion"
    )
    pose_source: str = setting(
        'tf',
        'tf: camera and robot poses from tf2; odometry: from odom and the mounting parameters; '
        'none: mounting parameters only, the grid shows one step',
        choices=('tf', 'odometry', 'none'),
        dynamic=False,
    )
    base_frame: str = setting('base_link', 'frame of the robot and of scan', dynamic=False)
    grid_frame: str = setting(
        'odom',
        'fixed frame of local_grid; with pose_source: odometry it is the one that odom names, and '
        'without a pose base_frame',
        dynamic=False,
    )
    base_height_m: float = setting(
        0.0, 'height of base_frame over the floor', unit='m', minimum=-1.0, maximum=5.0
    )
    scan_reference_mounting: tuple[float, ...] = setting(
        (0.0,) * 6,
        MOUNTING.format('scan_reference'),
        minimum=-20.0,
        maximum=20.0,
        length=6,
    )
    points_reference_mounting: tuple[float, ...] = setting(
        (0.0,) * 6,
        MOUNTING.format('points_reference'),
        minimum=-20.0,
        maximum=20.0,
        length=6,
    )
    range_reference_mounting: tuple[float, ...] = setting(
        (0.0,) * 6,
        MOUNTING.format('range_reference'),
        minimum=-20.0,
        maximum=20.0,
        length=6,
    )
    pose_wait_s: float = setting(
        0.01, 'longest wait for the pose of an image', unit='s', minimum=0.0, maximum=0.2
    )
    pose_tolerance_s: float = setting(
        0.1,
        'age at which the last pose is too old for an image; the grid is then one-shot',
        unit='s',
        minimum=0.0,
        maximum=5.0,
    )
    max_age_s: float = setting(
        0.5,
        'images that are older, or as far in the future, are dropped',
        unit='s',
        minimum=0.01,
        maximum=60.0,
    )
    grid_rate_hz: float = setting(
        0.0,
        'rate at which local_grid is published; 0: with every step',
        unit='Hz',
        minimum=0.0,
        maximum=120.0,
    )
    depth_size: str = setting(
        'network',
        "size of depth/image_rect: the network's (small, cheap) or the camera's",
        choices=('network', 'camera'),
    )
    depth_encoding: str = setting(
        '32FC1',
        'encoding of depth/image_rect: metres, or whole millimetres with 0 for invalid',
        choices=('32FC1', '16UC1'),
    )


@dataclass(frozen=True)
class PipelineConfig:
    """The settings of every stage."""

    scale: ScaleConfig = field(default_factory=ScaleConfig)
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    obstacle: ObstacleConfig = field(default_factory=ObstacleConfig)
    cloud: CloudConfig = field(default_factory=CloudConfig)
    scan: ScanConfig = field(default_factory=ScanConfig)
    grid: GridConfig = field(default_factory=GridConfig)


RULES: tuple[tuple[str, str], ...] = (
    ('range_min_m', 'range_max_m'),
    ('obstacle_height_min_m', 'robot_height_m'),
    ('max_step_m', 'obstacle_height_min_m'),
)
"""Settings of which the first must be less than the second."""

_WORDS = {
    bool: 'true or false',
    int: 'a whole number',
    float: 'a number',
    str: 'a text',
    tuple[str, ...]: 'a list of texts',
    tuple[float, ...]: 'a list of numbers',
}


@dataclass(frozen=True)
class Setting:
    """One setting as it was declared; `kind` is bool, int, float, str or tuple[…, ...]."""

    name: str
    kind: Any
    default: Any
    description: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    length: int | None
    is_polygon: bool
    dynamic: bool

    def problem_with(self, value: Any) -> str:
        """Return what is wrong with a value, '' where nothing is."""
        if not _is_a(value, self.kind):
            return f'{self.name} must be {_WORDS[self.kind]}, not {value!r}'
        if self.length is not None and len(value) != self.length:
            return f'{self.name} must have {self.length} numbers, not {len(value)}'
        if self.is_polygon and len(value) > 0 and (len(value) < 6 or len(value) % 2):
            return f'{self.name} must be three corners or more, x, y, x, y, …, or empty'
        if self.choices and value not in self.choices:
            return f'{self.name} must be one of {", ".join(self.choices)}, not {value!r}'
        numbers = value if isinstance(value, (list, tuple)) else [value]
        return next(filter(None, map(self._problem_with_number, numbers)), '')

    def _problem_with_number(self, value: Any) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            return f'{self.name} must be finite, not {value:g}'
        unit = f' {self.unit}' if self.unit else ''
        if self.minimum is not None and not self.minimum <= value:
            return f'{self.name} must be at least {self.minimum:g}{unit}, not {value:g}'
        if self.maximum is not None and not value <= self.maximum:
            return f'{self.name} must be at most {self.maximum:g}{unit}, not {value:g}'
        return ''


def _is_a(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in (bool, str):
        return isinstance(value, kind)
    item = get_args(kind)[0]
    return isinstance(value, (list, tuple)) and all(_is_a(v, item) for v in value)


def settings_of(config_class: type[Any]) -> Iterator[Setting]:
    """Yield the settings of a config class and of the config classes in it, as declared."""
    kinds = get_type_hints(config_class)
    for item in fields(config_class):
        if is_dataclass(kinds[item.name]):
            yield from settings_of(kinds[item.name])
        else:
            yield Setting(item.name, kinds[item.name], item.default, **item.metadata)


Config = TypeVar('Config')


def build(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    """
    Return a config whose settings have the given values, by name, and else their defaults.

    Names of other classes are ignored. Raise SettingError that names everything that is wrong.
    """
    problems = [
        problem
        for setting in settings_of(config_class)
        if setting.name in values and (problem := setting.problem_with(values[setting.name]))
    ]
    if problems:
        raise SettingError('; '.join(problems))
    given = {s.name: values.get(s.name, s.default) for s in settings_of(config_class)}
    contradictions = [
        f'{low} ({given[low]:g}) must be less than {high} ({given[high]:g})'
        for low, high in RULES
        if low in given and high in given and not given[low] < given[high]
    ]
    if contradictions:
        raise SettingError('; '.join(contradictions))
    return _built(config_class, values)


def _built(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    kinds = get_type_hints(config_class)
    arguments: dict[str, Any] = {}
    for name, kind in kinds.items():
        if isinstance(kind, type) and is_dataclass(kind):
            arguments[name] = _built(kind, values)
        elif name in values:
            arguments[name] = (get_origin(kind) or kind)(values[name])
    return config_class(**arguments)
