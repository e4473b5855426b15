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

"""What comes out when a camera's images come in."""

from __future__ import annotations

import math
import time

from depth_anything_ros.node.calibration import message_of_pinhole
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import OccupancyGrid, Odometry
import numpy as np
import pytest
from rclpy.qos import QoSProfile
from robot import CAMERA, HEIGHT, LATCHED, Robot, WALL_M, WIDTH
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2

pytestmark = pytest.mark.system


def drive(robot: Robot, x: float, yaw: float, child: str = '', frame: str = 'world') -> None:
    """Publish where the robot, or another of its frames, is now."""
    odometry = Odometry(header=robot.header(frame), child_frame_id=child)
    odometry.pose.pose.position.x = x
    odometry.pose.pose.orientation.w = math.cos(yaw / 2)
    odometry.pose.pose.orientation.z = math.sin(yaw / 2)
    robot.publish('odom', odometry)


def test_depth_is_metric_and_belongs_to_its_image(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    infos = robot.hear('depth/camera_info', CameraInfo)
    robot.start()
    robot.keep_showing(lambda: len(depths) > 10 and infos, 'depth')
    depth = depths[-1]
    values = np.frombuffer(depth.data, np.float32).reshape(depth.height, depth.width)
    assert depth.encoding == '32FC1'
    assert depth.header.frame_id == 'camera_optical_frame'
    assert np.nanmedian(values[5:40]) == pytest.approx(WALL_M, rel=0.05)
    assert infos[-1].k[0] == pytest.approx(CAMERA.fx)
    assert any(info.header == depth.header for info in infos)


def test_the_frame_of_an_image_is_that_of_its_results_though_the_next_has_another(
    robot: Robot,
) -> None:
    depths = robot.hear('depth/image_rect', Image, QoSProfile(depth=1000))
    robot.start()
    frames: dict[tuple[int, int], str] = {}

    def show_two() -> None:
        for name in ('left_optical_frame', 'right_optical_frame'):
            header = robot.header(name)
            frames[header.stamp.sec, header.stamp.nanosec] = name
            robot.show(header=header)
            time.sleep(0.004)

    robot.until(lambda: len(depths) > 100, 'depth', show_two)
    assert all(
        m.header.frame_id == frames[m.header.stamp.sec, m.header.stamp.nanosec] for m in depths
    )


def test_cloud_scan_and_grid_show_the_wall(robot: Robot) -> None:
    clouds = robot.hear('depth/points', PointCloud2)
    scans = robot.hear('scan', LaserScan)
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(pose_source='odometry')
    shown = []

    def stand() -> None:
        drive(robot, 0.0, 0.0)
        shown.append(robot.show().header.stamp)

    robot.until(lambda: len(grids) > 20 and clouds and scans, 'cloud, scan and grid', stand)
    points = np.frombuffer(clouds[-1].data, np.float32)
    assert (clouds[-1].height, clouds[-1].width) == (HEIGHT, WIDTH)
    assert np.nanmax(points.reshape(-1, clouds[-1].point_step // 4)[:, 2]) < 1.1 * WALL_M
    ahead = scans[-1].ranges[round(-scans[-1].angle_min / scans[-1].angle_increment)]
    assert ahead == pytest.approx(WALL_M, rel=0.1)
    assert (scans[-1].header.frame_id, grids[-1].header.frame_id) == ('base_link', 'world')
    grid = grids[-1]
    cells = np.array(grid.data).reshape(grid.info.height, grid.info.width)
    origin = grid.info.origin.position
    row = int(-origin.y / grid.info.resolution)
    near, wall = (int((x - origin.x) / grid.info.resolution) for x in (1.0, WALL_M))
    assert 0 <= cells[row, near] < 35
    before, behind = wall - 2, wall + 5
    assert cells[row, before:behind].max() > 65
    assert {(s.sec, s.nanosec) for s in shown} >= {
        (m.header.stamp.sec, m.header.stamp.nanosec) for m in (*clouds, *scans, *grids)
    }


def test_pictures_of_the_prediction_need_no_scale(robot: Robot) -> None:
    relative, color = robot.hear('depth/relative', Image), robot.hear('depth/color', Image)
    depths = robot.hear('depth/image_rect', Image)
    robot.start(use_floor=False)
    robot.keep_showing(lambda: relative and color, 'relative depth and its picture')
    assert relative[-1].encoding == '32FC1'
    picture = np.frombuffer(color[-1].data, np.uint8).reshape(HEIGHT, WIDTH, 3)
    red, _, blue = picture[-1, 0].astype(int)
    assert red > blue
    assert not depths


def test_millimetres_at_the_size_of_the_camera(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    infos = robot.hear('depth/camera_info', CameraInfo)
    robot.start(depth_size='camera', depth_encoding='16UC1')
    robot.keep_showing(lambda: depths and infos, 'depth', size=(2 * WIDTH, 2 * HEIGHT))
    assert (depths[0].encoding, depths[0].width, infos[0].width) == ('16UC1', 336, 336)
    values = np.frombuffer(depths[0].data, np.uint16).reshape(252, 336)
    assert np.median(values[10:80]) == pytest.approx(1000 * WALL_M, rel=0.05)


def test_nothing_is_inferred_while_nobody_listens(robot: Robot) -> None:
    robot.start()
    for _ in range(15):
        robot.show()
    assert not robot.backend.batches
    depths = robot.hear('depth/image_rect', Image)
    robot.keep_showing(lambda: depths, 'depth once somebody listens')


def test_grid_follows_the_odometry(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(pose_source='odometry')

    def stand() -> None:
        drive(robot, 100.0, math.pi / 2)
        robot.show()

    robot.until(lambda: grids and grids[-1].header.frame_id == 'world', 'a grid in odom', stand)
    info = grids[-1].info
    assert info.origin.position.x + info.width * info.resolution / 2 == pytest.approx(100, abs=3)


def test_odometry_that_is_missing_is_named_and_the_grid_shows_one_step(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(pose_source='odometry')
    robot.keep_showing(lambda: grids, 'a grid')
    assert grids[-1].header.frame_id == 'base_link'
    assert sum('no message on odom yet' in line for line in robot.log) == 1


def test_the_pose_of_another_frame_is_named_and_not_taken_for_the_robots(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start(pose_source='odometry')
    child = 'imu_link'

    def stand() -> None:
        drive(robot, 100.0, 0.0, child)
        robot.show()

    robot.until(lambda: len(grids) > 3, 'grids of one step', stand)
    assert {grid.header.frame_id for grid in grids} == {'base_link'}
    (line,) = [line for line in robot.log if 'odom' in line]
    assert 'odom is the pose of imu_link, not of base_frame base_link' in line
    child = '/base_link'
    robot.until(lambda: grids[-1].header.frame_id == 'world', 'a grid in odom', stand)


def test_what_the_grid_holds_is_not_published_in_another_frame(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    node = robot.start(pose_source='odometry')
    frame = 'world'

    def stand() -> None:
        drive(robot, 0.5 if frame == 'map' else 0.0, 0.0, frame=frame)
        robot.show()

    robot.until(lambda: grids and max(grids[-1].data) > 65, 'a grid', stand)
    frame = 'map'
    robot.until(lambda: any('odom is in map' in line for line in robot.log), 'a line', stand)
    robot.until(lambda: grids[-1].header.frame_id == 'base_link', 'a grid of one step', stand)
    assert not any(grid.header.frame_id == 'map' for grid in grids)
    node.trigger_deactivate()
    node.trigger_activate()
    robot.until(lambda: grids[-1].header.frame_id == 'map', 'a grid in the new frame', stand)


def test_a_wide_camera_is_seen_in_views(robot: Robot) -> None:
    depths = [robot.hear(f'view_{i}/depth/image_rect', Image) for i in range(2)]
    infos = robot.hear('view_0/depth/camera_info', CameraInfo)
    clouds = robot.hear('depth/points', PointCloud2)
    robot.start(horizontal_fov_deg=130.0)
    robot.until(lambda: all(depths) and infos and clouds, 'depth', lambda: robot.show(info=False))
    assert depths[0][-1].header.frame_id == 'camera_optical_frame_view_0'
    assert depths[1][-1].header.frame_id == 'camera_optical_frame_view_1'
    assert infos[-1].width == WIDTH
    assert (clouds[-1].width, clouds[-1].header.frame_id) == (2 * WIDTH, 'camera_optical_frame')
    assert any('130° wide' in line for line in robot.log)


def test_a_view_without_a_scale_leaves_the_other_its_metres(robot: Robot) -> None:
    see = robot.backend.infer

    def only_the_first_has_a_floor(batch: np.ndarray) -> np.ndarray:
        values = see(batch)
        values[1] = np.random.default_rng(0).uniform(1, 2, values[1].shape)
        return values

    robot.backend.infer = only_the_first_has_a_floor  # type: ignore[method-assign]
    clouds = robot.hear('depth/points', PointCloud2)
    scans = robot.hear('scan', LaserScan)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start(horizontal_fov_deg=130.0)
    robot.until(lambda: clouds and scans, 'cloud and scan', lambda: robot.show(info=False))
    points = np.frombuffer(clouds[-1].data, np.float32).reshape(HEIGHT, 2 * WIDTH, 3)
    assert np.isnan(points[:, WIDTH:]).all() and np.isfinite(points[:, :WIDTH]).any()
    right, left = np.array_split(np.asarray(scans[-1].ranges), 2)
    assert not np.isnan(left).all()
    assert np.isnan(right[: len(right) // 2]).all()

    def is_told() -> bool:
        pairs = [p for m in diagnostics for status in m.status for p in status.values]
        return any((pair.key, pair.value) == ('scale_health', 'lost') for pair in pairs)

    robot.until(is_told, 'the lost scale', lambda: robot.show(info=False))


def fisheye(robot: Robot) -> None:
    """Publish the calibration of a camera that is 170° wide, and its image."""
    focal = WIDTH / math.radians(170)
    image = robot.show(info=False)
    info = message_of_pinhole(CAMERA)
    info.header, info.distortion_model, info.d = image.header, 'equidistant', [0.0] * 4
    info.k[0], info.k[4] = focal, focal
    robot.publish('camera_info', info)


def test_who_listens_to_one_view_only_gets_it(robot: Robot) -> None:
    depths = robot.hear('view_1/depth/image_rect', Image)
    robot.start()
    robot.until(lambda: depths, 'depth of a view', lambda: fisheye(robot))


def test_a_listener_of_one_view_is_heard_where_the_width_is_only_assumed(robot: Robot) -> None:
    depths = robot.hear('view_0/depth/image_rect', Image)
    robot.start(horizontal_fov_deg=130.0)
    robot.until(lambda: depths, 'depth of a view', lambda: robot.show(info=False))


def test_the_grid_keeps_to_its_rate(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    depths = robot.hear('depth/image_rect', Image)
    robot.start(grid_rate_hz=2.0)
    robot.keep_showing(lambda: len(depths) > 20, 'depth')
    stamps = [m.header.stamp.sec + m.header.stamp.nanosec / 1e9 for m in grids]
    assert stamps and all(gap > 0.44 for gap in np.diff(np.unique(stamps)))
