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

"""Message classes by the names that recordings and the ROS graph use."""

from __future__ import annotations

import importlib
import re
from typing import Any


class MissingTypeError(ImportError):
    """A message type whose package is not installed."""


def message_class(name: str) -> Any:
    """Return the class of a type as 'sensor_msgs/msg/Image'; raise MissingTypeError."""
    match = re.fullmatch(r'([a-z]\w*)/msg/([A-Z]\w*)', name)
    if match is None:
        raise MissingTypeError(f'{name!r} is no message type')
    package, message = match.groups()
    try:
        return getattr(importlib.import_module(f'{package}.msg'), message)
    except (ImportError, AttributeError) as error:
        raise MissingTypeError(f'{name} is not installed: install {package}') from error
