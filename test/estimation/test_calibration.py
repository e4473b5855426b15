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

from depth_anything_ros.estimation import calibration
from depth_anything_ros.estimation.calibration import COUNT, recorded_images
from depth_anything_ros.replay.bag import RecordingError, RecordingWriter
import numpy as np
import pytest

DEMO = Path(__file__).parents[2] / 'demo' / 'recording'


def test_images_are_spread_over_a_recording():
    images = recorded_images(DEMO, 56, 84)
    assert len(images) == COUNT
    assert {image.shape for image in images} == {(1, 56, 84, 3)}
    assert {image.dtype for image in images} == {np.dtype(np.uint8)}
    assert np.abs(images[0].astype(int) - images[-1]).mean() > 5


def test_the_end_of_a_recording_is_never_left_out(monkeypatch):
    everything = 10_000
    monkeypatch.setattr(calibration, 'COUNT', everything)
    images = recorded_images(DEMO, 28, 42)
    assert len(images) < everything
    monkeypatch.setattr(calibration, 'COUNT', len(images) * 2 // 3)
    some = recorded_images(DEMO, 28, 42)
    assert len(some) == calibration.COUNT
    np.testing.assert_array_equal([some[0], some[-1]], [images[0], images[-1]])


def test_a_recording_whose_camera_was_silent_is_named(tmp_path):
    with RecordingWriter(tmp_path / 'bag') as writer:
        writer.add_topic('/image_raw', 'sensor_msgs/msg/Image')
        writer.add_topic('/camera_info', 'sensor_msgs/msg/CameraInfo')
    with pytest.raises(RecordingError, match='bag has no image on /image_raw'):
        recorded_images(tmp_path / 'bag', 56, 84)


def test_a_missing_recording_is_named(tmp_path):
    with pytest.raises(RecordingError, match='does not exist'):
        recorded_images(tmp_path / 'none', 56, 84)
