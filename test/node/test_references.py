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

from __future__ import annotations

from array import array
from dataclasses import replace
import math
from unittest.mock import Mock, patch

from builtin_interfaces.msg import Time
from depth_anything_ros.camera import CameraModel, Pinhole
from depth_anything_ros.frame import Frame
from depth_anything_ros.mapping.point_cloud import PointCloud
from depth_anything_ros.node.images import InputError
from depth_anything_ros.node.messages import cloud_message, depth_message
from depth_anything_ros.node.pose_sources import PoseError
from depth_anything_ros.node.references import (
    MOST_MESSAGES,
    MOST_MISSES,
    NARROWEST_CONE_RAD,
    points_of_cloud,
    points_of_depth,
    points_of_range,
    points_of_scan,
    reading_of,
    References,
    sparse_depth,
)
from depth_anything_ros.transforms import Transform, transform_from
import numpy as np
import pytest
from sensor_msgs.msg import Image, LaserScan, PointCloud2, PointField, Range
from std_msgs.msg import Header

CAMERA = CameraModel(Pinhole(16, 16, 10.0, 10.0, 8.0, 8.0))


def test_scan_keeps_only_valid_ranges() -> None:
    ranges = array('f', [1.0, math.nan, math.inf, 0.01, 2.0])
    scan = LaserScan(
        angle_min=0.0, angle_increment=math.pi / 8, range_min=0.1, range_max=10.0, ranges=ranges
    )
    assert points_of_scan(scan) == pytest.approx(np.array([[1, 0, 0], [0, 2, 0]]), abs=1e-6)


@pytest.mark.parametrize('rgb', [None, np.zeros((1, 2, 3), np.uint8)])
def test_cloud_points_are_read_at_their_offsets(rgb: np.ndarray | None) -> None:
    points = np.array([[[1, 2, 3], [np.nan, 0, 0]]], np.float32)
    message = cloud_message(Header(), PointCloud(points, rgb))
    assert points_of_cloud(message).tolist() == [[1, 2, 3]]


def test_large_cloud_is_thinned() -> None:
    message = cloud_message(Header(), PointCloud(np.zeros((100, 100, 3), np.float32), None))
    assert len(points_of_cloud(message)) == 5000


def test_padding_between_the_rows_of_a_cloud_is_no_point() -> None:
    points = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3)
    message = cloud_message(Header(), PointCloud(points, None))
    rows = np.frombuffer(message.data, np.uint8).reshape(2, message.row_step)
    message.row_step += 5
    message.data = array('B', np.pad(rows, ((0, 0), (0, 5)), constant_values=99).tobytes())
    assert points_of_cloud(message).tolist() == points.reshape(-1, 3).tolist()


def broken_cloud(**changes: object) -> PointCloud2:
    """Return a cloud of four points with changes."""
    message = cloud_message(Header(), PointCloud(np.ones((2, 2, 3), np.float32), None))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def field(name: str, offset: int) -> PointField:
    return PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)


@pytest.mark.parametrize(
    'message',
    [
        PointCloud2(),
        PointCloud2(width=5, height=1, point_step=12),
        broken_cloud(point_step=0),
        broken_cloud(point_step=8),
        broken_cloud(row_step=4),
        broken_cloud(height=3),
        broken_cloud(fields=[field('x', 0), field('y', 4), field('z', 2**31)]),
    ],
)
def test_cloud_without_points_to_read_is_refused(message: PointCloud2) -> None:
    with pytest.raises(InputError, match='no cloud of float'):
        points_of_cloud(message)


@pytest.mark.parametrize('reading, count', [(1.5, 1), (math.inf, 0), (math.nan, 0), (0.01, 0)])
def test_range_is_on_the_axis_of_its_sensor(reading: float, count: int) -> None:
    points = points_of_range(Range(min_range=0.1, max_range=4.0, range=reading))
    assert points.tolist() == [[1.5, 0, 0]] * count


def test_a_range_without_an_end_gives_no_point() -> None:
    assert not len(points_of_range(Range(max_range=math.inf, range=math.inf)))


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', ['32FC1', '16UC1'])
def test_depth_pixels_go_along_their_rays(encoding: str, padding: int) -> None:
    depth = np.full((16, 16), np.nan, np.float32)
    depth[8, 8], depth[0, 8] = 2.0, 1.0
    message = depth_message(Header(), depth, encoding)
    rows = np.frombuffer(message.data, np.uint8).reshape(16, message.step)
    message.step += padding
    message.data = array('B', np.pad(rows, ((0, 0), (0, padding))).tobytes())
    points = points_of_depth(sparse_depth(message), CAMERA)
    assert points == pytest.approx(np.array([[0, -0.8, 1], [0, 0, 2]]), abs=1e-6)


