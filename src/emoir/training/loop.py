"""The multi-task loop: any mixture of labels, seeded, logged, resumable."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.networks import NetworkOutput
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.augmentation import augment
from emoir.training.config import TrainingConfig
from emoir.training.inputs import Inputs
from emoir.training.losses import class_loss, distribution_loss, teacher_loss, valence_arousal_loss
from emoir.training.state import NetworkType, TrainingState, seeded
from emoir.training.targets import Targets

SAVED_AFTER = 30.0
"""Seconds since the last checkpoint from which on an epoch's end writes another."""
AUXILIARY = "statistics branch"
"""Name of the joint loss of the heads that learn from the statistics branch alone."""
Report = Callable[[int, int, float], None]
"""Called after every step with the step's number, the number of steps in all, and the loss."""


Measure = Callable[[NetworkType], Mapping[str, float]]
"""Called between epochs with the averaged network in evaluation mode; returns metrics by name."""


@dataclass(frozen=True, slots=True)
class CurveMeasure(Generic[NetworkType]):
    """What is measured while a network learns.

    Args:
        measure: takes the averaged network; its result goes into the log.
        every: number of epochs between measurements; the last epoch is always measured.
    """

    measure: Measure[NetworkType]
    every: int = 1


def has_bfloat16(device: str = "cpu") -> bool:
    """Whether a device multiplies bfloat16 itself; a processor does so in AVX-512, AMX or ARM instructions."""
    if device != "cpu":
        return True
    # Older versions of torch cannot say, and float32 is right everywhere.
    abilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def use_one_thread() -> None:
    """Let torch use one thread: repeatable to the last bit, and not slower beside other work on few cores."""
    torch.set_num_threads(1)


def losses_per_head(output: NetworkOutput, targets: Targets, *, smoothing: float = 0.1) -> dict[str, Tensor]:
    """The loss of every head that the targets know, zero where the batch has no label for it.

    Args:
        output: of the network for a batch.
        targets: of the same batch.
        smoothing: of class labels, from 0 to 1.
    """
    losses = {head: distribution_loss(output.heads[head], values) for head, values in targets.distributions.items()}
    losses |= {
        head: class_loss(output.heads[head], values, smoothing=smoothing) for head, values in targets.classes.items()
    }
    losses[VALENCE_AROUSAL] = valence_arousal_loss(output.heads[VALENCE_AROUSAL], targets.valence_arousal)
    if targets.teacher is not None:
        losses["teacher"] = teacher_loss(output.heads["teacher"], targets.teacher)
    if output.auxiliary:
        alone = NetworkOutput(output.features, output.embedding, output.auxiliary)
        own = losses_per_head(alone, replace(targets, teacher=None), smoothing=smoothing)
        losses[AUXILIARY] = torch.stack([*own.values()]).sum()
    return losses


