# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
