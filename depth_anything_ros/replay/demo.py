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

"""A recording through the real node over real DDS: start, play, record, judge, report."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
import json
from pathlib import Path
import shutil
import tempfile
import time
from typing import Any

from depth_anything_ros.estimation.private_cache import write_whole
from depth_anything_ros.replay.bag import Recording, RecordingError
from depth_anything_ros.replay.evaluate import depth_errors_of, grid_counts_of
from depth_anything_ros.replay.merge import merge, read_sent_times
from depth_anything_ros.replay.processes import Process, ProcessError, ProcessGroup
from depth_anything_ros.replay.report import report_html
from depth_anything_ros.replay.run import load_run, NAMESPACE, OUTPUTS, POINTS
from depth_anything_ros.replay.setting_up import NodeSetup
from depth_anything_ros.replay.summary import summarise
from depth_anything_ros.replay.timing import timing_of
from depth_anything_ros.replay.topics import CameraTopics

NODE = 'depth_anything_ros.node.main'
PLAYER = 'depth_anything_ros.node.player'
RECORDER = 'depth_anything_ros.node.recorder'

START_S = 180.0
"""Patience until the node has loaded its network; TensorRT builds an engine the first time."""
LAST_ANSWERS_S = 1.0
CLOCK_HZ = 50
MARK = 'logs/node.log'
"""What every demo leaves first: results beside it are a demo's, and the next may go over them."""
WORK = '.work-'
"""How the folder of a demo under way begins; it stays where that was killed."""
RESULTS = ('recording', 'summary.json', 'report.html')
KEPT_CLOUDS = 10
"""One cloud in so many is kept: each is a megabyte."""

Progress = Callable[[str, float], None]
"""Told each stage and, while playing, the share that is done."""


def run_demo(
    recording: Path, setup: NodeSetup, output: Path, progress: Progress
) -> dict[str, Any]:
    """
    Play a recording to the node and leave summary.json, recording/, report.html in `output`.

    Return the summary. Raise ProcessError where ROS is missing, a process fails or, after the
    report, no image was answered; RecordingError where a recording cannot be read, or `output` is
    no folder, holds the recording that is to be played, or has one of the three that no demo left.
    """
    if recording.resolve().is_relative_to(output.resolve()):
        raise RecordingError(f'{recording} would be overwritten: choose another --output')
    if output.exists() and not output.is_dir():
        raise RecordingError(f'{output} is no folder: choose another --output')
    _clear(output)
    if find_spec('rclpy') is None:
        raise ProcessError(
            'there is no ROS 2 here: source a distribution, '
            "or pip install 'depth_anything_ros[ros]'"
        )
    with tempfile.TemporaryDirectory(dir=output, prefix=WORK) as work:
        heard, sent = Path(work) / 'outputs', Path(work) / 'sent.csv'
        with ProcessGroup(output / 'logs') as processes:
            progress('starting the node', 0.0)
            node = _start_node_and_recorder(processes, setup, heard)
            _play(processes, node, recording, setup, sent, progress)
        progress('writing the recording', 0.0)
        with Recording(recording) as inputs, Recording(heard) as outputs:
            sent_ns = read_sent_times(sent)
            merge(inputs, outputs, setup.topics.image, sent_ns, output / 'recording')
    name = '/'.join(recording.resolve().parts[-2:])
    summary = judge(output, setup.topics, name, setup.notice, progress)
    if not summary['frames_out']:
        why = node.last_warning or 'the node does not say why'
        raise ProcessError(f'no image was answered: {why} (see {node.log})')
    return summary


def judge(
    output: Path, topics: CameraTopics, name: str, notice: str, progress: Progress
) -> dict[str, Any]:
    """Write summary.json and report.html about the recording in `output`; return the summary."""
    progress('comparing with the truth', 0.0)
    with Recording(output / 'recording') as recording:
        run = load_run(recording, topics)
        timing = timing_of(run.images.log_times_ns, run.answers_ns)
        errors = depth_errors_of(run)
        figures = summarise(run, timing, errors, grid_counts_of(run))
        summary = {'recording': name, **figures}
        write_whole(output / 'summary.json', (json.dumps(summary, indent=2) + '\n').encode())
        progress('writing the report', 0.0)
        page = report_html(run, timing, errors, summary, [notice] if notice else [])
    write_whole(output / 'report.html', page.encode())
    return summary


def _clear(output: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    foreign = [name for name in RESULTS if (output / name).exists()]
    if (output / MARK).exists():
        for folder in (*output.glob(f'{WORK}*'), *output.glob('recording')):
            shutil.rmtree(folder)
        for name in ('summary.json', 'report.html'):
            (output / name).unlink(missing_ok=True)
    elif foreign:
        raise RecordingError(
            f'{output} holds {", ".join(foreign)} and no {MARK}, so no demo left that: '
            'choose another --output'
        )
    (output / 'logs').mkdir(parents=True, exist_ok=True)


def _start_node_and_recorder(processes: ProcessGroup, setup: NodeSetup, heard: Path) -> Process:
    node = processes.start('node', NODE, *_ros_arguments(setup))
    recorder = processes.start(
        'recorder',
        RECORDER,
        str(heard),
        *('--topics', ','.join(OUTPUTS), '--keep-every', f'{POINTS}={KEPT_CLOUDS}'),
    )
    _await(processes, recorder, 'recording', node)
    return node


def _play(
    processes: ProcessGroup,
    node: Process,
    recording: Path,
    setup: NodeSetup,
    sent: Path,
    progress: Progress,
) -> None:
    with Recording(recording) as played:
        seconds = (played.end_ns - played.start_ns) / 1e9
    topics = ','.join(setup.remappings.values())
    player = processes.start(
        'player',
        PLAYER,
        str(recording),
        *('--topics', topics, '--clock', str(CLOCK_HZ), '--wait', '30'),
        *('--log', str(sent), '--log-topic', setup.topics.image),
    )
    _await(processes, player, 'playing', node)
    started = time.monotonic()
    while player.return_code is None:
        progress('playing', min(1.0, (time.monotonic() - started) / max(seconds, 1e-3)))
        processes.wait(0.2)
    processes.wait(LAST_ANSWERS_S)


def _ros_arguments(setup: NodeSetup) -> list[str]:
    arguments = ['--ros-args', '-r', f'__ns:={NAMESPACE}']
    for name, topic in setup.remappings.items():
        arguments += ['-r', f'{name}:={topic}']
    for name, value in setup.parameters.items():
        arguments += ['-p', f'{name}:={json.dumps(value)}']
    return arguments


def _await(processes: ProcessGroup, process: Process, word: str, node: Process) -> None:
    give_up = time.monotonic() + START_S
    while word not in process.log_text.splitlines():
        if node.logged_errors:
            raise node.error('the node cannot start')
        if time.monotonic() > give_up:
            raise node.error(f'the {process.name} did not begin in {START_S:.0f} s')
        processes.wait(0.1)