def test_depth_of_nothing_gives_no_points() -> None:
    depth = np.full((16, 16), np.nan, np.float32)
    sparse = sparse_depth(depth_message(Header(), depth, '32FC1'))
    assert points_of_depth(sparse, CAMERA).shape == (0, 3)


def test_depth_of_another_size_has_rays_of_its_own() -> None:
    depth = np.full((32, 32), np.nan, np.float32)
    depth[0, 16] = 1.0
    # Twice as large: f = 20, c = 8.5 · 2 − 0.5.
    points = points_of_depth(sparse_depth(depth_message(Header(), depth, '32FC1')), CAMERA)
    assert points == pytest.approx(np.array([[-0.5 / 20, -16.5 / 20, 1]]), abs=1e-6)


def test_depth_of_another_shape_is_not_registered_to_the_image() -> None:
    depth = sparse_depth(depth_message(Header(), np.ones((8, 32), np.float32), '32FC1'))
    with pytest.raises(InputError, match='is 32×8, the image 16×16: let the driver align'):
        points_of_depth(depth, CAMERA)


@pytest.mark.parametrize(('encoding', 'kind'), [('32FC1', '>f4'), ('16UC1', '>u2')])
def test_depth_of_a_big_endian_sensor_is_read_as_such(encoding: str, kind: str) -> None:
    message = depth_message(Header(), np.full((16, 16), 2.0, np.float32), encoding)
    own = np.frombuffer(message.data, kind.replace('>', '<'))
    message.data, message.is_bigendian = array('B', own.astype(kind).tobytes()), 1
    assert sparse_depth(message).depth_m.tolist() == [2.0] * 4


@pytest.mark.parametrize(
    'message',
    [
        Image(encoding='rgb8'),
        Image(encoding='16UC1', height=5, width=5, step=10),
        Image(encoding='16UC1', height=1, width=5, step=4, data=bytes(100)),
        Image(encoding='32FC1'),
    ],
)
def test_depth_that_is_none_is_refused(message: Image) -> None:
    with pytest.raises(InputError, match='no whole 16UC1 or 32FC1'):
        sparse_depth(message)


class NoPoses:
    """A source that knows every sensor's place but the range finder's."""

    def base_from_sensor(self, name: str, frame_id: str, stamp_ns: int) -> Transform:
        if name == 'range_reference':
            raise PoseError('where range_reference is mounted is not known')
        return np.eye(4)

    def grid_from_base(self, stamp_ns: int) -> None:
        return None


class MovingPoses(NoPoses):
    """A robot that drives along x at 1 m/s, but whose pose is unknown before 4.9 s."""

    def grid_from_base(self, stamp_ns: int) -> Transform | None:  # type: ignore[override]
        return None if stamp_ns < 4_900_000_000 else pose_at_x(stamp_ns / 1e9)


def pose_at_x(x: float) -> Transform:
    return transform_from(np.eye(3), np.array([x, 0.0, 0.0]))


def at(seconds: float) -> Header:
    whole = int(seconds)
    return Header(stamp=Time(sec=whole, nanosec=round((seconds - whole) * 1e9)))


def references(poses: NoPoses | None = None) -> References:
    subscribing = patch('depth_anything_ros.node.references.subscribe')
    with subscribing:
        return References(Mock(), poses or NoPoses(), {'camera': ''})  # type: ignore[arg-type]


def seen_frame() -> Frame:
    image = np.zeros((16, 16), np.uint8)
    return Frame('camera', 5_000_000_000, image, 'mono', CAMERA, np.eye(4))


def test_a_sensor_that_cannot_be_used_leaves_the_others() -> None:
    kept = references()
    scan = LaserScan(header=at(5), range_max=9.0, ranges=[1.0], angle_increment=0.1)
    kept.keep('scan_reference', scan)
    kept.keep('range_reference', Range(header=at(5), max_range=4.0, range=1.0))
    seen, problems = kept.seen_by(seen_frame(), 0.05)
    assert [reference.source for reference in seen] == ['scan']
    assert problems == {'range_reference': 'where range_reference is mounted is not known'}


def test_what_a_dead_sensor_said_last_is_not_looked_at() -> None:
    kept = references()
    kept.keep('range_reference', Range(header=at(4), max_range=4.0, range=1.0))
    kept._arrived['range_reference'] -= 2.0
    for _ in range(2 * MOST_MISSES):
        assert kept.seen_by(seen_frame(), 0.05) == ([], {})


def scan_at(seconds: float) -> LaserScan:
    return LaserScan(header=at(seconds), range_max=9.0, ranges=[1.0], angle_increment=0.1)


