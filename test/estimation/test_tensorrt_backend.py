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

"""What lies above the bindings: cache, rebuild, errors. The GPU is a fake that records calls."""

from dataclasses import replace
import sys
from types import ModuleType

from depth_anything_ros.estimation.backend import BackendError, ForeignEngineError
from depth_anything_ros.estimation.engine_cache import (
    cached_files,
    clean,
    engine_path,
    GpuIdentity,
    timing_cache_path,
)
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.private_cache import UntrustedFileError
from depth_anything_ros.estimation.tensorrt_backend import open_gpu, TensorRtBackend
import numpy as np
import pytest
from tiny_onnx import HEIGHT, WIDTH, write_tiny_onnx

ORIN = GpuIdentity('Orin', (8, 7), 8, '10.3.0')


class FakeEngine:
    """An engine that notes what is called."""

    def __init__(self, calls):
        self.calls = calls
        self.input = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
        self.output = np.zeros((1, HEIGHT, WIDTH), np.float32)

    def run(self):
        self.calls.append('run')
        self.output[:] = self.input.mean(axis=3) / 255

    def close(self):
        self.calls.append('close engine')


class FakeGpu:
    """Takes only engines that were built for its own identity."""

    def __init__(self, identity=ORIN, takes=None):
        self.identity = identity
        self.takes = takes or identity
        self.calls = []

    def build(self, onnx, timings, report):
        self.calls.append('build')
        report(0.5)
        return f'engine for {self.takes}'.encode(), timings + b'timing'

    def load(self, engine):
        self.calls.append('load')
        if engine != f'engine for {self.identity}'.encode():
            raise ForeignEngineError('wrong version tag')
        return FakeEngine(self.calls)

    def close(self):
        self.calls.append('close')


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    properties = {'name': 'small', 'size': f'{HEIGHT}x{WIDTH}', 'precision': 'fp16'}
    return ModelFile.open(write_tiny_onnx(tmp_path / 'small.onnx', properties=properties))


def test_an_engine_is_built_once_and_then_taken_from_the_cache(model):
    shares = []
    TensorRtBackend(model, FakeGpu(), shares.append)
    assert shares == [0.5]
    second = FakeGpu()
    TensorRtBackend(model, second)
    assert second.calls == ['load', 'run']


def test_it_infers_any_number_of_images_and_says_what_runs(model):
    backend = TensorRtBackend(model, FakeGpu())
    images = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH, 3), np.uint8)
    np.testing.assert_allclose(backend.infer(images), images.mean(axis=3) / 255, atol=1e-6)
    assert backend.info.device == 'Orin sm87 x8 TensorRT 10.3.0'
    assert (backend.info.precision, backend.info.height) == ('fp16', HEIGHT)


def test_closing_frees_the_engine_before_the_device(model):
    gpu = FakeGpu()
    backend = TensorRtBackend(model, gpu)
    backend.close()
    assert gpu.calls[-2:] == ['close engine', 'close']
    with pytest.raises(BackendError, match='closed'):
        backend.infer(np.zeros((1, HEIGHT, WIDTH, 3), np.uint8))


def test_a_damaged_engine_is_built_anew(model):
    TensorRtBackend(model, FakeGpu())
    engine_path(model, ORIN).write_bytes(b'engine for')
    gpu = FakeGpu()
    TensorRtBackend(model, gpu)
    assert gpu.calls == ['build', 'load', 'run']


def test_a_foreign_engine_is_built_anew_once(model):
    TensorRtBackend(model, FakeGpu())
    other = GpuIdentity('Orin', (8, 7), 8, '10.4.0')
    path = engine_path(model, other)
    for suffix in ('', '.sha256'):
        source = engine_path(model, ORIN)
        (path.parent / (path.name + suffix)).write_bytes(
            (source.parent / (source.name + suffix)).read_bytes()
        )
        (path.parent / (path.name + suffix)).chmod(0o600)
    gpu = FakeGpu(other)
    TensorRtBackend(model, gpu)
    assert gpu.calls == ['load', 'build', 'load', 'run']


def test_an_engine_that_is_foreign_even_when_built_here_fails_and_frees_the_device(model):
    gpu = FakeGpu(takes=GpuIdentity('Orin', (8, 7), 8, '10.4.0'))
    with pytest.raises(BackendError, match='wrong version tag'):
        TensorRtBackend(model, gpu)
    assert gpu.calls == ['build', 'load', 'close']


