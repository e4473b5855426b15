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

"""Sub-commands `model` and `engine`, and `bench`."""

# No annotations from the future: the typer of Ubuntu 24.04 does not read them as text.

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

from depth_anything_ros.command_errors import needing, one_line_errors
from depth_anything_ros.config import EstimationConfig
from depth_anything_ros.estimation.backend import BackendError, LARGEST_BATCH
from depth_anything_ros.estimation.bench import chosen_exports, measure, random_exports, write_json
from depth_anything_ros.estimation.engine_cache import cached_files, clean
from depth_anything_ros.estimation.load import choose_backend, open_backend, rungs
from depth_anything_ros.estimation.model_file import ModelFile
from depth_anything_ros.estimation.models import (
    cached_exports,
    CATALOGUE,
    check_license,
    check_published,
    export_path,
    exports_of,
    parse_size,
)
from depth_anything_ros.estimation.private_cache import check_writable
from depth_anything_ros.estimation.proof import Agreement, prove, reference_of
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Column, Table
import typer

model_app = typer.Typer(help='Models: list, fetch, export.', no_args_is_help=True)
engine_app = typer.Typer(
    help='TensorRT engines: build, verify, list, clean.', no_args_is_help=True
)

WORTH_A_WARNING = 0.03
"""Error against FP32 that an export warns of."""

RANDOM_SIZES = ('252x336', '196x252')
RANDOM_PRECISIONS = ('fp32',)
"""What random weights are exported as unless `bench` is told."""

Model = Annotated[str, typer.Argument(help='a name of `model list`, or the path of an .onnx')]
Size = Annotated[list[str], typer.Option(help='HEIGHTxWIDTH; may be given several times')]
# typer of Ubuntu 24.04 knows no X | None.
MaybePath = Optional[Path]  # noqa: UP045
MaybeTexts = Optional[list[str]]  # noqa: UP045
AnyBackend = Annotated[str, typer.Option(help='auto, openvino or tensorrt')]
Json = Annotated[MaybePath, typer.Option('--json', help='also write the figures to this file')]
Sizes = Annotated[
    MaybeTexts,
    typer.Option(
        help='HEIGHTxWIDTH; may be given several times; default: each export, '
        f'of random weights {" and ".join(RANDOM_SIZES)}'
    ),
]
Accept = Annotated[
    bool,
    typer.Option('--accept-noncommercial-license', help='accept a licence that forbids it'),
]


@model_app.command('list')
def list_models() -> None:
    """List the catalogue and what is exported."""
    name = Column('name', no_wrap=True)
    table = Table(name, 'million parameters', 'predicts', 'licence', 'exported')
    with one_line_errors():
        exports, demo = cached_exports(), exports_of('demo')
    for entry in CATALOGUE.values():
        kind = f'metres up to {entry.max_depth_m:g}' if entry.max_depth_m else 'inverse depth'
        found = [file for file in exports if file.metadata.name == entry.name]
        state = _sizes(found) if entry.repository else 'weights unpublished'
        license_id = entry.license or 'as its model card says'
        table.add_row(entry.name, f'{entry.parameters_million:g}', kind, license_id, state)
    table.add_row('demo', '1.76', 'inverse depth', 'apache-2.0', _sizes(demo))
    for own in sorted({file.metadata.name for file in exports} - CATALOGUE.keys()):
        found = [file for file in exports if file.metadata.name == own]
        about = found[0].metadata
        kind = 'metres' if about.is_metric else 'inverse depth'
        table.add_row(escape(own), '', kind, escape(about.license), _sizes(found))
    Console().print(table)


@model_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help='a name of `model list`, or a hub id')],
    accept_noncommercial_license: Accept = False,
) -> None:
    """Download a model's weights from the Hugging Face hub."""
    with one_line_errors(), needing('export'):
        check_published(name)
        entry = CATALOGUE.get(name)
        if entry:
            check_license(name, entry.license, accept_noncommercial_license)
        from depth_anything_ros.estimation.sources import fetch as fetch_weights

        print(fetch_weights(entry.repository if entry else name))


@model_app.command()
def export(
    source: Annotated[
        str, typer.Argument(help='a name of `model list`, a hub id, a directory or a .pth')
    ],
    size: Size,
    precision: Annotated[str, typer.Option(help='fp32, fp16 or int8')] = 'fp32',
    batch: Annotated[int, typer.Option(min=1, max=LARGEST_BATCH, help='images per inference')] = 1,
    output: Annotated[
        MaybePath, typer.Option('-o', '--output', help='default: the cache, found by name')
    ] = None,
    calibration: Annotated[
        MaybePath, typer.Option(help='a recording of the robot, for int8')
    ] = None,
    prediction: Annotated[str, typer.Option(help='relative or metric, if it cannot say')] = '',
    max_depth_m: Annotated[int, typer.Option(min=0, help='of a metric .pth: 20 or 80')] = 0,
    accept_noncommercial_license: Accept = False,
) -> None:
    """Write a model as ONNX of fixed sizes, each with its proof beside it."""
    with one_line_errors(), needing('export'):
        if output and len(size) > 1:
            raise ValueError('--output names one file: give one --size')
        if output:
            output.parent.mkdir(parents=True, exist_ok=True)
            check_writable(output)
            if output.suffix != '.onnx':
                raise ValueError(f'--output {output}: models are known by the ending .onnx')
        sizes = [parse_size(text) for text in size]
        from depth_anything_ros.estimation.calibration import recorded_images
        from depth_anything_ros.estimation.export import export_model
        from depth_anything_ros.estimation.sources import load_source

        found = load_source(source, prediction=prediction, max_depth_m=max_depth_m)
        name = found.metadata.name
        check_license(name, found.metadata.license, accept_noncommercial_license)
        for height, width in sizes:
            images = recorded_images(calibration, height, width) if calibration else ()
            path = output or export_path(name, height, width, precision, batch)
            agreement = export_model(
                found.model,
                path,
                found.metadata,
                height=height,
                width=width,
                batch=batch,
                precision=precision,
                calibration=images,
                normalisation=found.normalisation,
            )
            _say_exported(path, agreement)


