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

"""States and services, as Nav2's lifecycle manager and an operator use them."""

from __future__ import annotations

import gc
from pathlib import Path
import re
import threading
import time
from typing import Any
import weakref

from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import BackendError
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nav_msgs.msg import OccupancyGrid, Odometry
import numpy as np
import pytest
from rclpy.duration import Duration
from rclpy.lifecycle.node import LifecycleNodeMixin
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from robot import LATCHED, Robot, SceneBackend
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

pytestmark = pytest.mark.system


def call(robot: Robot, service_type: type, name: str, request: Any) -> Any:
    """Return the answer of one of the node's services."""
    client = robot.peer.create_client(service_type, f'/{robot.name}/{name}')
    robot.until(client.service_is_ready, name)
    future = client.call_async(request)
    robot.until(future.done, f'an answer of {name}')
    return future.result()


def change(robot: Robot, transition: int) -> bool:
    """Return whether the node made a transition."""
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(call(robot, ChangeState, 'change_state', request).success)


def test_a_manager_takes_the_node_up_down_and_up_again(robot: Robot) -> None:
    depths = robot.hear('depth/image_rect', Image)
    node = robot.start(activate=False)
    for _ in range(2):
        assert change(robot, Transition.TRANSITION_CONFIGURE)
        assert change(robot, Transition.TRANSITION_ACTIVATE)
        depths.clear()
        robot.keep_showing(lambda: depths, 'depth')
        assert gc.get_freeze_count() > 0
        assert change(robot, Transition.TRANSITION_DEACTIVATE)
        assert gc.get_freeze_count() == 0
        assert not node.get_subscriptions_info_by_topic('/image_raw')
        assert change(robot, Transition.TRANSITION_CLEANUP)
        assert robot.backend.is_closed
    assert change(robot, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert not robot.deaths


def test_what_was_configured_before_does_not_stay(robot: Robot) -> None:
    loaded: list[weakref.ref[SceneBackend]] = []

    def load(config: EstimationConfig) -> SceneBackend:
        backend = SceneBackend()
        loaded.append(weakref.ref(backend))
        return backend

    robot.load = load
    depths = robot.hear('depth/image_rect', Image)
    robot.start()
    robot.keep_showing(lambda: depths, 'depth')
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    assert change(robot, Transition.TRANSITION_CLEANUP)
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    first, second = loaded
    assert first() is None and second() is not None


def test_the_line_that_the_player_of_a_replay_waits_for(robot: Robot) -> None:
    file = Path(__file__).parents[2] / 'launch' / 'replay.launch.py'
    (line,) = re.findall(r"^ACTIVE = b'(.*)'$", file.read_text(), re.MULTILINE)
    robot.start(activate=False)
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert line not in robot.log
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    robot.until(lambda: line in robot.log, 'the line')


def test_a_transition_that_is_not_possible_is_refused(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = '_LifecycleNodeMixin__change_state'
    change_state = getattr(LifecycleNodeMixin, name)

    def raise_as_humble_does(node: Any, transition: int) -> Any:
        if transition not in [t[0] for t in node._state_machine.available_transitions]:
            raise RuntimeError('Failed to trigger lifecycle state machine transition')
        return change_state(node, transition)

    monkeypatch.setattr(LifecycleNodeMixin, name, raise_as_humble_does)
    node = robot.start()
    assert not change(robot, Transition.TRANSITION_CONFIGURE)
    assert node.state == 'active'
    robot.until(lambda: 'no transition 1 while active' in robot.log[-1], 'the reason')
    assert change(robot, Transition.TRANSITION_DEACTIVATE)


def test_what_fails_to_configure_can_be_tried_again(robot: Robot) -> None:
    good = robot.load

    def fail(config: object) -> Any:
        raise BackendError('the model is not there: fetch it')

    robot.load = fail
    node = robot.start(activate=False)
    assert not change(robot, Transition.TRANSITION_CONFIGURE)
    assert node.state == 'unconfigured'
    robot.load = good
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert node.state == 'inactive'


def test_deactivation_takes_the_grid_back(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.start()
    robot.keep_showing(lambda: grids and max(grids[-1].data) > 65, 'a grid with obstacles')
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    robot.until(lambda: max(grids[-1].data) == -1, 'a grid of nothing but unknown')


def test_the_grid_is_taken_back_before_a_slow_step_ends(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    node = robot.start()
    robot.keep_showing(lambda: grids and max(grids[-1].data) > 65, 'a grid with obstacles')
    robot.backend.seconds = 3.0
    before = len(robot.backend.batches)
    robot.keep_showing(lambda: len(robot.backend.batches) > before, 'a slow step')
    started = time.monotonic()
    end = threading.Thread(target=node.release)
    end.start()
    robot.until(lambda: max(grids[-1].data) == -1, 'a grid of nothing but unknown')
    assert time.monotonic() - started < 1.0
    end.join()
    assert max(grids[-1].data) == -1


def test_the_topic_of_the_grid_stays_until_its_last_has_arrived(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    def wait(publisher: Publisher[Any], timeout: Duration) -> bool:
        waited.append(publisher.topic_name)
        return True

    monkeypatch.setattr(Publisher, 'wait_for_all_acked', wait)
    robot.start()
    assert change(robot, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert waited == ['/local_grid']


def test_a_node_that_is_activated_again_knows_nothing_of_before(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    depths = robot.hear('depth/image_rect', Image)
    # The grid of a robot with a pose remembers; without a source of scale nothing new comes in.
    node = robot.start(pose_source='odometry')

    def show() -> None:
        odometry = Odometry(header=robot.header('odom'))
        odometry.pose.pose.orientation.w = 1.0
        robot.publish('odom', odometry)
        robot.show()

    robot.until(lambda: grids and max(grids[-1].data) > 65, 'a grid with obstacles', show)
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    robot.until(lambda: max(grids[-1].data) == -1, 'a grid of nothing but unknown')
    assert node.set_parameters([Parameter('use_floor', value=False)])[0].successful
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    grids.clear()
    depths.clear()
    robot.until(lambda: len(grids) > 5, 'grids', show)
    assert max(max(grid.data) for grid in grids) < 50
    assert not depths


def test_a_silent_camera_takes_the_grid_back(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    diagnostics = robot.hear('/diagnostics', DiagnosticArray)
    robot.start()
    robot.keep_showing(lambda: grids and max(grids[-1].data) > 65, 'a grid with obstacles')
    robot.until(lambda: max(grids[-1].data) == -1, 'a grid of nothing but unknown')

    def reasons() -> list[str]:
        values = [value for s in diagnostics[-1].status for value in s.values]
        return [value.value for value in values if value.key == 'grid_reset']

    robot.until(lambda: reasons() == ['no image was processed for a second'], 'the reason')


def test_who_listens_to_the_grid_later_gets_none_of_long_ago(robot: Robot) -> None:
    grids = robot.hear('local_grid', OccupancyGrid, LATCHED)
    depths = robot.hear('depth/image_rect', Image)
    robot.start()
    robot.keep_showing(lambda: grids and max(grids[-1].data) > 65, 'a grid with obstacles')
    (subscription,) = [s for s in robot.peer.subscriptions if s.topic_name == '/local_grid']
    robot.peer.destroy_subscription(subscription)
    depths.clear()
    robot.keep_showing(lambda: len(depths) > 60, 'depth, for two seconds')
    late = robot.hear('local_grid', OccupancyGrid, LATCHED)
    robot.until(lambda: late, 'the last grid')
    assert max(late[0].data) == -1
    robot.keep_showing(lambda: max(late[-1].data) > 65, 'a grid with obstacles')


@pytest.mark.parametrize('service', ['reset_grid', 'reset_scale'])
def test_reset_services(robot: Robot, service: str) -> None:
    robot.start(activate=False)
    answer = call(robot, Trigger, service, Trigger.Request())
    assert not answer.success and answer.message == 'the node is not active'
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    depths = robot.hear('depth/image_rect', Image)
    robot.keep_showing(lambda: depths, 'depth')
    assert call(robot, Trigger, service, Trigger.Request()).success
    depths.clear()
    robot.keep_showing(lambda: depths, 'depth after the reset')
    values = np.frombuffer(depths[-1].data, np.float32)
    assert np.isfinite(values).any()
