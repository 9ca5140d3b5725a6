"""The multi-task loop: any mixture of labels, seeded, logged, resumable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.networks import Network, NetworkOutput
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.augmentation import Augmentation, augment
from emoir.training.losses import class_loss, distribution_loss, teacher_loss, valence_arousal_loss
from emoir.training.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How to train; together with the data, the network's config and the seed it fixes the result.

    Args:
        epochs: passes over the images.
        batch: images per step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW, on matrices only.
        ema: decay of the averaged weights, which are what is kept.
        seed: of the initialisation's caller, the order, the augmentation and the dropout.
        weights: factor per head, 1 where not named.
        augmentation: limits of the augmentation.
        mixup: both parameters of the Beta distribution by which pairs of images, and their losses, are mixed; 0 mixes
            none (Zhang, H. et al. (2018). mixup: beyond empirical risk minimization. ICLR).
        published: whether to train as AlexNet was published: stochastic gradient descent with momentum 0.9 and
            weight decay on everything, the rate divided by ten after a half and three quarters of the steps, no
            averaged weights, no label smoothing. Gradients are clipped all the same: at the published rate in batches
            as small as ours the first steps would throw the weights far off.
        bfloat16: whether convolutions run in bfloat16 where the processor has it; elsewhere it would take ten
            times as long, and they run in float32.
    """

    epochs: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    ema: float = 0.998
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    mixup: float = 0.0
    published: bool = False
    bfloat16: bool = False


Report = Callable[[int, int, float], None]
"""Called after every step with the step's number, the number of steps in all, and the loss."""


NetworkType = TypeVar("NetworkType", bound=Network)
Measure = Callable[[NetworkType], Mapping[str, float]]
"""Called between epochs with the averaged network in evaluation mode; returns figures by name."""


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself, in AVX-512, AMX or ARM instructions."""
    # Older versions of torch cannot say, and float32 is right everywhere.
    abilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def use_one_thread() -> None:
    """Let torch use one thread: repeatable to the last bit, and not slower beside other work on few cores."""
    torch.set_num_threads(1)


def losses_per_head(output: NetworkOutput, targets: Targets, *, smoothing: float = 0.1) -> dict[str, Tensor]:
    """The loss of every head that the targets know, zero where the batch has no label for it."""
    losses = {head: distribution_loss(output.heads[head], values) for head, values in targets.distributions.items()}
    losses |= {
        head: class_loss(output.heads[head], values, smoothing=smoothing) for head, values in targets.classes.items()
    }
    losses[VALENCE_AROUSAL] = valence_arousal_loss(output.heads[VALENCE_AROUSAL], targets.valence_arousal)
    if targets.teacher is not None:
        losses["teacher"] = teacher_loss(output.heads["teacher"], targets.teacher)
    return losses


def fit(
    network: NetworkType,
    pixels: NDArray[np.uint8],
    targets: Targets,
    config: TrainingConfig,
    folder: Path,
    *,
    rows: NDArray[np.int64] | None = None,
    report: Report | None = None,
    measure: Measure[NetworkType] | None = None,
    measure_every: int = 1,
) -> NetworkType:
    """Train a network, or go on where an earlier call with the same config was stopped.

    ``folder`` receives ``checkpoint.pt`` after every epoch (replaced as a whole, so that a power cut
    leaves the one before), and ``log.jsonl`` with the mean loss per head of every epoch.

    Args:
        network: is trained in place.
        pixels: (n, S', S', 3) uint8, S' at least the network's size.
        targets: n rows.
        config: how.
        folder: of this run.
        rows: rows that make an epoch, repetitions allowed; default: all once.
        report: progress.
        measure: is asked of the averaged network; what it says goes into the log.
        measure_every: so many epochs, and after the last.

    Returns:
        The network with averaged weights, in evaluation mode.

    Raises:
        TrainingError: if the folder holds a run with another config, or the loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _State(network, config, len(pixels) if rows is None else len(rows))
    checkpoint = folder / "checkpoint.pt"
    first = state.restore(checkpoint) if checkpoint.exists() else 0
    log_file = folder / "log.jsonl"
    _forget_after(log_file, first)
    all_rows = np.arange(len(pixels)) if rows is None else rows
    for epoch in range(first, config.epochs):
        means = _epoch(state, pixels, targets, torch.from_numpy(all_rows), report)
        record: dict[str, Any] = {"epoch": epoch + 1, "learning_rate": state.schedule.get_last_lr()[0], "losses": means}
        if measure is not None and ((epoch + 1) % measure_every == 0 or epoch + 1 == config.epochs):
            record["measures"] = dict(measure(state.averaged_network()))
        # The log goes first: an epoch whose checkpoint was kept must have its figures.
        with open(log_file, "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
            log.flush()
            os.fsync(log.fileno())
        state.save(checkpoint, epoch + 1)
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


def _warm_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], int | Tensor], None]:
    """Exponential average whose decay rises with the steps: a short run must not keep its random start."""

    @torch.no_grad()
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], steps: int | Tensor) -> None:
        now = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for kept, new in zip(averaged, current, strict=True):
            if kept.is_floating_point():
                kept.lerp_(new.to(kept.dtype), 1 - now)
            else:
                kept.copy_(new)

    return update


