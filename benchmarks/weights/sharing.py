"""Processes that share the work: each learns from its part of every batch; now and then all weights are averaged.

Stich, S. U. (2019). Local SGD converges fast and communicates little. ICLR. arXiv:1805.09767
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor
from torch.multiprocessing.spawn import spawn


def count() -> int:
    """How many processes share a batch; 1 outside ``run_shared``."""
    return dist.get_world_size() if dist.is_initialized() else 1


def number() -> int:
    """Which of them this one is; 0 outside ``run_shared``. The first one writes what is kept."""
    return dist.get_rank() if dist.is_initialized() else 0


def own_part(rows: NDArray[Any]) -> NDArray[Any]:
    """The rows of a batch that this process takes.

    Example:
        >>> own_part(np.arange(4)).tolist()
        [0, 1, 2, 3]
    """
    return np.array_split(rows, count())[number()]


def agreed(value: int) -> int:
    """The first process's value, in all of them."""
    if count() == 1:
        return value
    told = torch.tensor([value])
    dist.broadcast(told, 0)
    return int(told.item())


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Replace tensors of floating point by their means over all processes."""
    if count() > 1:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= count()
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def run_shared(processes: int, work: Callable[..., None], *arguments: Any) -> None:
    """Run ``work(*arguments)`` in so many processes, which share their batches; if one fails, all end.

    Args:
        processes: 1 runs it right here.
        work: a function of a module.
        arguments: what can be pickled.
    """
    if processes == 1:
        work(*arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = f"file://{Path(folder) / 'meeting'}"
        spawn(_begin, (processes, meeting, work, arguments), processes)


def _begin(own: int, processes: int, meeting: str, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=own, world_size=processes)
    try:
        work(*arguments)
    finally:
        dist.destroy_process_group()
