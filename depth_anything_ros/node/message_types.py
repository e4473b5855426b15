# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
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