def fit(
    network: NetworkType,
    inputs: Inputs,
    targets: Targets,
    config: TrainingConfig,
    folder: Path,
    *,
    rows: NDArray[np.int64] | None = None,
    report: Report | None = None,
    curve: CurveMeasure[NetworkType] | None = None,
) -> NetworkType:
    """Train a network, or go on where an earlier call with the same config was stopped.

    ``folder`` receives ``log.jsonl`` with the mean loss per head of every epoch, and ``checkpoint.pt`` after an epoch
    if the one before is half a minute old (replaced as a whole, so that a power cut leaves the one before).

    Args:
        network: is trained in place, on the device that its weights are on.
        inputs: n images of at least the network's size.
        targets: n rows.
        config: how to train.
        folder: of this run.
        rows: rows that make an epoch, repetitions allowed; default: all once.
        report: progress.
        curve: what to measure between epochs.

    Returns:
        The network with averaged weights, in evaluation mode.

    Raises:
        TrainingError: if the folder holds a run with another config, or the loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    all_rows = torch.from_numpy(np.arange(len(inputs)) if rows is None else rows)
    checkpoint, log_file = folder / "checkpoint.pt", folder / "log.jsonl"
    # Dropout draws from torch's global generator, which is the caller's.
    with seeded(config.seed):
        state = TrainingState(network, config, len(all_rows))
        first = state.restore(checkpoint) if checkpoint.exists() else 0
        _forget_after(log_file, first)
        saved = time.monotonic()
        for epoch in range(first, config.epochs):
            means = _epoch(state, inputs, targets, all_rows, report)
            rate = state.schedule.get_last_lr()[0]
            record: dict[str, Any] = {"epoch": epoch + 1, "learning_rate": rate, "losses": means}
            if curve is not None and ((epoch + 1) % curve.every == 0 or epoch + 1 == config.epochs):
                record["measures"] = dict(curve.measure(state.averaged_network()))
            # The log goes first: an epoch whose checkpoint was kept must have its metrics.
            with open(log_file, "a", encoding="utf-8") as log:
                log.write(json.dumps(record) + "\n")
                log.flush()
                os.fsync(log.fileno())
            # A checkpoint may take as long as a short epoch.
            if time.monotonic() - saved >= SAVED_AFTER:
                state.save(checkpoint, epoch + 1)
                saved = time.monotonic()
        network.load_state_dict(state.averaged_weights())
    return network.eval()


def _forget_after(log_file: Path, epoch: int) -> None:
    """Drop the records of epochs that are trained again, and a line that a power cut left unfinished."""
    if not log_file.exists():
        return
    lines = log_file.read_text(encoding="utf-8").split("\n")[:-1]
    kept = [line for line in lines if json.loads(line)["epoch"] <= epoch]
    with atomic_write(log_file) as partial:
        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _epoch(
    state: TrainingState[NetworkType], inputs: Inputs, targets: Targets, rows: Tensor, report: Report | None
) -> dict[str, float]:
    config, network = state.config, state.network.train()
    device = next(network.parameters()).device
    bfloat16 = config.bfloat16 and has_bfloat16(device.type)
    order = rows[torch.randperm(len(rows), generator=state.generator)]
    sums: dict[str, float] = {}
    for at in range(state.steps_per_epoch):
        chosen = order[at * config.batch : (at + 1) * config.batch].sort().values
        shown = inputs.take(chosen.numpy())
        batch = torch.from_numpy(shown.pixels).to(device).permute(0, 3, 1, 2).float() / 255
        images = augment(batch, network.config.size, config.augmentation, state.generator)
        statistics = None if shown.statistics is None else torch.from_numpy(shown.statistics).to(device)
        share, partners = draw_mixture(len(chosen), config.mixup, state.generator)
        if config.mixup:
            images = share * images + (1 - share) * images[partners]
            statistics = None if statistics is None else share * statistics + (1 - share) * statistics[partners]
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            output = network(images.contiguous(memory_format=torch.channels_last), statistics)
        smoothing = 0.0 if config.published else 0.1
        losses = losses_per_head(output, targets.take(chosen).to(device), smoothing=smoothing)
        if config.mixup:
            others = losses_per_head(output, targets.take(chosen[partners]).to(device), smoothing=smoothing)
            losses = {head: share * loss + (1 - share) * others[head] for head, loss in losses.items()}
        loss = torch.stack([values * config.weights.get(head, 1.0) for head, values in losses.items()]).sum()
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is {loss.item()} at step {state.step}; lower the learning rate")
        state.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        state.optimizer.step()
        state.schedule.step()
        state.average.update_parameters(network)
        state.step += 1
        for head, values in losses.items():
            sums[head] = sums.get(head, 0.0) + values.item()
        if report is not None:
            report(state.step, state.steps, loss.item())
    return {head: total / state.steps_per_epoch for head, total in sums.items()}


def draw_mixture(batch: int, parameter: float, generator: torch.Generator) -> tuple[float, Tensor]:
    """The share of every image in its mixture, and which image makes up the rest; nothing is drawn for 0."""
    if not parameter:
        return 1.0, torch.arange(batch)
    # A Beta draw is the share of the first of two Gamma draws.
    first, second = torch._standard_gamma(torch.full((2,), parameter), generator=generator).tolist()
    return first / (first + second), torch.randperm(batch, generator=generator)