@engine_app.command()
def build(
    model: Model,
    size: Annotated[str, typer.Option(help='HEIGHTxWIDTH; auto: each that is exported')] = 'auto',
    batch: Annotated[
        int, typer.Option(min=1, max=LARGEST_BATCH, help='as inference_batch of the node')
    ] = 1,
) -> None:
    """Build the TensorRT engines of a model's exports, and prove them."""
    config = EstimationConfig(
        model=model,
        input_size=size,
        inference_batch=batch,
        accept_noncommercial_license=True,
    )

    def build_one(file: ModelFile) -> None:
        with Progress() as progress:
            task = progress.add_task(escape(file.path.name), total=1.0)
            report = partial(_advance, progress, task)
            open_backend(file, 'tensorrt', config, report).close()
            progress.update(task, completed=1.0)

    with one_line_errors():
        _for_each(rungs(config, 'tensorrt'), build_one)


@engine_app.command()
def verify(model: Model, backend: AnyBackend = 'auto') -> None:
    """Prove that a model gives the depth that its export stored, on this machine."""
    config = EstimationConfig(model=model, backend=backend, accept_noncommercial_license=True)

    def verify_one(file: ModelFile) -> None:
        running = open_backend(file, kind, config)
        proof = prove(running, reference_of(file))
        running.close()
        print(
            f'{file.path.name} on {running.info.device} ({running.info.precision}): right, '
            f'rank correlation {proof.rank_correlation:.5f}, error {proof.error:.2%}'
        )

    with one_line_errors():
        kind = choose_backend(backend)
        _for_each(exports_of(model), verify_one)


@engine_app.command('list')
def list_engines() -> None:
    """List the cached engines and timing caches."""
    with one_line_errors():
        for path in cached_files():
            print(f'{path.stat().st_size / 1e6:8.1f} MB  {path}')


@engine_app.command('clean')
def clean_engines() -> None:
    """Remove all cached engines and timing caches."""
    with one_line_errors():
        for path in clean():
            print(f'removed {path}')


def bench(
    model: Annotated[str, typer.Option(help='a name of `model list`, or an .onnx')] = 'demo',
    random_weights: Annotated[
        bool, typer.Option(help='seeded random weights: right in speed, not in depth')
    ] = False,
    size: Sizes = None,
    precision: Annotated[
        MaybeTexts,
        typer.Option(
            help='may be given several times; default: each export, of random weights fp32'
        ),
    ] = None,
    backend: AnyBackend = 'auto',
    threads: Annotated[int, typer.Option(min=0, help='of the CPU; 0: all')] = 0,
    json: Json = None,
) -> None:
    """Time a model's inference on this machine, by size and precision."""
    config = EstimationConfig(
        model=model,
        backend=backend,
        inference_threads=threads,
        accept_noncommercial_license=True,
    )
    with one_line_errors(), needing('export'):
        if json:
            check_writable(json)
        if random_weights:
            sizes = [parse_size(text) for text in size or RANDOM_SIZES]
            files = random_exports(model, sizes, precision or RANDOM_PRECISIONS)
        else:
            files = chosen_exports(model, size, precision)
        rows = [measure(file, choose_backend(backend), config) for file in files]
        Console().print(_table(rows))
        if json:
            write_json(json, rows)


def _for_each(files: Sequence[ModelFile], work: Callable[[ModelFile], None]) -> None:
    """Do the work on every file though it fails on some; raise BackendError that names those."""
    failed: dict[str, list[str]] = {}
    for file in files:
        try:
            work(file)
        except BackendError as error:
            failed.setdefault(str(error), []).append(file.path.name)
    if failed:
        raise BackendError(
            '; '.join(f'{", ".join(names)}: {why}' for why, names in failed.items())
        )


def _say_exported(path: Path, agreement: Agreement) -> None:
    print(f'{path}: {agreement.error:.2%} off FP32')
    if agreement.error > WORTH_A_WARNING:
        typer.secho(
            f'warning: more than {WORTH_A_WARNING:.0%} off: compare it on recordings of your '
            'robot before you use it',
            fg='yellow',
            err=True,
        )


def _advance(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)


def _table(rows: Sequence[dict[str, object]]) -> Table:
    shown = [name for name in rows[0] if name not in ('backend', 'device', 'batch')]
    columns = [Column(name, no_wrap=True) for name in shown]
    table = Table(*columns, title=escape(f'{rows[0]["backend"]} on {rows[0]["device"]}'))
    for row in rows:
        cells = (row[name] for name in shown)
        table.add_row(*(f'{c:.1f}' if isinstance(c, float) else escape(str(c)) for c in cells))
    return table


def _sizes(files: Sequence[ModelFile]) -> str:
    return escape(', '.join(f'{f.metadata.size} {f.metadata.precision}' for f in files))
