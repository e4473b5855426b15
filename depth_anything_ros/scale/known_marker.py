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

"""Metric points on ArUco and AprilTag markers of known size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import cv2
from depth_anything_ros.frame import Frame
import numpy as np
from numpy.typing import NDArray

POINTS_PER_SIDE = 7

SUBPIXEL_WINDOW_PX = 3
SUBPIXEL_WINDOW = 1.0
"""In squares of the marker; OpenCV's 5 and 0.3 put small markers 2 to 3 % too far."""

DICTIONARIES = {
    '4x4_50': 'DICT_4X4_50',
    '5x5_50': 'DICT_5X5_50',
    '6x6_50': 'DICT_6X6_50',
    'original': 'DICT_ARUCO_ORIGINAL',
    'apriltag_16h5': 'DICT_APRILTAG_16h5',
    'apriltag_36h11': 'DICT_APRILTAG_36h11',
}


class MarkerError(RuntimeError):
    """Markers cannot be looked for; the message says why."""


class MarkerFinder:
    """Finds the markers of one dictionary, all of one size, in a camera's full image."""

    def __init__(self, side_m: float, dictionary: str) -> None:
        """
        Prepare to find markers with black squares of side_m metres.

        dictionary: a key of DICTIONARIES. Raise MarkerError where OpenCV has it not.
        """
        name = DICTIONARIES.get(dictionary, '')
        if not hasattr(cv2, 'aruco') or not hasattr(cv2.aruco, name):
            raise MarkerError(
                f'this OpenCV {cv2.__version__} has no marker dictionary {dictionary!r}: '
                'install OpenCV with its aruco module, such as opencv-python-headless 4.7'
            )
        self.side_m = side_m
        self._detect = _detector(name)

    def points(self, frame: Frame) -> NDArray[np.float32]:
        """Return (N, 3) points on the markers seen, camera's optical frame, metres."""
        image = frame.image
        if frame.channels != 'mono':
            code = cv2.COLOR_RGB2GRAY if frame.channels == 'rgb' else cv2.COLOR_BGR2GRAY
            image = np.asarray(cv2.cvtColor(image, code), dtype=np.uint8)
        found = [
            self._on_marker(frame.model.normalised(corners.reshape(4, 2).astype(np.float64)))
            for corners in self._detect(image)[0]
        ]
        return np.concatenate([*found, np.empty((0, 3), dtype=np.float32)])

    def _on_marker(self, corners: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return points on a marker whose (4, 2) corners are seen at x/z, y/z."""
        half = self.side_m / 2
        square = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])
        found, rotation, translation = cv2.solvePnP(
            square, corners, np.eye(3), None, flags=cv2.SOLVEPNP_IPPE_SQUARE
        )
        if not found or translation[2, 0] <= 0:
            return np.empty((0, 3), dtype=np.float32)
        side = np.linspace(-0.9 * half, 0.9 * half, POINTS_PER_SIDE)
        x, y = np.meshgrid(side, side)
        flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        matrix, _ = cv2.Rodrigues(rotation)
        return (flat @ matrix.T + translation[:, 0]).astype(np.float32)


def _detector(name: str) -> Callable[..., Any]:
    """Return OpenCV's detecting function, which became a class in 4.7."""
    aruco: Any = cv2.aruco
    dictionary = aruco.getPredefinedDictionary(getattr(aruco, name))
    is_class = hasattr(aruco, 'ArucoDetector')
    parameters = aruco.DetectorParameters() if is_class else aruco.DetectorParameters_create()
    parameters.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = SUBPIXEL_WINDOW_PX
    if hasattr(parameters, 'relativeCornerRefinmentWinSize'):
        parameters.relativeCornerRefinmentWinSize = SUBPIXEL_WINDOW
    if is_class:
        return cast(
            'Callable[..., Any]', aruco.ArucoDetector(dictionary, parameters).detectMarkers
        )
    return partial(aruco.detectMarkers, dictionary=dictionary, parameters=parameters)