class _State(Generic[NetworkType]):
    """Everything that a checkpoint must hold to go on bit for bit."""

    def __init__(self, network: NetworkType, config: TrainingConfig, rows: int) -> None:
        self.network, self.config = network, config
        self.steps_per_epoch = rows // config.batch
        if not self.steps_per_epoch:
            raise TrainingError(f"{rows} images do not fill one batch of {config.batch}; lower the batch size")
        self.steps = self.steps_per_epoch * config.epochs
        self.step = 0
        matrices = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimizer: torch.optim.Optimizer
        self.schedule: torch.optim.lr_scheduler.LRScheduler
        if config.published:
            self.optimizer = torch.optim.SGD(
                network.parameters(), config.learning_rate, momentum=0.9, weight_decay=config.weight_decay, fused=True
            )
            milestones = [self.steps // 2, self.steps * 3 // 4]
            self.schedule = torch.optim.lr_scheduler.MultiStepLR(self.optimizer, milestones)
        else:
            self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
            self.schedule = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, config.learning_rate, total_steps=self.steps + 1, pct_start=0.1
            )
        self.average = AveragedModel(
            network,
            multi_avg_fn=_warm_average(0.0 if config.published else config.ema),
            use_buffers=True,
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        torch.manual_seed(config.seed)

    def averaged_network(self) -> NetworkType:
        """The averaged network itself, in evaluation mode."""
        module: Any = self.average.module
        assert isinstance(module, type(self.network))  # torch types it as a tensor or a module
        return module.eval()

    def averaged_weights(self) -> dict[str, Tensor]:
        """The averaged network's weights, under the names that the network gives them."""
        return self.averaged_network().state_dict()

    def save(self, file: Path, epoch: int) -> None:
        """Replace the checkpoint as a whole."""
        values = {
            "epoch": epoch,
            "step": self.step,
            "config": asdict(self.config),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
        }
        with atomic_write(file) as partial, open(partial, "wb") as stream:
            torch.save(values, stream)
            stream.flush()
            os.fsync(stream.fileno())

    def restore(self, file: Path) -> int:
        """Load a checkpoint; returns the epochs done."""
        values = torch.load(file, weights_only=True)
        if values["config"] != asdict(self.config):
            raise TrainingError(f"{file} belongs to a run with another configuration; choose another folder")
        self.network.load_state_dict(values["network"])
        self.average.load_state_dict(values["average"])
        self.optimizer.load_state_dict(values["optimizer"])
        self.schedule.load_state_dict(values["schedule"])
        self.generator.set_state(values["generator"])
        torch.set_rng_state(values["torch"])
        self.step = values["step"]
        return int(values["epoch"])


def _epoch(
    state: _State[NetworkType], pixels: NDArray[np.uint8], targets: Targets, rows: Tensor, report: Report | None
) -> dict[str, float]:
    config, network = state.config, state.network.train()
    order = rows[torch.randperm(len(rows), generator=state.generator)]
    sums: dict[str, float] = {}
    for at in range(state.steps_per_epoch):
        chosen = order[at * config.batch : (at + 1) * config.batch].sort().values
        batch = torch.from_numpy(pixels[chosen.numpy()]).permute(0, 3, 1, 2).float() / 255
        images = augment(batch, network.config.size, config.augmentation, state.generator)
        share, partners = draw_mixture(len(chosen), config.mixup, state.generator)
        if config.mixup:
            images = share * images + (1 - share) * images[partners]
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16 and has_bfloat16()):
            output = network(images.contiguous(memory_format=torch.channels_last))
        smoothing = 0.0 if config.published else 0.1
        losses = losses_per_head(output, targets.take(chosen), smoothing=smoothing)
        if config.mixup:
            others = losses_per_head(output, targets.take(chosen[partners]), smoothing=smoothing)
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
