# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What comes out when a camera's images come in."""

from __future__ import annotations

import numpy as np
import pytest
from robot import CAMERA, Robot, WALL_M
from sensor_msgs.msg import CameraInfo, Image

pytestmark = pytest.mark.system


def test_depth_is_metric_and_belongs_to_its_image(robot: Robot) -> None:
    depths, infos = (
        robot.hear('depth/image_rect', Image),
        robot.hear('depth/camera_info', CameraInfo),
    )
    robot.start()
    robot.keep_showing(lambda: len(depths) > 10 and infos, 'depth')
    depth = depths[-1]
    values = np.frombuffer(depth.data, np.float32).reshape(depth.height, depth.width)
    assert depth.encoding == '32FC1'
    assert depth.header.frame_id == 'camera_optical_frame'
    assert np.nanmedian(values[5:40]) == pytest.approx(WALL_M, rel=0.05)
    assert infos[-1].k[0] == pytest.approx(CAMERA.fx)
    assert any(info.header == depth.header for info in infos)
