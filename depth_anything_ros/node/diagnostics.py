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
What an operator reads: one status for the node and one for each camera.

They are `<node>: node` and `<node>: <camera>`, of the node's name with its namespace, as
`depth_anything: node` or `front_robot/depth_anything: camera`. A camera's scale is the worst of
those of its views.

Levels, the first that holds. Node: ERROR could not be configured; WARN the processor is
throttled; OK. Camera: STALE no image for a second; OK nobody listens; ERROR every image was
dropped for its content, or the scale is lost; WARN images were dropped for a fault, the rate is
below 80 % of what was asked for and came in, the age p99 exceeds max_age_s, the scale is held, or
a warning lasts; OK.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from depth_anything_ros.config import NodeConfig
from depth_anything_ros.estimation.backend import BackendInfo
from depth_anything_ros.node.health import CameraReport, REPLACED
from depth_anything_ros.scale.estimate import ScaleEstimate, ScaleHealth
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np

CAUSES = {
    REPLACED: "a newer image came before this one's turn: compute is short; no fault",
    'camera_info': 'no calibration has arrived',
    'calibration': 'camera_info is no calibration, or belongs to other images',
    'encoding': 'the encoding is not known',
    'size': 'no pixels, too many, or an odd size where the encoding needs an even one',
    'short data': 'fewer bytes than height and step say',
    'compression': 'no JPEG or PNG',
    'stamp': 'the stamp is zero or negative',
    'order': 'older than the image before',
    'age': 'older than max_age_s',
    'future': 'more than max_age_s in the future',
    'processing': 'the network, the markers or the body mask cannot be used; the message says why',
}
"""Why images are dropped: `dropped: <cause>` counts them."""

SILENT_S = 1.0
SLOW_SHARE = 0.8

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


def camera_status(
    name: str, report: CameraReport, config: NodeConfig, target_hz: float, *, is_heard: bool
) -> DiagnosticStatus:
    """Return the status of one camera; the level follows the rules above."""
    level, message = _camera_level(report, config, target_hz, is_heard)
    seconds = max(report.seconds, 1e-3)
    values = {
        'rate_hz': f'{report.processed / seconds:.1f}',
        'image_rate_hz': f'{report.received / seconds:.1f}',
        'target_rate_hz': f'{target_hz:.1f}',
        **_ages(report),
        'images': str(report.total_received),
        'processed': str(report.total_processed),
        **{f'dropped: {cause}': str(n) for cause, n in sorted(report.total_drops.items())},
        **_scale(report.scale),
        **{f'warning: {cause}': text for cause, text in sorted(report.warnings.items())},
    }
    return _status(name, level, message, values)


def _camera_level(
    report: CameraReport, config: NodeConfig, target_hz: float, is_heard: bool
) -> tuple[bytes, str]:
    faults = sum(n for cause, n in report.drops.items() if cause != REPLACED)
    seconds = max(report.seconds, 1e-3)
    due = max(report.received - 1, 0)  # the last one may be under way
    expected = SLOW_SHARE * min(target_hz, due / seconds)
    rate = report.processed / seconds
    p99 = float(np.percentile(report.ages_s, 99)) if report.ages_s else 0.0
    health = report.scale.health if report.scale else None
    fault = '; '.join(report.faults.values())
    rules = (
        (report.silent_s > SILENT_S, STALE, _silence(report.silent_s)),
        (not is_heard, OK, 'idle: nobody listens'),
        (faults > 0 and report.processed == 0, ERROR, fault),
        (health is ScaleHealth.LOST, ERROR, 'the scale is lost: depth is not metric'),
        (bool(fault), WARN, fault),
        (rate < expected, WARN, f'{rate:.1f} Hz of {target_hz:.0f}: use a smaller input_size'),
        (p99 > config.max_age_s, WARN, f'results are {p99:.2f} s old: use a smaller input_size'),
        (health is ScaleHealth.HELD, WARN, 'the scale is held: no source confirms it'),
        (bool(report.warnings), WARN, '; '.join(report.warnings.values())),
    )
    return next(((level, text) for holds, level, text in rules if holds), (OK, f'{rate:.1f} Hz'))


def _silence(seconds: float) -> str:
    if seconds == float('inf'):
        return 'no image yet: check the remapping of image_raw'
    return f'no image for {seconds:.0f} s'


def _ages(report: CameraReport) -> dict[str, str]:
    if not report.ages_s:
        return {}
    p50, p99 = np.percentile(report.ages_s, (50, 99)) * 1e3
    return {'age_p50_ms': f'{p50:.1f}', 'age_p99_ms': f'{p99:.1f}'}


def _scale(scale: ScaleEstimate | None) -> dict[str, str]:
    if scale is None:
        return {}
    return {
        'scale_health': scale.health.value,
        'scale_source': scale.source,
        'scale_a': f'{scale.a:.6g}',
        'scale_b': f'{scale.b:.6g}',
        'scale_sigma_percent': f'{100 * scale.sigma:.1f}',
        'scale_inlier_share': f'{scale.inlier_share:.2f}',
        'scale_age_s': f'{scale.age_s:.2f}',
    }


def node_status(
    state: str,
    problem: str,
    info: BackendInfo | None,
    stage_ms: Mapping[str, float],
    is_throttled: bool,
    grid_reset: str = '',
) -> DiagnosticStatus:
    """
    Return the status of the node itself.

    problem: why it could not be configured; grid_reset: why the grid last became unknown.
    """
    values = {'state': state, **{f'{s}_ms': f'{ms:.2f}' for s, ms in stage_ms.items()}}
    if grid_reset:
        values['grid_reset'] = grid_reset
    if info is not None:
        values |= {
            'backend': info.backend,
            'device': info.device,
            'model': info.model,
            'precision': info.precision,
            'input_size': f'{info.height}x{info.width}',
        }
    if problem:
        return _status('node', ERROR, problem, values)
    if is_throttled:
        text = 'the processor is throttled, it is too hot: cool it or use a smaller input_size'
        return _status('node', WARN, text, values)
    return _status('node', OK, state, values)


def _status(name: str, level: bytes, message: str, values: Mapping[str, str]) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, message=message, values=pairs)


class ThrottlingMonitor:
    """Counts how often the processor slowed down for its temperature, where Linux tells."""

    def __init__(self, cpus: Path = Path('/sys/devices/system/cpu')) -> None:
        """Remember the counts of now."""
        self._files = sorted(cpus.glob('cpu[0-9]*/thermal_throttle/*_throttle_count'))
        self._count = self._read()

    def has_throttled(self) -> bool:
        """Return whether it happened since the last call."""
        before, self._count = self._count, self._read()
        return self._count > before

    def _read(self) -> int:
        return sum(map(_count_in, self._files))


def _count_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except OSError:  # the core was switched off
        return 0
