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

from dataclasses import replace
from unittest.mock import MagicMock

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation import load
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.ladder import WINDOW
from depth_anything_ros.estimation.ladder_backend import LadderBackend
from depth_anything_ros.estimation.load import choose_backend, load_backend, rungs
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import export_path
from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend
from depth_anything_ros.estimation.proof import Reference, reference_image, write_reference
import numpy as np
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def add_export(size, precision='fp32', batch='1'):
    properties = {'name': 'small', 'size': size, 'precision': precision, 'batch': batch}
    height, width = map(int, size.split('x'))
    path = export_path('small', height, width, precision, int(batch))
    return write_tiny_onnx(path, properties=properties)


def chosen(kind='openvino', **settings):
    return [f.path.name for f in rungs(EstimationConfig(model='small', **settings), kind)]


def test_a_model_runs_and_is_proven(tmp_path):
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    backend = load_backend(EstimationConfig(model=str(path), backend='openvino'))
    image = np.full((1, HEIGHT, WIDTH, 3), 51, np.uint8)
    np.testing.assert_allclose(backend.infer(image), 0.2, rtol=0.01)


def test_a_model_whose_proof_fails_is_refused(tmp_path):
    model = ModelFile.open(write_tiny_onnx(tmp_path / 'tiny.onnx'))
    image = reference_image(HEIGHT, WIDTH)
    wrong = Reference(image, 1 - image.mean(axis=3, dtype=np.float32) / 255)
    write_reference(model, wrong)
    with pytest.raises(BackendError, match='depth is wrong'):
        load_backend(EstimationConfig(model=str(model.path), backend='openvino'))


class WrongInBf16(OpenVinoBackend):
    """A backend whose depth is upside down unless it is exact."""

    def __init__(self, model, threads=0, *, exact=False):
        super().__init__(model, threads, exact=True)
        self._step = 1 if exact else -1
        if not exact:
            self._info = replace(self._info, precision='fp32+bf16')

    def infer(self, batch):
        return super().infer(batch)[:, :: self._step]