def test_an_engine_that_cannot_be_kept_runs_nevertheless(model, monkeypatch, caplog):
    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', fail)
    gpu = FakeGpu()
    backend = TensorRtBackend(model, gpu)
    assert gpu.calls == ['build', 'load', 'run']
    assert backend.info.model == 'small'
    assert 'No space left on device' in caplog.text


def test_whatever_fails_the_device_is_freed(model, monkeypatch):
    class Failing(FakeGpu):
        """Its disk goes while it builds."""

        def build(self, *_):
            raise OSError('a disk that went')

    gpu = Failing()
    with pytest.raises(OSError, match='a disk that went'):
        TensorRtBackend(model, gpu)
    assert gpu.calls == ['close']


def test_a_model_that_misstates_its_error_frees_the_device(model):
    about = replace(model.metadata, relative_error='much')
    gpu = FakeGpu()
    with pytest.raises(BackendError, match='relative_error'):
        TensorRtBackend(replace(model, metadata=about), gpu)
    assert gpu.calls[-2:] == ['close engine', 'close']


def test_an_engine_others_may_write_is_refused(model):
    TensorRtBackend(model, FakeGpu())
    engine_path(model, ORIN).chmod(0o666)
    with pytest.raises(UntrustedFileError, match='others may write'):
        TensorRtBackend(model, FakeGpu())


def test_a_folder_others_may_write_is_refused_before_minutes_of_building(model):
    engine_path(model, ORIN).parent.chmod(0o777)
    gpu = FakeGpu()
    with pytest.raises(UntrustedFileError, match='others may write'):
        TensorRtBackend(model, gpu)
    assert gpu.calls == ['close']


@pytest.mark.parametrize('change', [{'size': '14x14'}, {'precision': 'int8'}, {'batch': '4'}])
def test_another_export_has_another_engine(model, change):
    other = replace(model, metadata=replace(model.metadata, **change))
    assert engine_path(other, ORIN) != engine_path(model, ORIN) == engine_path(model, ORIN)


def test_another_file_has_another_engine(model, tmp_path):
    other = replace(model, path=write_tiny_onnx(tmp_path / 'other.onnx'))
    assert engine_path(other, ORIN) != engine_path(model, ORIN)


@pytest.mark.parametrize(
    'change',
    [
        {'tensorrt_version': '10.3.1'},
        {'name': 'Orin NX'},
        {'compute_capability': (8, 9)},
        {'multiprocessors': 4},
    ],
)
def test_another_gpu_has_another_engine(model, change):
    assert engine_path(model, replace(ORIN, **change)) != engine_path(model, ORIN)


def test_timings_are_kept_for_each_power_mode(model):
    assert timing_cache_path(ORIN) != timing_cache_path(replace(ORIN, multiprocessors=4))


def test_a_hostile_name_stays_in_the_cache(model):
    hostile = replace(model, metadata=replace(model.metadata, name='../../../etc/cron.d/x'))
    assert engine_path(hostile, ORIN).parent == engine_path(model, ORIN).parent


def test_timings_speed_up_the_next_build_and_all_is_cleaned(model):
    TensorRtBackend(model, FakeGpu())
    assert timing_cache_path(ORIN).read_bytes() == b'timing'
    assert len(cached_files()) == 2
    assert len(clean()) == 2
    assert list(timing_cache_path(ORIN).parent.iterdir()) == []


@pytest.mark.parametrize('absent', ['pycuda', 'tensorrt'])
def test_missing_bindings_name_the_cure(monkeypatch, absent):
    monkeypatch.setitem(sys.modules, 'pycuda', ModuleType('pycuda'))
    monkeypatch.setitem(sys.modules, 'pycuda.driver', ModuleType('pycuda.driver'))
    monkeypatch.setitem(sys.modules, absent, None)
    monkeypatch.delitem(
        sys.modules, 'depth_anything_ros.estimation.tensorrt_engine', raising=False
    )
    cure = r'\): on a Jetson `sudo apt .*pip install --user pycuda`.*backend: openvino'
    with pytest.raises(BackendError, match=f'{absent}.*{cure}'):
        open_gpu()
