"""The state of a training run: everything that a checkpoint must hold to go on bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.networks import Network
from emoir.training.config import TrainingConfig

NetworkType = TypeVar("NetworkType", bound=Network)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw torch's random numbers from a seed, and give its global generator back as it was.

    Example:
        >>> before = torch.get_rng_state()
        >>> with seeded(0):
        ...     first = torch.rand(2)
        >>> with seeded(0):
        ...     second = torch.rand(2)
        >>> bool((first == second).all()), bool((torch.get_rng_state() == before).all())
        (True, True)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def warm_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], int | Tensor], None]:
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


class TrainingState(Generic[NetworkType]):
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
            multi_avg_fn=warm_average(0.0 if config.published else config.ema),
            use_buffers=True,
        )
        self.generator = torch.Generator().manual_seed(config.seed)

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
        """Load a checkpoint; returns the epochs done.

        Raises:
            TrainingError: if it is damaged, or of a run with another configuration.
        """
        try:
            # Random states live on the CPU, whatever the device of the weights, which are copied there below.
            values = torch.load(file, weights_only=True, map_location="cpu")
            config = values["config"]
        except Exception as error:  # torch's reader raises almost any on a damaged file
            raise TrainingError(f"{file} is damaged; remove it to begin this run again") from error
        if config != asdict(self.config):
            raise TrainingError(f"{file} belongs to a run with another configuration; choose another folder")
        self.network.load_state_dict(values["network"])
        self.average.load_state_dict(values["average"])
        self.optimizer.load_state_dict(values["optimizer"])
        self.schedule.load_state_dict(values["schedule"])
        self.generator.set_state(values["generator"])
        torch.set_rng_state(values["torch"])
        self.step = values["step"]
        return int(values["epoch"])
