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

if __name__ == '__main__':
    app()