def test_fp32_runs_where_the_faster_precision_is_wrong(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(load, 'OpenVinoBackend', WrongInBf16)
    path = write_tiny_onnx(tmp_path / 'tiny.onnx')
    backend = load_backend(EstimationConfig(model=str(path), backend='openvino'))
    assert backend.info.precision == 'fp32'
    assert 'FP32 is taken' in caplog.text and 'fp32+bf16) refused: its depth is' in caplog.text


def test_a_noncommercial_model_is_refused_unless_accepted(tmp_path):
    path = write_tiny_onnx(
        tmp_path / 'base.onnx', properties={'name': 'base', 'license': 'cc-by-nc-4.0'}
    )
    with pytest.raises(BackendError, match='accept_noncommercial_license'):
        load_backend(EstimationConfig(model=str(path), backend='openvino'))
    load_backend(
        EstimationConfig(model=str(path), backend='openvino', accept_noncommercial_license=True)
    )


def test_sizes_are_sorted_by_area_one_file_each():
    for size in ('252x336', '98x98', '168x224'):
        add_export(size)
    add_export('168x224', 'fp16')
    assert chosen() == [
        'small-98x98-fp32.onnx',
        'small-168x224-fp32.onnx',
        'small-252x336-fp32.onnx',
    ]


def test_each_backend_prefers_its_precision_and_takes_the_other():
    add_export('168x224', 'fp32')
    add_export('168x224', 'fp16')
    add_export('98x98', 'fp32')
    assert chosen('tensorrt') == ['small-98x98-fp32.onnx', 'small-168x224-fp16.onnx']
    assert chosen('openvino') == ['small-98x98-fp32.onnx', 'small-168x224-fp32.onnx']


def test_of_each_size_int8_comes_before_the_best():
    for size in ('252x336', '98x98'):
        for precision in ('fp16', 'fp32', 'int8'):
            add_export(size, precision)
    assert chosen('openvino') == [
        'small-98x98-int8.onnx',
        'small-98x98-fp32.onnx',
        'small-252x336-int8.onnx',
        'small-252x336-fp32.onnx',
    ]
    assert chosen('tensorrt', input_size='252x336') == [
        'small-252x336-int8.onnx',
        'small-252x336-fp16.onnx',
    ]


def test_a_precision_that_is_asked_for_is_the_only_one():
    add_export('98x98', 'fp32')
    add_export('98x98', 'int8')
    add_export('168x224', 'fp32')
    assert chosen(precision='int8') == ['small-98x98-int8.onnx']
    assert chosen(precision='fp32') == ['small-98x98-fp32.onnx', 'small-168x224-fp32.onnx']


def test_a_size_and_a_batch_are_taken_where_asked_for():
    add_export('168x224')
    add_export('98x98')
    add_export('98x98', batch='4')
    assert chosen(input_size='168x224') == ['small-168x224-fp32.onnx']
    assert chosen(inference_batch=4) == ['small-98x98-fp32-batch4.onnx']


def test_what_is_not_exported_says_what_is():
    add_export('168x224')
    with pytest.raises(BackendError, match=r'252x336.*small-168x224-fp32\.onnx.*model export'):
        chosen(input_size='252x336')


def test_the_demo_model_comes_in_one_size_only():
    with pytest.raises(
        BackendError, match=r'demo-168x224\.onnx; the demo model comes in that size'
    ):
        rungs(EstimationConfig(model='demo', input_size='252x336'), 'openvino')


def test_without_a_gpu_auto_is_openvino(monkeypatch):
    monkeypatch.setattr(load, 'has_nvidia_gpu', lambda: False)
    assert choose_backend('auto') == 'openvino'
    assert choose_backend('tensorrt') == 'tensorrt'


def test_with_a_gpu_that_tensorrt_cannot_use_auto_says_so(monkeypatch, caplog):
    def fail():
        raise BackendError('no driver')

    monkeypatch.setattr(load, 'has_nvidia_gpu', lambda: True)
    monkeypatch.setattr(load, 'open_gpu', fail)
    assert choose_backend('auto') == 'openvino'
    assert 'the CPU is used: no driver' in caplog.text


@pytest.mark.parametrize('asked', ['auto', 'tensorrt'])
def test_a_gpu_that_cannot_run_the_model_leaves_auto_to_the_cpu(monkeypatch, caplog, asked):
    def too_old(*_):
        raise BackendError('this GPU is not supported')

    monkeypatch.setattr(load, 'has_nvidia_gpu', lambda: True)
    monkeypatch.setattr(load, 'open_gpu', MagicMock())
    monkeypatch.setattr(load, 'TensorRtBackend', too_old)
    config = EstimationConfig(backend=asked)
    if asked == 'tensorrt':
        with pytest.raises(BackendError, match='not supported'):
            load.load_backend(config)
        return
    backend = load.load_backend(config)
    assert backend.info.backend == 'openvino'
    assert 'the CPU is used: this GPU is not supported' in caplog.text
    backend.close()


class Rung:
    """A backend of one size that takes a given time, by a clock the test owns."""

    def __init__(self, file, clock):
        self.info = type('Info', (), {'batch': 1, 'height': file.height, 'width': 4})()
        self.file, self.clock, self.closed = file, clock, False

    def infer(self, batch):
        self.clock[0] += self.file.time_ms / 1e3
        return np.zeros(batch.shape[:3], np.float32)

    def close(self):
        self.closed = True


class File:
    """A model file that runs in a stated time."""

    def __init__(self, height, time_ms, precision='fp32'):
        self.height, self.time_ms = height, time_ms
        about = {'size': f'{height}x4', 'precision': precision}
        self.metadata = type('Metadata', (), about)()


class Loaded(list):
    """Every backend that was loaded, in order."""

    def __init__(self, refused=()):
        super().__init__()
        self.clock, self.refused = [0.0], refused

    def load(self, file):
        if file in self.refused:
            raise BackendError('its depth is wrong')
        self.append(Rung(file, self.clock))
        return self[-1]

    @property
    def exports(self):
        return [(rung.file.height, rung.file.metadata.precision) for rung in self]


@pytest.fixture
def start(monkeypatch):
    """Return what starts a ladder for 20 Hz, of which 40 ms fit, and what it loads."""

    def start_ladder(*files, refused=()):
        loaded = Loaded(refused)
        monkeypatch.setattr(
            'depth_anything_ros.estimation.ladder_backend.time.perf_counter',
            lambda: loaded.clock[0],
        )
        return LadderBackend(files, loaded.load, target_rate_hz=20), loaded

    return start_ladder


def overrun(backend, loaded, time_ms):
    """Let the export that runs take so long for a window."""
    loaded[-1].file.time_ms = time_ms
    batch = np.zeros((1, backend.info.height, 4, 3), np.uint8)
    for _ in range(WINDOW):
        assert backend.infer(batch).shape == batch.shape[:3]


def test_the_ladder_times_upward_until_too_slow_and_takes_what_fits(start):
    files = [File(14, 10.0), File(28, 30.0), File(42, 60.0), File(56, 120.0)]
    backend, loaded = start(*files)
    assert [rung.file.height for rung in loaded] == [14, 28, 42, 28]
    assert [rung.closed for rung in loaded] == [True, True, True, False]
    assert backend.info.height == 28


def test_an_overrun_loads_the_smaller_size_and_frees_the_larger(start, caplog):
    backend, loaded = start(File(14, 10.0), File(28, 30.0))
    overrun(backend, loaded, 70.0)
    assert backend.info.height == 14
    assert [rung.closed for rung in loaded[-2:]] == [True, False]
    assert 'input_size auto: now 14x4 fp32' in caplog.text


def ladder_files(*times_ms):
    """Return int8 and fp32 of sizes 14, 28 and so on, which take the times in turn."""
    names = [(14 * (1 + i // 2), ('int8', 'fp32')[i % 2]) for i in range(len(times_ms))]
    return [File(h, ms, p) for (h, p), ms in zip(names, times_ms, strict=True)]


@pytest.mark.parametrize(
    ('times_ms', 'taken'),
    [
        ((10, 20, 25, 39), (28, 'fp32')),
        ((10, 20, 25, 50), (28, 'int8')),
        ((20, 50, 35, 90), (28, 'int8')),
        ((20, 39, 45, 90), (14, 'fp32')),
        ((20, 45, 50, 90), (14, 'int8')),
        ((60, 90, 99, 200), (14, 'int8')),
        ((70, 50, 99, 90), (14, 'fp32')),
    ],
    ids=['all fit', 'int8', 'larger int8 beats fp32', 'fp32', 'smallest', 'none', 'slow int8'],
)
def test_the_largest_and_then_most_exact_that_fits_is_taken(start, times_ms, taken):
    _, loaded = start(*ladder_files(*times_ms))
    assert loaded.exports[-1] == taken


def test_a_precision_past_the_size_that_is_too_slow_is_not_tried(start):
    _, loaded = start(*ladder_files(20, 50, 35, 90, 70, 150, 120, 300))
    assert loaded.exports[:-1] == [(14, 'int8'), (14, 'fp32'), (28, 'int8'), (42, 'int8')]


def test_a_step_down_goes_to_what_is_really_faster(start, caplog):
    backend, loaded = start(*ladder_files(20, 50, 35, 90))
    assert loaded.exports[-1] == (28, 'int8')
    overrun(backend, loaded, 70.0)
    assert loaded.exports[-1] == (14, 'int8')
    assert 'input_size auto: now 14x4 int8' in caplog.text


def test_of_one_size_the_precision_steps(start, caplog):
    backend, loaded = start(*ladder_files(20, 39))
    assert loaded.exports[-1] == (14, 'fp32')
    overrun(backend, loaded, 60.0)
    assert loaded.exports[-1] == (14, 'int8')
    assert 'precision auto: now 14x4 int8' in caplog.text


def test_of_one_size_the_fastest_runs_where_none_holds_the_rate(start):
    _, loaded = start(*ladder_files(80, 120))
    assert loaded.exports[-1] == (14, 'int8')
    _, loaded = start(*ladder_files(120, 80))
    assert loaded.exports[-1] == (14, 'fp32')


def test_an_export_that_fails_its_proof_is_left_out(start, caplog):
    files = ladder_files(20, 30)
    _, loaded = start(*files, refused=files[:1])
    assert loaded.exports[-1] == (14, 'fp32')
    assert '14x4 int8 is left out: its depth is wrong' in caplog.text


def test_an_export_that_fails_while_it_is_timed_is_left_out_and_freed(start, caplog, monkeypatch):
    infer = Rung.infer

    def fail_if_large(rung, batch):
        if rung.file.height > 14:
            raise BackendError('out of memory')
        return infer(rung, batch)

    monkeypatch.setattr(Rung, 'infer', fail_if_large)
    _, loaded = start(File(14, 20.0), File(28, 30.0))
    assert loaded.exports == [(14, 'fp32'), (28, 'fp32'), (14, 'fp32')]
    assert [rung.closed for rung in loaded] == [True, True, False]
    assert '28x4 fp32 is left out: out of memory' in caplog.text


def test_an_export_that_cannot_be_loaded_any_more_leaves_what_runs(start, caplog):
    backend, loaded = start(*ladder_files(20, 39))
    loaded.refused = [loaded[0].file]
    overrun(backend, loaded, 60.0)
    assert loaded.exports[-1] == (14, 'fp32') and not loaded[-1].closed
    assert '14x4 int8 cannot be loaded: its depth is wrong' in caplog.text
    loaded.refused = []
    overrun(backend, loaded, 60.0)
    assert loaded.exports[-1] == (14, 'int8')


def test_where_every_export_fails_its_proof_nothing_runs(start):
    files = ladder_files(20, 30)
    with pytest.raises(BackendError, match='depth is wrong'):
        start(*files, refused=files)


def test_a_backend_that_nobody_knows_is_refused():
    with pytest.raises(BackendError, match="'bogus' is none of auto, openvino, tensorrt"):
        choose_backend('bogus')
