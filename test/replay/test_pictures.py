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

import base64

import cv2
from depth_anything_ros.replay.grid_truth import GridFrame, judge_cells, TrueView, Vantage
from depth_anything_ros.replay.pictures import (
    BEYOND,
    data_uri,
    depth_picture,
    fitted,
    FOUND,
    FREE,
    GHOST,
    grid_picture,
    judged_picture,
    map_picture,
    MISSED,
    NO_DEPTH,
    OCCUPIED,
    UNKNOWN,
)
import numpy as np
import pytest


def test_near_is_red_far_is_blue_and_unknown_is_grey() -> None:
    near, far, nothing, beyond = depth_picture(np.array([[0.8, 9.0, np.nan, np.inf]], np.float32))[
        0
    ]
    assert near[2] > near[0]
    assert far[0] > far[2]
    assert tuple(nothing) == NO_DEPTH
    assert tuple(beyond) == BEYOND


def test_cells_go_from_free_to_occupied() -> None:
    free, half, occupied, unknown = grid_picture(np.array([[0, 50, 100, -1]], np.int8))[0]
    assert (tuple(free), tuple(occupied), tuple(unknown)) == (FREE, OCCUPIED, UNKNOWN)
    assert OCCUPIED[0] < half[0] < FREE[0]


def test_errors_have_their_colours() -> None:
    blocked, free, front = (np.zeros((3, 9), bool) for _ in range(3))
    blocked[1, [0, 4]] = front[1, [0, 4]] = True
    free[1, [2, 7]] = True
    cells = np.full((3, 9), -1, np.int8)
    cells[1, [1, 7]], cells[1, 4] = 100, 0
    truth = TrueView(blocked, free, front)
    picture = judged_picture(truth, judge_cells(cells, truth))
    assert tuple(picture[1, 0]) == FOUND
    assert tuple(picture[1, 4]) == MISSED
    assert tuple(picture[1, 7]) == GHOST
    assert tuple(picture[1, 2]) == FREE
    assert tuple(picture[0, 0]) not in (FREE, OCCUPIED), 'out of sight is dimmed'


def test_map_has_y_up() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0] = 255
    large = map_picture(picture, GridFrame(1.0, 0.0, 0.0), None, 2)
    assert large.shape == (4, 6, 3)
    assert (large[2:] == 255).all()
    assert (large[:2] == 0).all()


def test_camera_is_drawn_where_it_is() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    at = Vantage(x=3.0, y=1.0, yaw=0.0, horizontal_fov=1.2)
    large = map_picture(picture, GridFrame(0.1, 0.0, 0.0), at, 1)
    rows, columns = np.nonzero(large.any(axis=2))
    assert 27 <= columns.min() <= 29
    assert 40 <= columns.max() <= 42, 'the field of view ends 1.2 m away'
    assert abs(rows.mean() - 89) < 2, 'y is 1 m from the bottom'


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_data_uri_holds_the_picture(extension: str) -> None:
    picture = np.full((8, 8, 3), 200, np.uint8)
    head, _, data = data_uri(picture, extension).partition(',')
    assert head == f'data:image/{"jpeg" if extension == ".jpg" else "png"};base64'
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(decoded, picture, atol=2)


@pytest.mark.parametrize(('width', 'expected'), [(8, (3, 8)), (100, (6, 16))])
def test_pictures_are_shrunk_not_enlarged(width: int, expected: tuple[int, int]) -> None:
    assert fitted(np.zeros((6, 16, 3), np.uint8), width).shape[:2] == expected
