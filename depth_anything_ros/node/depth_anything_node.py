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

"""The lifecycle node: camera topics in; depth, cloud, scan and grid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
import traceback
from typing import Any, NamedTuple, TypeAlias

from depth_anything_ros.config import EstimationConfig, SettingError
from depth_anything_ros.estimation.backend import Backend, BackendError
from depth_anything_ros.estimation.load import load_backend
from depth_anything_ros.node import topics
from depth_anything_ros.node.diagnostics import camera_status, node_status, ThrottlingMonitor
from depth_anything_ros.node.outputs import CameraOutputs, GridOutput
from depth_anything_ros.node.parameters import camera_prefixes, Configs, Parameters
from depth_anything_ros.node.pose_sources import PoseError
from depth_anything_ros.node.session import Session
from depth_anything_ros.pipeline import Pipeline
from depth_anything_ros.warm_up import warm_up
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import Trigger

try:
    from rclpy.clock_type import ClockType
except ImportError:  # Humble
    from rclpy.clock import ClockType  # type: ignore[attr-defined]

JUMP_BACK = JumpThreshold(
    min_forward=None, min_backward=Duration(seconds=-0.5), on_clock_change=False
)


ChangeStateCallback: TypeAlias = Callable[
    [ChangeState.Request, ChangeState.Response], ChangeState.Response
]


class Equipment(NamedTuple):
    """What a configured node has."""

    backend: Backend
    pipeline: Pipeline
    outputs: dict[str, CameraOutputs]
    grid: GridOutput
    undo: ExitStack


class DepthAnythingNode(LifecycleNode):
    """
    configure loads the network, activate subscribes and works, deactivate idles, cleanup frees.

    The executor's thread only receives and hands over; the threads of the session do the rest.
    """

    def __init__(
        self,
        died: Callable[[], None],
        load: Callable[[EstimationConfig], Backend] = load_backend,
        **options: Any,
    ) -> None:
        """
        Declare parameters; `died` is called where a thread of the node ends by an error.

        options: those of rclpy's Node.

        Raise SettingError where the parameters given at start cannot be.
        """
        super().__init__('depth_anything', **options)
        self._died = died
        self._load = load
        self._equipment: Equipment | None = None
        self._session: Session | None = None
        self._problem = ''
        self.parameters = Parameters(self, self._reconfigure)
        self._throttling = ThrottlingMonitor()
        self._diagnostics = self.create_publisher(
            topics.DIAGNOSTICS.kind, topics.DIAGNOSTICS.name, topics.DIAGNOSTICS.qos
        )
        # By the steady clock: simulated time stands still before and after a recording.
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.create_service(Trigger, topics.RESET_GRID.name, self._reset_grid)
        self.create_service(Trigger, topics.RESET_SCALE.name, self._reset_scale)
        self._jump = self.get_clock().create_jump_callback(JUMP_BACK, post_callback=self._jumped)
        for service in self.services:
            if service.srv_type is ChangeState:
                service.callback = self._refusing(service.callback)

    @property
    def state(self) -> str:
        """Label of the lifecycle state."""
        return str(self._state_machine.current_state[1])

    def start(self) -> None:
        """Configure and activate."""
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and prove the network, advertise the outputs."""
        with self._unexpected_errors_logged():
            try:
                self.parameters.declare_cameras()
                self.parameters.refuse_unreadable_files()
                warm_up()
                backend = self._load(self.parameters.configs.estimation)
                self._equipment = self._equip(backend)
            except (SettingError, BackendError) as error:
                return self._refuse(str(error))
        self._problem = ''
        self.parameters.is_configured = True
        return TransitionCallbackReturn.SUCCESS

    def _equip(self, backend: Backend) -> Equipment:
        info, configs = backend.info, self.parameters.configs
        self.get_logger().info(
            f'{info.model} {info.precision} at {info.height}×{info.width} '
            f'on {info.backend} ({info.device}), {info.first_inference_ms:.0f} ms'
        )
        prefixes = camera_prefixes(configs.node.cameras, '/')
        with ExitStack() as undo:
            undo.callback(backend.close)
            outputs = {}
            for name, prefix in prefixes.items():
                outputs[name] = CameraOutputs(self, prefix)
                undo.callback(outputs[name].close)
            grid = GridOutput(self)
            undo.callback(grid.close)
            pipeline = Pipeline(backend, configs.pipeline)
            return Equipment(backend, pipeline, outputs, grid, undo.pop_all())

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and work."""
        if self._equipment is None:
            return self._refuse('not configured')
        _, pipeline, outputs, grid, _ = self._equipment
        with self._unexpected_errors_logged():
            try:
                self._session = Session(self, self.parameters, pipeline, outputs, grid, self._died)
            except (PoseError, SettingError) as error:
                return self._refuse(str(error))
        self._problem = ''
        self.get_logger().info('active: waiting for images')  # replay.launch.py waits for it
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and idle."""
        self._end_session()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network."""
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything."""
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, so that the node can be configured again."""
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def release(self) -> None:
        """Stop and free whatever there is."""
        self._end_session()
        if self._equipment is not None:
            self._equipment.undo.close()
            self._equipment = None
        self.parameters.is_configured = False

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _refuse(self, problem: str) -> TransitionCallbackReturn:
        self._problem = problem
        self.get_logger().error(problem)
        return TransitionCallbackReturn.FAILURE

    def _refusing(self, change_state: ChangeStateCallback) -> ChangeStateCallback:
        """Return what answers no to impossible transitions, where rclpy before Kilted raises."""

        def answer(
            request: ChangeState.Request, response: ChangeState.Response
        ) -> ChangeState.Response:
            try:
                return change_state(request, response)
            except RuntimeError as error:
                asked = request.transition.label or request.transition.id
                self.get_logger().error(f'no transition {asked} while {self.state}: {error}')
                response.success = False
                return response

        return answer

    @contextmanager
    def _unexpected_errors_logged(self) -> Iterator[None]:
        """Log and report what rclpy would turn into a silent error transition."""
        try:
            yield
        except BaseException as error:
            self._problem = f'{type(error).__name__}: {error}; the log has the rest'
            self.get_logger().error(traceback.format_exc())
            raise

    def _reconfigure(self, configs: Configs) -> None:
        if self._session is not None:
            self._session.reconfigure(configs)
        elif self._equipment is not None:
            self._equipment.pipeline.reconfigure(configs.pipeline)

    def _jumped(self, jump: TimeJump) -> None:
        if self._session is not None:
            back_s = -jump.delta.nanoseconds / 1e9
            self._session.forget_time(f'the clock went back by {back_s:.1f} s')

    def _reset_grid(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        return self._answer(response, Session.reset_grid)

    def _reset_scale(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        return self._answer(response, Session.reset_scale)

    def _answer(
        self, response: Trigger.Response, action: Callable[[Session], None]
    ) -> Trigger.Response:
        response.success = self._session is not None
        response.message = '' if self._session else 'the node is not active'
        if self._session is not None:
            action(self._session)
        return response

    def _diagnose(self) -> None:
        configs, session = self.parameters.configs, self._session
        info = self._equipment.backend.info if self._equipment is not None else None
        stage_ms = session.mean_stage_ms() if session is not None else {}
        throttled = self._throttling.has_throttled()
        grid_reset = self._equipment.pipeline.grid_reset if self._equipment is not None else ''
        statuses = [node_status(self.state, self._problem, info, stage_ms, throttled, grid_reset)]
        if session is not None:
            session.watch()
            statuses += [
                camera_status(
                    name,
                    health.report(),
                    configs.node,
                    configs.estimation.target_rate_hz,
                    is_heard=session.is_heard(name),
                )
                for name, health in session.healths.items()
            ]
        for status in statuses:  # monitors key by name, and a robot may run several nodes
            status.name = f'{self.get_fully_qualified_name().strip("/")}: {status.name}'
        message = DiagnosticArray(status=statuses)
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)
