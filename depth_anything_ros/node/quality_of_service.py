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

"""How the node subscribes and publishes: overrides of QoS, and one line where two ends differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from depth_anything_ros.config import SettingError
from depth_anything_ros.node.topics import Topic
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import qos_policy_name_from_kind, QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

OVERRIDABLE = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
)


def subscribe(
    node: LifecycleNode, topic: Topic, prefix: str, callback: Callable[[Any], None]
) -> Subscription[Any]:
    """
    Return a subscription that `qos_overrides` can change and that names who does not fit.

    prefix: of a camera. Raise SettingError for overrides that do not exist, and where the node
    would hear itself.
    """
    given = prefix + topic.name
    name = node.resolve_topic_name(given)
    if name in {publisher.topic_name for publisher in node.publishers}:
        raise SettingError(
            f'{given} is {name}, which this node publishes itself: set a namespace, or remap one'
        )

    def report(event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        node.get_logger().warning(
            f'a publisher on {name} offers another {policy}, so nothing arrives from it: '
            f'set qos_overrides.{name}.subscription.{policy.lower()} to what it offers'
        )

    with _readable_overrides(name):
        return node.create_subscription(
            topic.kind,
            given,
            callback,
            _copy(topic.qos),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=report),
            qos_overriding_options=QoSOverridingOptions(OVERRIDABLE),
        )


def advertise(node: LifecycleNode, topic: Topic, prefix: str) -> Publisher[Any]:
    """
    Return a publisher that `qos_overrides` can change and that names who does not fit.

    prefix: of a camera. Raise SettingError for overrides that do not exist.
    """
    given = prefix + topic.name
    name = node.resolve_topic_name(given)

    def report(event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        node.get_logger().warning(
            f'a subscriber of {name} asks for another {policy}, so it gets nothing: '
            f'change it there, or set qos_overrides.{name}.publisher.{policy.lower()}'
        )

    with _readable_overrides(name):
        return node.create_publisher(
            topic.kind,
            given,
            _copy(topic.qos),
            event_callbacks=PublisherEventCallbacks(incompatible_qos=report),
            qos_overriding_options=QoSOverridingOptions(OVERRIDABLE),
        )


@contextmanager
def _readable_overrides(name: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if 'QoS override' not in str(error):
            raise
        raise SettingError(f'qos_overrides.{name}: {error}') from error


def _copy(qos: QoSProfile) -> QoSProfile:
    """Return a copy, since overrides are written into the profile they are given."""
    return QoSProfile(depth=qos.depth, reliability=qos.reliability, durability=qos.durability)
