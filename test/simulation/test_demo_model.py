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

from pathlib import Path

import cv2
from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.load import load_backend
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import DEMO_FOLDER
from depth_anything_ros.node.stamps import nanoseconds
from depth_anything_ros.replay.bag import decode, Recording
from depth_anything_ros.replay.messages import colour_image, depth_image
from depth_anything_ros.simulation.accuracy import affine_errors
from depth_anything_ros.simulation.evaluation import evaluate
from depth_anything_ros.simulation.worlds import TEST_SEEDS
import numpy as np
from opengl import needs_opengl
import pytest

DEMO_RECORDING = Path(__file__).parents[2] / 'demo' / 'recording'
IMAGE, DEPTH = '/camera/image_raw/compressed', '/ground_truth/depth'
HEIGHT, WIDTH = 168, 224


@pytest.fixture(scope='module')
def backend():
    loaded = load_backend(EstimationConfig(model='demo', input_size=f'{HEIGHT}x{WIDTH}'))
    yield loaded
    loaded.close()


def test_it_says_demo_what_it_predicts_and_its_licence():
    for path in DEMO_FOLDER.glob('*.onnx'):
        metadata = ModelFile.open(path).metadata
        assert (metadata.name, metadata.prediction) == ('demo', 'relative')
        assert metadata.license == 'Apache-2.0' and len(metadata.weights_sha256) == 64
        assert path.name.startswith('demo') and path.stat().st_size < 10e6


def test_it_is_right_about_the_demo_recording(backend):
    with Recording(DEMO_RECORDING) as recording:
        messages = [(raw.topic, decode(raw)) for raw in recording.messages([IMAGE, DEPTH])]
    images = {
        nanoseconds(message.header.stamp): message for topic, message in messages if topic == IMAGE
    }
    depths = [message for topic, message in messages if topic == DEPTH]
    scores = []
    for depth in depths[::5]:
        bgr = cv2.resize(colour_image(images[nanoseconds(depth.header.stamp)]), (WIDTH, HEIGHT))
        true_m = cv2.resize(depth_image(depth), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
        prediction = backend.infer(np.ascontiguousarray(bgr[None, ..., ::-1]))[0]
        scores.append(affine_errors(prediction, 1 / true_m).delta1)
    assert np.mean(scores) >= 0.85


@needs_opengl
def test_it_is_right_about_worlds_it_was_not_trained_on(backend):
    scores = [errors.delta1 for errors in evaluate(backend, TEST_SEEDS[:4])]
    assert len(scores) == 48
    assert np.mean(scores) >= 0.80
