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

"""The sub-commands of `depth-anything-ros sim`."""

# No annotations from the future: the typer of Ubuntu 24.04 does not read them as text.

from pathlib import Path
from typing import Annotated

from depth_anything_ros.command_errors import above_zero, needing, one_line_errors
from depth_anything_ros.simulation.worlds import DEMO_SEED, TEST_SEEDS, TRAINING_SEEDS
import numpy as np
import typer

app = typer.Typer(
    help='Simulated worlds: recordings with ground truth, and the training of the demo model.',
    no_args_is_help=True,
)
VIEW_SIZE = 224, 168
WORLDS_PER_SHARD = 50


@app.command()
def record(
    path: Annotated[Path, typer.Argument(help='New rosbag2 folder.')],
    seed: Annotated[int, typer.Option(min=0, help='Seed of the world.')] = DEMO_SEED,
    duration: Annotated[
        float, typer.Option(callback=above_zero, help='Length of the drive in seconds.')
    ] = 20.0,
) -> None:
    """Record a drive through a world: camera, odometry, lidar and ground truth."""
    with one_line_errors(), needing('sim,replay'):
        from depth_anything_ros.simulation.recording import record as record_drive

        record_drive(path, seed, duration)


@app.command()
def render_preview(
    picture: Annotated[Path, typer.Argument(help='Picture to write, .png or .jpg.')],
    seed: Annotated[int, typer.Option(min=0, help='Seed of the world.')] = DEMO_SEED,
) -> None:
    """Draw twelve random views of a world above their inverse depth."""
    with one_line_errors(), needing('sim'):
        from depth_anything_ros.simulation.views import draw_preview

        draw_preview(picture, seed, *VIEW_SIZE)


@app.command()
def render_views(
    folder: Annotated[Path, typer.Argument(help='Folder of shards; those it has are kept.')],
    first: Annotated[int, typer.Option(min=0, help='First seed.')] = TRAINING_SEEDS.start,
    worlds: Annotated[int, typer.Option(min=1, help='Number of worlds, 12 views each.')] = 1200,
) -> None:
    """Render views to train on; processes share the work by their first seeds."""
    with one_line_errors(), needing('sim'):
        from depth_anything_ros.simulation.views import write_shard

        folder.mkdir(parents=True, exist_ok=True)
        for start in range(first, first + worlds, WORLDS_PER_SHARD):
            path = folder / f'{start}.npz'
            if not path.exists():
                stop = min(start + WORLDS_PER_SHARD, first + worlds)
                write_shard(path, range(start, stop), *VIEW_SIZE)
                typer.echo(f'{path}: worlds {start} to {stop - 1}')


@app.command()
def train(
    views: Annotated[Path, typer.Argument(help='Folder of rendered views to train on.')],
    validation: Annotated[Path, typer.Argument(help='Folder of views of other worlds.')],
    folder: Annotated[Path, typer.Argument(help='Folder of checkpoints; training goes on there.')],
) -> None:
    """Train the demo model; under torchrun, the processes share each batch."""
    with one_line_errors(), needing('sim,export'):
        from depth_anything_ros.simulation.batches import Views
        from depth_anything_ros.simulation.train import join_processes, train as train_model

        join_processes()
        typer.echo(train_model(Views(views), Views(validation), folder))


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help='As the parameter `model` of the node.')] = 'demo',
    size: Annotated[
        str, typer.Option(help='HEIGHTxWIDTH; default: the smallest export.')
    ] = 'auto',
    worlds: Annotated[int, typer.Option(min=1, help='Number of worlds, 12 views each.')] = 50,
) -> None:
    """Print the accuracy of a model in worlds that nothing was trained on."""
    with one_line_errors(), needing('sim,cpu'):
        from depth_anything_ros.config import EstimationConfig
        from depth_anything_ros.simulation.evaluation import (
            evaluate as evaluate_model,
            open_relative,
        )

        backend = open_relative(EstimationConfig(model=model, input_size=size))
        info = backend.info
        errors = list(evaluate_model(backend, TEST_SEEDS[:worlds]))
        backend.close()
    delta1 = np.array([error.delta1 for error in errors])
    abs_rel = np.mean([error.abs_rel for error in errors])
    relative_sd = np.mean([error.relative_sd for error in errors])
    typer.echo(f'{info.model} at {info.height}x{info.width} in {info.precision}')
    typer.echo(f'views {len(errors)}  delta1 {delta1.mean():.3f}  AbsRel {abs_rel:.3f}')
    typer.echo(f'relative error without outliers {relative_sd:.3f}')
    typer.echo(f'delta1 of the worst tenth at most {np.percentile(delta1, 10):.3f}')


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help='model.safetensors of a training.')],
    path: Annotated[Path, typer.Argument(help='The .onnx to write.')],
) -> None:
    """Export trained weights as the demo model."""
    with one_line_errors(), needing('sim,export'):
        from depth_anything_ros.simulation.export import export_demo_model

        width, height = VIEW_SIZE
        typer.echo(export_demo_model(weights, path, height, width))
