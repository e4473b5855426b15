# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Every setting, declared once: type, default, unit, range and description.

The node's ROS parameters, the command line's --set and docs/reference are made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def setting(
    default: Any,
    description: str,
    *,
    unit: str = '',
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    dynamic: bool = True,
) -> Any:
    """
    Return a dataclass field with its documentation.

    dynamic: whether a running node can take a new value without being reconfigured.
    """
    metadata = {
        'description': description,
        'unit': unit,
        'minimum': minimum,
        'maximum': maximum,
        'choices': choices,
        'dynamic': dynamic,
    }
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


class SettingError(ValueError):
    """A setting out of its range, or settings that contradict each other."""


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


@dataclass(frozen=True)
class CleaningConfig:
    """Which pixels may become points."""

    range_min_m: float = setting(
        0.2, 'nearer pixels are not used', unit='m', minimum=0.0, maximum=10.0
    )
    range_max_m: float = setting(
        6.0, 'farther pixels are not used', unit='m', minimum=0.5, maximum=100.0
    )


@dataclass(frozen=True)
class ObstacleConfig:
    """What stands in the robot's way, by height over the floor."""

    obstacle_height_min_m: float = setting(
        0.08, 'lower points are floor', unit='m', minimum=0.01, maximum=1.0
    )
    robot_height_m: float = setting(
        1.0, 'higher points do not block the robot', unit='m', minimum=0.05, maximum=5.0
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


@dataclass(frozen=True)
class PipelineConfig:
    """The settings of every stage."""

    scale: ScaleConfig = field(default_factory=ScaleConfig)
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    obstacle: ObstacleConfig = field(default_factory=ObstacleConfig)
    grid: GridConfig = field(default_factory=GridConfig)