@pytest.mark.parametrize(
    ('scan_s', 'is_posed', 'expected'),
    [(4.95, True, 0.95), (5.05, True, 1.05), (4.85, True, 1.0), (4.95, False, 1.0)],
)
def test_what_the_robot_drove_since_a_scan_is_taken_out(
    scan_s: float, is_posed: bool, expected: float
) -> None:
    kept = references(MovingPoses())
    kept.keep('scan_reference', scan_at(scan_s))
    frame = replace(seen_frame(), grid_from_base=pose_at_x(5.0) if is_posed else None)
    ((scan,), problems) = kept.seen_by(frame, 0.2)
    assert scan.points == pytest.approx(np.array([[expected, 0, 0]]), abs=1e-6)
    assert problems == {}


def test_before_the_camera_has_a_place_no_sensor_helps() -> None:
    kept = references()
    kept.keep('scan_reference', scan_at(5.0))
    seen, problems = kept.seen_by(replace(seen_frame(), base_from_camera=None), 0.05)
    assert seen == []
    (problem,) = problems.values()
    assert problem == 'scan_reference cannot be used before the pose of the camera is known'


def test_a_fast_sensor_has_a_message_near_an_image_that_took_long() -> None:
    kept = references()
    for i in range(90):
        kept.keep('scan_reference', scan_at(4.9 + i / 90))
    ((scan,), problems) = kept.seen_by(seen_frame(), 0.05)
    assert abs(scan.stamp_ns - seen_frame().stamp_ns) < 0.01e9
    assert problems == {}


def test_a_frame_that_took_long_still_finds_what_was_said_at_its_time() -> None:
    kept = references()
    for i in range(20):
        kept.keep('scan_reference', scan_at(5 + i / 10))
    ((scan,), problems) = kept.seen_by(seen_frame(), 0.05)
    assert (scan.stamp_ns, problems) == (seen_frame().stamp_ns, {})


def test_what_is_kept_is_bounded_in_time_and_number() -> None:
    kept = references()
    for i in range(50):
        kept.keep('scan_reference', scan_at(100 + i / 10))
    assert 30 <= len(kept._kept['scan_reference']) <= 31
    kept.keep('scan_reference', scan_at(2.0))  # time went back
    assert len(kept._kept['scan_reference']) == 1
    for i in range(1000):
        kept.keep('scan_reference', scan_at(3 + i / 2000))
    assert len(kept._kept['scan_reference']) == MOST_MESSAGES


def test_a_sensor_by_another_clock_is_named_and_a_slow_one_is_not() -> None:
    kept = references()
    kept.keep('scan_reference', scan_at(4.88))
    for _ in range(MOST_MISSES - 1):
        assert kept.seen_by(seen_frame(), 0.05) == ([], {})
    assert len(kept.seen_by(seen_frame(), 0.2)[0]) == 1
    for _ in range(MOST_MISSES - 1):
        assert kept.seen_by(seen_frame(), 0.05) == ([], {})
    (problem,) = kept.seen_by(seen_frame(), 0.05)[1].values()
    assert problem.startswith('the nearest message on scan_reference is 0.12 s from the image')


@pytest.mark.parametrize(
    ('field_of_view', 'half_angle'), [(0.0, NARROWEST_CONE_RAD), (0.5, 0.25), (3.0, 0.8)]
)
def test_a_range_finder_that_hides_its_cone_still_scales(
    field_of_view: float, half_angle: float
) -> None:
    message = Range(header=at(5), field_of_view=field_of_view)
    assert reading_of(message).cone_half_angle_rad == pytest.approx(half_angle)


def kept_bytes(kept: References) -> int:
    """Return the bytes of everything that is kept."""
    parts = [
        part
        for readings in kept._kept.values()
        for reading in readings
        for part in (reading.content if isinstance(reading.content, tuple) else [reading.content])
    ]
    assert parts
    return sum(getattr(part, 'nbytes', 0) for part in parts)


def test_of_large_messages_little_is_kept() -> None:
    kept = references()
    cloud = cloud_message(at(5), PointCloud(np.ones((128, 1024, 3), np.float32), None))
    depth = depth_message(at(5), np.ones((720, 1280), np.float32), '32FC1')
    kept.keep('points_reference', cloud)
    kept.keep('depth_reference', depth)
    assert kept_bytes(kept) < 0.1 * (len(cloud.data) + len(depth.data))
    frame = replace(seen_frame(), model=CAMERA.resized(1280, 720))
    seen, problems = kept.seen_by(frame, 0.05)
    assert [len(reference.points) for reference in seen] == [90 * 160, 4096]
    assert problems == {}


def test_a_message_that_cannot_be_read_is_named_when_a_frame_asks() -> None:
    kept = references()
    kept.keep('points_reference', PointCloud2(header=at(5)))
    kept.keep('depth_reference', Image(header=at(5)))
    seen, problems = kept.seen_by(seen_frame(), 0.05)
    assert seen == []
    assert {topic: problem.partition(' is no ')[0] for topic, problem in problems.items()} == {
        'depth_reference': 'depth_reference',
        'points_reference': 'points_reference',
    }
