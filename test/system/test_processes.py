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

"""The node, the player and the recorder as processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from depth_anything_ros.node.player import main as play
from depth_anything_ros.replay.bag import encode, message_types, Recording, RecordingWriter
import pytest
from rosbags.typesys import get_types_from_msg

pytestmark = pytest.mark.system

START_NS = 1_700_000_000 * 10**9


@pytest.fixture
def environment(domain: int) -> dict[str, str]:
    """Return an environment with a DDS domain of its own."""
    return {**os.environ, 'ROS_DOMAIN_ID': str(domain), 'PYTHONUNBUFFERED': '1'}


def start(module: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start one of the package's processes."""
    return subprocess.Popen(
        [sys.executable, '-m', f'depth_anything_ros.node.{module}', *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def lines_until(process: subprocess.Popen[str], words: str) -> Iterator[str]:
    """Yield what a process says, up to the line with some words."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if words in line:
            return
    raise AssertionError(f'the process ended without {words!r}')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_node_ends_in_order(environment: dict[str, str], number: signal.Signals) -> None:
    node = start('main', environment, '--ros-args', '-p', 'model:=/nowhere.onnx')
    said = list(lines_until(node, '/nowhere.onnx'))
    node.send_signal(number)
    rest, _ = node.communicate(timeout=30)
    assert node.returncode == 0
    assert 'Traceback' not in ''.join(said) + rest


# What comes before the package's own code is Python's start, which no package can guard.
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('seconds', [0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_a_signal_while_the_node_starts_gives_no_traceback_of_it(
    environment: dict[str, str], number: signal.Signals, seconds: float
) -> None:
    node = start('main', environment)
    time.sleep(seconds)
    node.send_signal(number)
    said, _ = node.communicate(timeout=30)
    assert 'depth_anything_ros/node/' not in said
    assert node.returncode == 0 or 'KeyboardInterrupt' in said or node.returncode == -number


def test_nothing_that_takes_time_is_imported_before_signals_are_blocked() -> None:
    code = 'import sys, signal; old = set(sys.modules); import depth_anything_ros.node.main;'
    code += 'print(*sorted(set(sys.modules) - old))'
    imported = subprocess.check_output([sys.executable, '-c', code], text=True).split()
    allowed = [
        '__future__',
        *(f'depth_anything_ros{name}' for name in ('', '.node', '.node.main')),
    ]
    assert set(imported) <= set(allowed)


def test_the_node_that_cannot_start_says_why(environment: dict[str, str]) -> None:
    node = start('main', environment, '--ros-args', '-p', 'depth_size:=large')
    said, _ = node.communicate(timeout=60)
    assert node.returncode == 1
    assert said == "depth_anything: depth_size must be one of network, camera, not 'large'\n"


def test_parameters_that_cannot_be_read_are_one_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / 'mixed.yaml'
    file.write_text('/**:\n  ros__parameters:\n    footprint: [0.2, 0, 0.2]\n')
    node = start('main', environment, '--ros-args', '--params-file', str(file))
    said, _ = node.communicate(timeout=30)
    assert node.returncode == 1
    assert 'Traceback' not in said
    assert 'mixed.yaml' in said.splitlines()[-1]


def write_recording(path: Path, count: int) -> None:
    """Write positions at 50 Hz, and announce a topic of a type that is installed nowhere."""
    message_types().register(get_types_from_msg('int8 value', 'absent_msgs/msg/Absent'))
    types = message_types().types
    header, time = types['std_msgs/msg/Header'], types['builtin_interfaces/msg/Time']
    with RecordingWriter(path) as writer:
        writer.add_topic('/pose', 'geometry_msgs/msg/PointStamped')
        writer.add_topic('/unknown', 'absent_msgs/msg/Absent')
        for i in range(count):
            stamp = time(sec=START_NS // 10**9, nanosec=i * 20_000_000)
            message = types['geometry_msgs/msg/PointStamped'](
                header=header(stamp=stamp, frame_id='odom'),
                point=types['geometry_msgs/msg/Point'](x=float(i), y=0.0, z=0.0),
            )
            writer.write('/pose', START_NS + i * 20_000_000, encode(message))


def test_what_is_played_can_be_recorded(environment: dict[str, str], tmp_path: Path) -> None:
    write_recording(tmp_path / 'in', 20)
    thinned = ('--topics', '/pose', '--keep-every', '/pose=2')
    recorder = start('recorder', environment, str(tmp_path / 'out'), *thinned)
    log = tmp_path / 'log.csv'
    player = start(
        'player',
        environment,
        *(str(tmp_path / 'in'), '--wait', '20', '--topics', '/pose,/unknown'),
        *('--log', str(log), '--log-topic', '/pose'),
    )
    said, _ = player.communicate(timeout=60)
    assert player.returncode == 0
    assert 'skipping /unknown: absent_msgs/msg/Absent is not installed' in said
    assert 'played 20 messages' in said
    list(lines_until(recorder, 'recording'))
    recorder.send_signal(signal.SIGTERM)
    recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    with Recording(tmp_path / 'in') as played, Recording(tmp_path / 'out') as recorded:
        expected = [m.data for m in played.messages(['/pose'])][::2]
        assert [m.data for m in recorded.messages(['/pose'])] == expected
    assert len(log.read_text().splitlines()) == 21


@pytest.mark.parametrize(
    'arguments, words',
    [
        (('nowhere',), 'nowhere does not exist'),
        (('{recording}', '--topics', '/other'), '/other is not in'),
        (('{recording}', '--topics', '/pose', '--wait', '0.1'), 'nobody listens to /pose'),
    ],
)
def test_what_cannot_be_played_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    write_recording(tmp_path / 'in', 1)
    assert play([argument.format(recording=tmp_path / 'in') for argument in arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_torn_recording_is_played_up_to_the_tear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path / 'in', 20)
    (file,) = (tmp_path / 'in').glob('*.mcap')
    file.write_bytes(file.read_bytes()[:-300])
    assert play([str(tmp_path / 'in'), '--topics', '/pose']) == 0
    said = capsys.readouterr().out
    assert 'torn' in said and 'played' in said
