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

"""The sub-command that shows the node at work on a recording."""

# No annotations from the future: the typer of Ubuntu 24.04 does not read them as text.

from pathlib import Path
import signal
from typing import Annotated, Any, Optional

from depth_anything_ros.command_errors import above_zero, needing, one_line_errors
from depth_anything_ros.estimation.backend import BackendError
from depth_anything_ros.estimation.first_use import export_published, is_missing
from depth_anything_ros.replay.figures import FIGURES, formatted, NOT_KNOWN
from depth_anything_ros.replay.shared_files import shared_file
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
import typer

# The typer of Ubuntu 24.04 knows no Path | None.
MaybePath = Optional[Path]  # noqa: UP045
MaybeNumber = Optional[float]  # noqa: UP045

console = Console()


def demo(
    recording: Annotated[
        MaybePath, typer.Option(help='rosbag2 folder, .mcap or .db3; default: the demo')
    ] = None,
    model: Annotated[str, typer.Option(help='name of a model, or path of an .onnx')] = 'demo',
    output: Annotated[Path, typer.Option(help='folder for the results')] = Path('demo_output'),
    image: Annotated[str, typer.Option(help='topic of the camera; default: by type')] = '',
    camera_info: Annotated[str, typer.Option(help='its calibration; default: by name')] = '',
    odom: Annotated[str, typer.Option(help='odometry of the robot; default: by type')] = '',
    camera_height: Annotated[
        MaybeNumber,
        typer.Option(
            max=20, callback=above_zero, help='metres over the floor; default: as recorded'
        ),
    ] = None,
) -> None:
    """Run a recording through the node over DDS, compare with its truth and write a report."""
    # As Ctrl-C: else the node would outlive the demo, and what it works on would stay on the disk.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with one_line_errors(), needing('replay'):
        from depth_anything_ros.replay.bag import Recording
        from depth_anything_ros.replay.demo import run_demo
        from depth_anything_ros.replay.merge import left_out_notice
        from depth_anything_ros.replay.setting_up import node_setup
        from depth_anything_ros.replay.topics import recognise_topics

        chosen = recording or shared_file('demo/recording')
        with Recording(chosen) as opened:
            topics = recognise_topics(
                opened.topics, image=image, camera_info=camera_info, odom=odom
            )
            setup = node_setup(opened, topics, model=model, camera_height_m=camera_height)
            notices = opened.damage, setup.notice, left_out_notice(opened)
        for notice in filter(None, notices):
            console.print(f'[yellow]{escape(notice)}[/]', highlight=False)
        _export_on_first_use(model)
        with _progress() as bar:
            task = bar.add_task('', total=1.0)
            summary = run_demo(
                chosen,
                setup,
                output,
                lambda stage, share: bar.update(task, description=stage, completed=share),
            )
    _print_table(summary)
    _print_places(output)


def _export_on_first_use(model: str) -> None:
    if not is_missing(model):
        return
    console.print(f'{model} is not exported yet: fetching and exporting it, once', highlight=False)
    try:
        export_published(model)
    except (BackendError, ImportError) as error:
        raise BackendError(
            f'{error}. `make demo` without MODEL, or `depth-anything-ros demo` without --model, '
            'shows the demo model'
        ) from error


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn('{task.description}'),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _print_table(summary: dict[str, Any]) -> None:
    title = f'{summary["recording"]}: {summary["model"]} on {summary["backend"]}'
    table = Table(title=escape(title))
    table.add_column('figure')
    table.add_column('value', justify='right')
    for figure in FIGURES:
        value = formatted(figure, summary)
        if value != NOT_KNOWN:
            table.add_row(figure.name, escape(value))
    console.print(table)


def _print_places(output: Path) -> None:
    for name, use in (
        ('report.html', 'open it in a browser'),
        ('summary.json', 'the figures'),
        ('recording', 'inputs and outputs, for rviz or Foxglove'),
    ):
        console.print(f'{escape(str(output / name))}  [dim]{use}[/]', highlight=False)
