"""Muon: momentum whose update of every matrix is made orthogonal.

torch has Muon for matrices alone, in bfloat16; here it is for kernels as well, in float32, which processors without
bfloat16 compute faster.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

QUINTIC = 3.4445, -4.7750, 2.0315
STEPS, MOMENTUM = 5, 0.95
# The root mean square of an update, as AdamW's is: its rate and its decay serve both.
SPREAD = 0.2


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with singular values near 1 (.7 to 1.2) and the same singular vectors, by Newton-Schulz iteration.

    Args:
        matrix: (m, n).

    Example:
        >>> torch.linalg.svdvals(orthogonal(torch.diag(torch.tensor([3.0, 0.5])))).sub(1).abs().max() < 0.35
        tensor(True)
    """
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.T if tall else matrix
    found = found / (found.norm() + 1e-7)
    for _ in range(STEPS):
        square = found @ found.T
        found = torch.addmm(found, torch.addmm(square, square, square, beta=b, alpha=c), found, beta=a)
    return found.T if tall else found


class Muon(torch.optim.Optimizer):
    """Learns matrices and kernels; a kernel is the matrix of its outputs by all else.

    Args:
        parameters: of two or more dimensions.
        lr: rate.
        weight_decay: as in AdamW.

    References:
        Jordan, K. et al. (2024). Muon: an optimizer for hidden layers in neural networks.
        Liu, J. et al. (2025). Muon is scalable for LLM training. arXiv:2502.16982
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take a step along the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum: Tensor = state["momentum"]
                momentum.lerp_(parameter.grad, 1 - MOMENTUM)
                ahead = parameter.grad.lerp(momentum, MOMENTUM).flatten(1)
                update = orthogonal(ahead).reshape(parameter.shape)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * SPREAD * max(ahead.shape) ** 0.5)
