"""A network that learns what the teachers say, with all that a checkpoint keeps."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from emoir.files import atomic_write
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation, augment
from emoir.training.inputs import Inputs
from emoir.training.loop import has_bfloat16
from emoir.training.losses import teacher_loss
from emoir.training.predict import predict
from emoir.training.state import warm_average
from weights.muon import Muon

DIMENSIONS = 384
RATE, WARM_UP, DECAY, EMA = 2e-3, 500, 0.05, 0.998
# Views are cut already; what is left is to mirror, to light and to bleach them.
AUGMENTATION = Augmentation(smallest_area=1.0, aspect=1.0, grey=0.1)


class Distillation:
    """A network, its averaged twin and its optimisers, as a checkpoint keeps them.

    Kernels of the trunk learn by Muon, the rest by AdamW.

    Args:
        run: folder of the run.
        width: of the network.
        size: side of its input.
    """

    def __init__(self, run: Path, width: int, size: int) -> None:
        self.run, self.step, self.shown = run, 0, list[int]()
        torch.manual_seed(0)
        config = NetworkConfig(size=size, width=width, distributions={}, teacher=DIMENSIONS, dropout=0.1)
        self.network = EmotionNet(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        kernels = [parameter for parameter in self.network.stages.parameters() if parameter.ndim > 1]
        ids = {id(parameter) for parameter in kernels}
        others = [parameter for parameter in self.network.parameters() if id(parameter) not in ids]
        groups: list[dict[str, Any]] = [
            {"params": [parameter for parameter in others if parameter.ndim > 1], "weight_decay": DECAY},
            {"params": [parameter for parameter in others if parameter.ndim <= 1], "weight_decay": 0.0},
        ]
        self.kernels = Muon(kernels, RATE, DECAY)
        self.others = torch.optim.AdamW(groups, lr=RATE, fused=True)
        self.optimizers: tuple[torch.optim.Optimizer, ...] = (self.kernels, self.others)
        self.average = AveragedModel(self.network, multi_avg_fn=warm_average(EMA), use_buffers=True)

    def averaged(self) -> EmotionNet:
        """The averaged network, in evaluation mode."""
        module: Any = self.average.module
        assert isinstance(module, EmotionNet)  # torch types it as a tensor or a module
        return module.eval()

    @property
    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "average": self.average, "kernels": self.kernels, "others": self.others}

    def save(self, name: str) -> None:
        """Replace the checkpoint as a whole."""
        state = {part: value.state_dict() for part, value in self._parts.items()}
        with atomic_write(self.run / name) as partial, partial.open("wb") as stream:
            torch.save({"step": self.step, "shown": self.shown, **state}, stream)

    def restore(self, name: str) -> None:
        """Go on from a checkpoint, if there is one."""
        if (self.run / name).exists():
            state = torch.load(self.run / name, weights_only=True)
            self.step, self.shown = state["step"], state["shown"]
            for part, value in self._parts.items():
                value.load_state_dict(state[part])

    def learn(self, pixels: NDArray[np.uint8], targets: NDArray[np.float32], seed: list[int], fall: float) -> float:
        """One step on a batch; the loss."""
        generator = torch.Generator().manual_seed(int(np.random.default_rng([*seed, self.step]).integers(2**62)))
        size = self.network.config.size
        images = augment(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255, size, AUGMENTATION, generator)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            output = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = teacher_loss(output.heads["teacher"].float(), torch.from_numpy(targets))
        for group in itertools.chain(*(optimizer.param_groups for optimizer in self.optimizers)):
            group["lr"] = RATE * fall * min(1.0, (self.step + 1) / WARM_UP)
        self.network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return loss.item()

    def tensors(self) -> list[Tensor]:
        """All numbers that learning changes: weights, statistics of normalisation, moments of the optimisers."""
        found = [value for network in (self.network, self.average) for value in network.state_dict().values()]
        for optimizer in self.optimizers:
            found += [value for state in optimizer.state.values() for value in state.values()]
        return [value for value in found if value.is_floating_point()]

    def agreement(self, pixels: NDArray[np.uint8], targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine between the averaged network's answers and the targets, (n,)."""
        predicted = predict(self.averaged(), Inputs(pixels))["teacher"]
        return np.asarray((predicted * targets).sum(axis=1) / np.linalg.norm(predicted, axis=1))
