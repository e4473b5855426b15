# Copyright 2026 The depth_anything_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command `depth-anything-ros`; every stage brings its sub-commands."""

from __future__ import annotations

from depth_anything_ros.estimation import commands as estimation
from depth_anything_ros.replay import commands as replay
from depth_anything_ros.simulation import commands as simulation
import typer

app = typer.Typer(
    name='depth-anything-ros',
    help='Metric depth, clouds, a virtual scan and a local grid from ordinary cameras.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command('demo')(replay.demo)
app.command('bench')(estimation.bench)
app.add_typer(estimation.model_app, name='model')
app.add_typer(estimation.engine_app, name='engine')
app.add_typer(simulation.app, name='sim')
