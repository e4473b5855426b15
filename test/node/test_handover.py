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

import threading

from depth_anything_ros.node.handover import Mailbox


def test_a_new_item_replaces_a_waiting_one() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert [mailbox.put('a', 1), mailbox.put('b', 2), mailbox.put('a', 3)] == [False, False, True]
    assert mailbox.take() == {'a': 3, 'b': 2}
    assert not mailbox.put('a', 4)


def test_who_waits_gets_the_first_item() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taken: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: taken.append(mailbox.take()))
    thread.start()
    mailbox.put('a', 1)
    thread.join(timeout=10)
    assert taken == [{'a': 1}]


def test_nothing_is_left_after_clearing() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put('a', 1)
    mailbox.clear()
    mailbox.put('b', 2)
    assert mailbox.take() == {'b': 2}


def test_closing_wakes_who_waits_and_gives_nothing() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put('a', 1)
    mailbox.close()
    assert mailbox.take() == {}
