# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Worlds with ground truth: geometry, pictures, recordings, and the demo model learned from them.

Needs `pip install 'depth_anything_ros[sim]'`.
"""
