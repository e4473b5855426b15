# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
from hypothesis import settings

settings.register_profile('untimed', deadline=None)
settings.load_profile('untimed')
