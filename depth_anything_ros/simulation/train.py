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

"""Training of the demo model on rendered views; stops and resumes at checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
import pickle

from depth_anything_ros.simulation.accuracy import affine_errors
from depth_anything_ros.simulation.batches import Batch, Views
from depth_anything_ros.simulation.loss import anchored_loss
from depth_anything_ros.simulation.model import make_model, normalise
import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
import torch
import torch.distributed as dist
from transformers import DepthAnythingForDepthEstimation

SEED = 7
CHECKPOINT_EVERY = 250
VALIDATION_VIEWS = 200


DAMAGE = (
    AttributeError,
    EOFError,
    FileNotFoundError,
    LookupError,
    pickle.UnpicklingError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)
"""What the readers of a checkpoint raise on altered bytes."""


@dataclass(frozen=True)
class Stage:
    """A part of the training at one size; the rate falls linearly to `last_rate`."""

    height: int
    width: int
    batch: int
    steps: int
    first_rate: float
    last_rate: float


STAGES = (
    Stage(84, 112, 32, 2000, 1.5e-3, 1.3e-3),
    Stage(168, 224, 16, 2600, 1.0e-3, 0.0),
    Stage(168, 224, 16, 3000, 8.0e-4, 0.0),
    Stage(168, 224, 16, 2200, 6.0e-4, 0.0),
)


def join_processes() -> None:
    """Join the other processes of a torchrun, if this is one of them."""
    if dist.is_torchelastic_launched():
        dist.init_process_group('gloo')


def train(views: Views, validation: Views, folder: Path) -> Path:
    """Train, or go on from the folder's checkpoint; return the weights' file (safetensors)."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model = make_model().to(memory_format=torch.channels_last)
    optimizers = _optimizers(model)
    step = _load(folder, model, optimizers)
    is_first = _rank() == 0
    for stage, batch in _batches(views, step):
        rate = _rate(stage, step)
        loss = _train_step(model, optimizers, batch, rate)
        step += 1
        if is_first and step % 50 == 0:
            print(f'step {step} rate {rate:.1e} loss {loss:.4f}', flush=True)
        if is_first and (step % CHECKPOINT_EVERY == 0 or step == _last_step()):
            _save(folder, model, optimizers, step)
            delta1 = validate(model, validation, stage.height, stage.width)
            print(f'step {step} delta1 {delta1:.4f} at {stage.height}x{stage.width}', flush=True)
    return folder / 'model.safetensors'


def validate(
    model: DepthAnythingForDepthEstimation, views: Views, height: int, width: int
) -> float:
    """Return the mean delta-1 over evenly spaced views, after scale and shift of each."""
    model.eval()
    scores = []
    with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16):
        for index in np.linspace(0, len(views) - 1, min(VALIDATION_VIEWS, len(views))).astype(int):
            image, inverse_depth = views.plain(int(index), height, width)
            output = model(normalise(torch.from_numpy(image[None]))).predicted_depth
            scores.append(affine_errors(output.float().numpy()[0], inverse_depth).delta1)
    model.train()
    return float(np.mean(scores))


def _last_step() -> int:
    return sum(stage.steps for stage in STAGES)


def _stage_at(step: int) -> tuple[Stage, int]:
    """Return the stage of a step and the step's number within it."""
    for stage in STAGES:
        if step < stage.steps:
            return stage, step
        step -= stage.steps
    raise ValueError('past the last step')


def _rate(stage: Stage, step: int) -> float:
    progress = _stage_at(step)[1] / stage.steps
    rate = stage.first_rate + progress * (stage.last_rate - stage.first_rate)
    return rate * min(1.0, (step + 1) / 200)


def _batches(views: Views, first_step: int) -> Iterator[tuple[Stage, Batch]]:
    """Yield the batch of every step, always the same for a step, made two steps ahead."""

    def make(step: int) -> tuple[Stage, Batch]:
        stage = _stage_at(step)[0]
        rng = np.random.default_rng([SEED, step, _rank()])
        count = stage.batch // _processes()
        return stage, views.batch(rng, count, stage.height, stage.width)

    with ThreadPoolExecutor(1) as executor:
        steps = range(first_step, _last_step())
        waiting = [executor.submit(make, step) for step in steps[:2]]
        for step in steps:
            if step + 2 in steps:
                waiting.append(executor.submit(make, step + 2))
            yield waiting.pop(0).result()


def _optimizers(model: DepthAnythingForDepthEstimation) -> list[torch.optim.Optimizer]:
    """Return Muon for the transformer's matrices and AdamW for all else."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and '.layer' in name]
    chosen = {id(p) for p in matrices}
    others = [p for _, p in named if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, weight_decay=0.02, adjust_lr_fn='match_rms_adamw'),
        torch.optim.AdamW(others, weight_decay=0.02, betas=(0.9, 0.98), fused=True),
    ]


def _train_step(
    model: DepthAnythingForDepthEstimation,
    optimizers: list[torch.optim.Optimizer],
    batch: Batch,
    rate: float,
) -> float:
    images, inverse_depth = (torch.from_numpy(array) for array in batch)
    pixels = normalise(images).contiguous(memory_format=torch.channels_last)
    with torch.autocast('cpu', torch.bfloat16):
        prediction = model(pixels).predicted_depth
    loss = anchored_loss(prediction.float(), inverse_depth)
    loss.backward()
    _average_gradients(model)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group['lr'] = rate
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def _processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def _average_gradients(model: torch.nn.Module) -> None:
    """Share gradients between the processes, which on busy cores beat threads by far."""
    if dist.is_initialized():
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = (flat / _processes()).split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))


def _save(
    folder: Path,
    model: DepthAnythingForDepthEstimation,
    optimizers: list[torch.optim.Optimizer],
    step: int,
) -> None:
    """Write weights and training state, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / 'model.partial')
    state = {'step': step, 'optimizers': [optimizer.state_dict() for optimizer in optimizers]}
    torch.save(state, folder / 'training.partial')
    (folder / 'model.partial').replace(folder / 'model.safetensors')
    (folder / 'training.partial').replace(folder / 'training.pt')


def _load(
    folder: Path,
    model: DepthAnythingForDepthEstimation,
    optimizers: list[torch.optim.Optimizer],
) -> int:
    """
    Restore the folder's checkpoint, if there is one; return the step to go on from.

    Raise ValueError where it is damaged.
    """
    if not (folder / 'training.pt').exists():
        return 0
    try:
        model.load_state_dict(load_file(folder / 'model.safetensors'))
        state = torch.load(folder / 'training.pt', weights_only=True)
        for optimizer, saved in zip(optimizers, state['optimizers'], strict=True):
            optimizer.load_state_dict(saved)
        step = int(state['step'])
        if not 0 <= step <= _last_step():
            raise ValueError(f'there is no step {step}')
        return step
    except DAMAGE as error:
        raise ValueError(
            f'the checkpoint in {folder}, training.pt and model.safetensors, is damaged or of '
            'another version: remove both to begin anew'
        ) from error
