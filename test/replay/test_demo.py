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

"""The command as a stranger runs it: real processes, real DDS, a tiny recording and network."""

from contextlib import suppress
import json
from pathlib import Path
import subprocess
import sys
import time

from blank import camera_info, image, odometry, transform, transforms
from depth_anything_ros.replay.bag import encode, Recording, RecordingWriter
from depth_anything_ros.replay.commands import demo
from depth_anything_ros.replay.run import COLOR, DIAGNOSTICS
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import pytest
from tiny_run import OPTICAL
import typer
from typer.testing import CliRunner

pytest.importorskip('rclpy', reason='needs ROS 2: the ros extra, or a sourced distribution')
pytest.importorskip('openvino', reason='needs the cpu extra')

app = typer.Typer()
app.command()(demo)

HEIGHT, WIDTH = 56, 70
FRAMES, PERIOD_NS = 20, 100_000_000
START_NS = 1_700_000_000_000_000_000


def write_floor_network(path: Path) -> Path:
    """Write a network that sees an endless floor in almost anything."""
    ray_y = (np.arange(HEIGHT) - (HEIGHT - 1) / 2) / WIDTH
    floor = np.repeat(np.maximum(ray_y, 0.01)[None, :, None], WIDTH, axis=2)
    graph = helper.make_graph(
        [
            helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
            helper.make_node('MatMul', ['float', 'weights'], ['little']),
            helper.make_node('Add', ['little', 'floor'], ['depth']),
        ],
        'floor',
        [helper.make_tensor_value_info('image', TensorProto.UINT8, [1, HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info('depth', TensorProto.FLOAT, [1, HEIGHT, WIDTH])],
        [
            numpy_helper.from_array(np.full(3, 1e-5, np.float32), 'weights'),
            numpy_helper.from_array(floor.astype(np.float32), 'floor'),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    helper.set_model_props(model, {'name': 'floor', 'license': 'Apache-2.0'})
    onnx.save(model, path)
    return path


def write_inputs(path: Path, focal: float = WIDTH) -> Path:
    """Record two seconds of a standing robot."""
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    mounting = transform('base_link', 'camera_optical_frame', (0, 0, 0.4), OPTICAL)
    with RecordingWriter(path) as writer:
        writer.add_topic('/tf_static', 'tf2_msgs/msg/TFMessage', latched=True)
        writer.add_topic('/camera/image_raw', 'sensor_msgs/msg/Image')
        writer.add_topic('/camera/camera_info', 'sensor_msgs/msg/CameraInfo')
        writer.add_topic('/odom', 'nav_msgs/msg/Odometry')
        writer.write('/tf_static', START_NS, encode(transforms(mounting)))
        for stamp in range(START_NS, START_NS + FRAMES * PERIOD_NS, PERIOD_NS):
            writer.write('/odom', stamp, encode(odometry(stamp, 0.0, 0.0)))
            info = camera_info(stamp, WIDTH, HEIGHT, float(focal))
            writer.write('/camera/camera_info', stamp, encode(info))
            writer.write('/camera/image_raw', stamp, encode(image(stamp, pixels, 'rgb8')))
    return path


def run(*options: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(option) for option in options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, ' '.join(result.output.split())


@pytest.mark.system
def test_recording_goes_through_the_node_and_comes_back_judged(tmp_path: Path) -> None:
    model, recording = write_floor_network(tmp_path / 'm.onnx'), write_inputs(tmp_path / 'in')
    output = tmp_path / 'out'
    for _ in range(2):
        code, said = run('--recording', recording, '--model', model, '--output', output)
        assert code == 0, said
    summary = json.loads((output / 'summary.json').read_text())
    assert (summary['model'], summary['backend']) == ('floor', 'openvino')
    assert summary['input_size'] == f'{HEIGHT}x{WIDTH}'
    assert summary['frames_in'] == FRAMES
    assert 0 < summary['frames_out'] <= FRAMES
    assert 0 < summary['age_ms']['p50'] <= summary['age_ms']['p99']
    assert {'remap', 'infer', 'grid'} <= summary['stage_ms'].keys()
    assert summary['scale'] == {'source': 'floor', 'error_percent_median': None}
    assert set(summary['depth'].values()) == set(summary['grid'].values()) == {None}
    assert '<svg' in (output / 'report.html').read_text()
    with Recording(output / 'recording') as both:
        assert {'/camera/image_raw', '/odom', COLOR, DIAGNOSTICS} <= both.topics.keys()
        assert both.end_ns - both.start_ns < 10e9, 'one time line'


@pytest.mark.system
def test_a_demo_that_is_ended_takes_its_processes_and_scratch_along(tmp_path: Path) -> None:
    output = tmp_path / 'out'
    (output / 'logs').mkdir(parents=True)
    (output / 'logs' / 'node.log').touch()
    (output / '.work-killed').mkdir()
    options = ['--recording', write_inputs(tmp_path / 'in'), '--output', output]
    command = [sys.executable, '-m', 'depth_anything_ros.cli', 'demo', *map(str, options)]
    running = subprocess.Popen(command)
    try:
        give_up = time.monotonic() + 60
        while not (output / 'logs' / 'recorder.log').exists() and time.monotonic() < give_up:
            time.sleep(0.1)
        children = processes_of(output)
        running.terminate()
        assert running.wait(30) != 0
    finally:
        running.kill()
    assert children
    assert not processes_of(output)
    assert [path.name for path in output.iterdir()] == ['logs']


def processes_of(output: Path) -> list[str]:
    """Return the commands of running processes that name a folder."""
    commands = []
    for process in Path('/proc').glob('[0-9]*/cmdline'):
        with suppress(OSError):
            commands.append(process.read_text())
    return [command for command in commands if f'{output}/.work' in command]


@pytest.mark.system
def test_a_run_without_answers_fails_by_the_nodes_last_warning(tmp_path: Path) -> None:
    model = write_floor_network(tmp_path / 'm.onnx')
    recording, output = write_inputs(tmp_path / 'in', focal=-1.0), tmp_path / 'out'
    code, said = run('--recording', recording, '--model', model, '--output', output)
    assert code == 1
    assert 'no image was answered: ' in said
    assert 'node.log' in said and 'why' not in said
    assert (output / 'report.html').exists()


@pytest.mark.system
def test_node_that_cannot_start_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / 'm.onnx').write_bytes(b'no network')
    code, said = run(
        *('--recording', write_inputs(tmp_path / 'in'), '--model', tmp_path / 'm.onnx'),
        *('--output', tmp_path / 'out'),
    )
    assert code == 1
    assert 'the node cannot start' in said
    assert 'm.onnx' in said


def test_missing_recording_is_one_clear_message(tmp_path: Path) -> None:
    code, said = run('--recording', tmp_path / 'none', '--output', tmp_path / 'out')
    assert code == 1
    assert 'does not exist' in said
    assert not (tmp_path / 'out').exists()


def test_results_do_not_overwrite_what_is_played(tmp_path: Path) -> None:
    recording = write_inputs(tmp_path / 'recording')
    code, said = run('--recording', recording, '--output', tmp_path)
    assert code == 1
    assert 'choose another --output' in said
    with Recording(recording) as untouched:
        assert len(list(untouched.messages(['/odom']))) == FRAMES
