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

"""One slot per camera: a new item replaces a waiting one, so nothing queues up and ages."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Mailbox(Generic[Item]):
    """Newest item of each key, handed from one thread to another."""

    def __init__(self) -> None:
        """Start empty and open."""
        self._changed = threading.Condition()
        self._items: dict[str, Item] = {}
        self._is_open = True

    def put(self, key: str, item: Item) -> bool:
        """Leave an item; return whether it replaced one that nobody had taken."""
        with self._changed:
            replaces = key in self._items
            self._items[key] = item
            self._changed.notify()
        return replaces

    def take(self) -> dict[str, Item]:
        """Wait for items and return the newest of each key; nothing once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or not self._is_open)
            items, self._items = self._items, {}
            return items if self._is_open else {}

    def clear(self) -> None:
        """Forget what waits."""
        with self._changed:
            self._items = {}

    def close(self) -> None:
        """Wake whoever waits; `take` returns nothing from now on."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
