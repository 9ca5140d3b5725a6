"""Pre-train rows A and D of the paper's protocol on unrated photographs, without any label or teacher.

    cd benchmarks && python -m weights.label_free A --data DATA --passes PASSES --run RUN [--device cuda]
    cd benchmarks && python -m weights.label_free A --data DATA --passes PASSES --run RUN --cost

The two tasks of docs/experiment-protocol.md: from a crop of which a quarter is masked, tell mean and deviation of every
plane of that quarter; and among a batch, find the other view of the same picture. Pictures come in the order of
``weights.unrated``. A checkpoint and a line of ``log.jsonl`` are written after every 500 steps; a stopped run goes on
there. The end is a model folder, RUN/A or RUN/D, that rows A′ and D′ begin with. ``--cost`` times a few steps instead.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from emoir.experiment.rows import ROWS
from emoir.experiment.runs import CACHE_SIZE
from emoir.experiment.variants import SIZE, ExperimentProtocol, build_network
from emoir.files import atomic_write
from emoir.images.resize_square import resize_square
from emoir.models.card import CARD, WEIGHTS
from emoir.networks import Network
from emoir.planes import PLANES, PlaneStack
from emoir.training.augmentation import Augmentation, augment
from emoir.training.config import TrainingConfig
from emoir.training.loop import has_bfloat16, use_one_thread
from emoir.training.state import TrainingState, seeded
from weights.unrated import ViewPass

STEPS, BATCH, SAVED_EVERY = 3_000, 64, 500
TEMPERATURE, GREY = 0.2, 0.5
STANDARDISED_BY, TIMED_STEPS = 8, 6
CHANNELS = 17
HEADS = {"masked": 2 * CHANNELS, "view": 128}


class Photographs:
    """Batches of unrated pictures, pass after pass."""

    def __init__(self, data: Path, passes: Path) -> None:
        self.data, self.passes, self.number = data, passes, 0
        self.views = ViewPass(data, passes, "0")
        self.before = 0

    def batch(self, step: int) -> Tensor:
        """The pictures of a step, whole, (B, 3, 144, 144) in [0, 1]; steps must rise."""
        while (step + 1) * BATCH - self.before > len(self.views):
            self.before += len(self.views) // BATCH * BATCH
            self.number += 1
            self.views = ViewPass(self.data, self.passes, str(self.number))
        first = step * BATCH - self.before
        pixels = np.stack([self._picture(source, row) for source, row in self.views.rows[first : first + BATCH]])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255

    def _picture(self, source: str, row: int) -> NDArray[np.uint8]:
        picture = self.views.pictures[source].pixels[row]
        return np.asarray(resize_square(Image.fromarray(picture), CACHE_SIZE))


def draw_mask(batch: int, generator: torch.Generator) -> Tensor:
    """A square of half the side in every image, at even places, (B, 1, 96, 96) of 0 and 1.

    Example:
        >>> draw_mask(3, torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3)).tolist()
        [0.25, 0.25, 0.25]
    """
    half = SIZE // 2
    corners = torch.randint(0, half // 2 + 1, (batch, 2), generator=generator) * 2
    inside = (torch.arange(SIZE) >= corners[..., None]) & (torch.arange(SIZE) < corners[..., None] + half)
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).float().unsqueeze(1)


def masked_statistics(images: Tensor, mask: Tensor) -> Tensor:
    """Mean and deviation of every channel of all planes inside a mask: (B, 34), the means first.

    Example:
        >>> grey = torch.full((1, 3, 96, 96), 0.5)
        >>> masked_statistics(grey, draw_mask(1, torch.Generator()))[0, :3].tolist()
        [0.5, 0.5, 0.5]
    """
    means, deviations = [], []
    for plane in PlaneStack(tuple(PLANES)).to(images.device)(images):
        stride = SIZE // plane.shape[-1]
        inside = mask[:, :, ::stride, ::stride]
        area = inside.sum(dim=(2, 3))
        mean = (plane * inside).sum(dim=(2, 3)) / area
        spread = (((plane - mean[..., None, None]) ** 2) * inside).sum(dim=(2, 3)) / area
        means.append(mean)
        deviations.append(spread.sqrt())
    return torch.cat([*means, *deviations], dim=1)


def view_loss(first: Tensor, second: Tensor) -> Tensor:
    """Normalised temperature-scaled cross-entropy of two views of each picture of a batch, (B, d) each.

    References:
        Chen, T. et al. (2020). A simple framework for contrastive learning of visual representations. ICML.

    Example:
        >>> apart = torch.eye(4)
        >>> bool(view_loss(apart, apart) < view_loss(apart, apart.roll(1, 0)))
        True
    """
    count = len(first)
    both = F.normalize(torch.cat([first, second]).float(), dim=1)
    alike = both @ both.T / TEMPERATURE
    itself = torch.eye(2 * count, dtype=torch.bool, device=alike.device)
    other = torch.arange(2 * count, device=alike.device).roll(count)
    return F.cross_entropy(alike.masked_fill(itself, float("-inf")), other)


def two_tasks(
    network: Network, pictures: Tensor, standard: tuple[Tensor, Tensor], generator: torch.Generator
) -> dict[str, Tensor]:
    """The loss of each task on two views of every picture, of which the first is masked."""
    device = next(network.parameters()).device
    crops = [augment(pictures.to(device), SIZE, Augmentation(), generator) for _ in range(2)]
    mask = draw_mask(len(pictures), generator).to(device)
    with torch.no_grad():
        target = (masked_statistics(crops[0], mask) - standard[0]) / standard[1]
    shown = torch.cat([torch.where(mask > 0, torch.full_like(crops[0], GREY), crops[0]), crops[1]])
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device.type)):
        heads = network(shown.contiguous(memory_format=torch.channels_last)).heads
    views = heads["view"].float()
    return {
        "masked": F.mse_loss(heads["masked"][: len(pictures)].float(), target),
        "view": view_loss(views[: len(pictures)], views[len(pictures) :]),
    }


def standard_of(photographs: Photographs) -> tuple[Tensor, Tensor]:
    """Mean and deviation of what is to be told, over the first batches."""
    generator = torch.Generator().manual_seed(1)
    found = []
    with torch.no_grad():
        for step in range(STANDARDISED_BY):
            crops = augment(photographs.batch(step), SIZE, Augmentation(), generator)
            found.append(masked_statistics(crops, draw_mask(BATCH, generator)))
    together = torch.cat(found)
    return together.mean(dim=0), together.std(dim=0).clamp(min=1e-3)


def learn(state: TrainingState[Network], photographs: Photographs, standard: tuple[Tensor, Tensor]) -> dict[str, float]:
    """One step; both losses."""
    network = state.network.train()
    losses = two_tasks(network, photographs.batch(state.step), standard, state.generator)
    state.optimizer.zero_grad()
    (losses["masked"] + losses["view"]).backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    state.optimizer.step()
    state.schedule.step()
    state.average.update_parameters(network)
    state.step += 1
    return {name: loss.item() for name, loss in losses.items()}


def begin(letter: str, device: str, steps: int = STEPS) -> TrainingState[Network]:
    """A row's network at its random start; its statistics branch is left for later."""
    row = next(row for row in ROWS if row.letter == letter)
    protocol = ExperimentProtocol(dropout=0.0)
    with seeded(0):
        network = build_network(row.variant, protocol, HEADS)
    placed: Network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    config = TrainingConfig(
        epochs=max(1, steps // SAVED_EVERY), batch=BATCH, learning_rate=row.rates[0], weight_decay=0.05, bfloat16=True
    )
    return TrainingState(placed, config, BATCH * min(steps, SAVED_EVERY))


def pretrain(letter: str, photographs: Photographs, run: Path, device: str, steps: int = STEPS) -> None:
    """Pre-train a row, or go on, and write its model folder."""
    folder = run / letter
    folder.mkdir(parents=True, exist_ok=True)
    state, checkpoint, log_file = begin(letter, device, steps), folder / "checkpoint.pt", folder / "log.jsonl"
    centre, spread = standard_of(Photographs(photographs.data, photographs.passes))
    standard = (centre.to(device), spread.to(device))
    # Dropout draws from torch's global generator.
    with seeded(0):
        done = state.restore(checkpoint) if checkpoint.exists() else 0
        for epoch in range(done, state.config.epochs):
            records = [learn(state, photographs, standard) for _ in range(state.steps_per_epoch)]
            means = {name: round(float(np.mean([record[name] for record in records])), 4) for name in records[0]}
            state.save(checkpoint, epoch + 1)
            with log_file.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": state.step, **means}) + "\n")
            print(f"{time.strftime('%H:%M:%S')} {letter}: step {state.step} of {state.steps}, {means}", flush=True)
    weights = {name: value.cpu().contiguous() for name, value in state.averaged_weights().items()}
    with atomic_write(folder / WEIGHTS) as partial:
        save_file(weights, partial)
    with atomic_write(folder / CARD) as partial:
        partial.write_text(json.dumps({"network": asdict(state.network.config)}), encoding="utf-8")


def print_cost(photographs: Photographs, device: str) -> None:
    """Time a few steps of both rows."""
    standard = tuple(part.to(device) for part in standard_of(photographs))
    print(f"| row | processor ms per step | {STEPS:,} steps, hours |\n|---|---|---|")
    for letter in ("A", "D"):
        state = begin(letter, device)
        learn(state, photographs, (standard[0], standard[1]))
        began = time.process_time()
        for _ in range(TIMED_STEPS):
            learn(state, photographs, (standard[0], standard[1]))
        taken = (time.process_time() - began) / TIMED_STEPS
        print(f"| {letter} | {taken * 1e3:.0f} | {taken * STEPS / 3600:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row", choices=("A", "D"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--run", type=Path, required=True, help="folder of both rows")
    parser.add_argument("--device", default="cpu", help="that torch trains on")
    parser.add_argument("--cost", action="store_true", help="time a few steps of both rows instead")
    arguments = parser.parse_args()
    use_one_thread()
    photographs = Photographs(arguments.data, arguments.passes)
    if arguments.cost:
        print_cost(photographs, arguments.device)
    else:
        pretrain(arguments.row, photographs, arguments.run, arguments.device)


if __name__ == "__main__":
    main()
