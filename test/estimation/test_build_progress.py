# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0

from depth_anything_ros.estimation.build_progress import BuildProgress
import pytest


def test_a_phase_fills_one_step_of_its_parent():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('build', '', 2)
    progress.start('tactics', 'build', 4)
    progress.step('tactics', 0)
    progress.step('tactics', 2)
    progress.finish('tactics')
    progress.step('build', 0)
    progress.finish('build')
    assert shares == pytest.approx([0.125, 0.375, 0.5, 0.5, 1.0])


def test_the_share_never_falls():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('build', '', 1)
    progress.step('build', 0)
    progress.start('late', 'build', 10)
    progress.step('late', 0)
    assert shares == sorted(shares)
    assert max(shares) <= 1.0


def test_a_phase_without_steps_is_none_to_divide_by():
    shares = []
    progress = BuildProgress(shares.append)
    progress.start('empty', '', 0)
    progress.finish('empty')
    assert shares == [1.0]
