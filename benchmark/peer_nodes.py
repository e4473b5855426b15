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
The published designs, written as their tutorials do: what benchmark/peers.py compares with.

`depth`: image → transformers' depth-estimation pipeline, or OpenVINO (--onnx) → depth at the
camera's size. `cloud`: depth + camera_info → point cloud, as depth_image_proc.
"""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Callable
from pathlib import Path
import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

CAMERA_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
OUTPUT_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
DEPTH, CLOUD = 'peer/depth', 'peer/points'

Estimate = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def transformers_estimate(height: int, width: int) -> Estimate:
    """Return what predicts depth of (H, W, 3) RGB images with a Small of random weights."""
    from depth_anything_ros.estimation.sources import random_source
    import PIL.Image
    from transformers import DPTImageProcessor, pipeline

    size = {'height': height, 'width': width}
    processor = DPTImageProcessor(size=size, keep_aspect_ratio=False, ensure_multiple_of=14)
    model = random_source('small').model
    estimator = pipeline('depth-estimation', model=model, image_processor=processor)

    def estimate(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        result = estimator(PIL.Image.fromarray(image))
        depth: NDArray[np.float32] = result['predicted_depth'].squeeze().numpy()
        return depth

    return estimate


def openvino_estimate(onnx: Path) -> Estimate:
    """Return what predicts depth with the network and the runtime that this package uses."""
    from depth_anything_ros.estimation.model_file import ModelFile
    from depth_anything_ros.estimation.openvino_backend import OpenVinoBackend

    backend = OpenVinoBackend(ModelFile.open(onnx))
    size = backend.info.width, backend.info.height

    def estimate(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = np.asarray(cv2.resize(image, size), np.uint8)
        depth: NDArray[np.float32] = backend.infer(small[None])[0]
        return depth

    return estimate


class DepthNode(Node):
    """Publishes the depth of every image, at the image's size."""

    def __init__(self, estimate: Estimate) -> None:
        """Subscribe once the network is loaded."""
        super().__init__('peer_depth')
        self._estimate = estimate
        self._publisher = self.create_publisher(Image, DEPTH, OUTPUT_QOS)
        self.create_subscription(Image, 'image_raw', self._receive, CAMERA_QOS)

    def _receive(self, message: Image) -> None:
        pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
        nearness = self._estimate(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))
        size = message.width, message.height
        depth = cv2.resize(1.0 / np.maximum(nearness, 1e-3), size).astype(np.float32)
        out = Image(header=message.header, height=message.height, width=message.width)
        out.encoding, out.step, out.data = '32FC1', 4 * message.width, _payload(depth)
        self._publisher.publish(out)


class CloudNode(Node):
    """Publishes the point cloud of every depth image."""

    def __init__(self) -> None:
        """Subscribe to depth and the calibration."""
        super().__init__('peer_cloud')
        self._info: CameraInfo | None = None
        self._publisher = self.create_publisher(PointCloud2, CLOUD, OUTPUT_QOS)
        self.create_subscription(CameraInfo, 'camera_info', self._keep, CAMERA_QOS)
        self.create_subscription(Image, DEPTH, self._receive, OUTPUT_QOS)

    def _keep(self, message: CameraInfo) -> None:
        self._info = message

    def _receive(self, message: Image) -> None:
        if self._info is None:
            return
        k, (height, width) = self._info.k, (message.height, message.width)
        depth = np.frombuffer(message.data, np.float32).reshape(height, width)
        points = np.empty((height, width, 3), np.float32)
        points[..., 0] = (np.arange(width, dtype=np.float32) - k[2]) / k[0] * depth
        points[..., 1] = (np.arange(height, dtype=np.float32)[:, None] - k[5]) / k[4] * depth
        points[..., 2] = depth
        out = PointCloud2(header=message.header, height=height, width=width, point_step=12)
        out.fields = [
            PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
            for i, name in enumerate('xyz')
        ]
        out.row_step, out.data = 12 * width, _payload(points)
        self._publisher.publish(out)


def _payload(values: NDArray[Any]) -> array[int]:
    data = array('B')
    data.frombytes(values.data.cast('B'))
    return data


def main() -> None:
    """Run one of the nodes until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('node', choices=('depth', 'cloud'))
    parser.add_argument('--size', type=int, nargs=2, default=(252, 336))
    parser.add_argument('--onnx', type=Path)
    options = parser.parse_args()
    rclpy.init()
    if options.node == 'cloud':
        node: Node = CloudNode()
    elif options.onnx:
        node = DepthNode(openvino_estimate(options.onnx))
    else:
        node = DepthNode(transformers_estimate(*options.size))
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == '__main__':
    main()
