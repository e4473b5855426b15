# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From metric depth to what a robot plans with: cleaned cloud, scan and local grid."""
