"""A loss on the order of pairs, tried in ``head_design.py``."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def ranking_loss(predicted: Tensor, target: Tensor, *, gap: float = 0.05, sharpness: float = 10.0) -> Tensor:
    """Cross-entropy of which of two images is higher, mean over pairs that people tell apart, per dimension.

    Search sorts by valence and arousal; a correlation over the whole scale says little of neighbours.

    Args:
        predicted: (B, k) in [0, 1].
        target: (B, k) in [0, 1]; rows with NaN carry no label.
        gap: pairs whose targets differ by less do not count.
        sharpness: the odds that one image is higher are the exponential of so many times the predicted difference.

    Returns:
        Scalar, in nats, at least 0.

    References:
        Burges, C. et al. (2005). Learning to rank using gradient descent. ICML, 89-96.
        DOI 10.1145/1102351.1102363

    Example:
        >>> import torch
        >>> target = torch.tensor([[0.2], [0.8]])
        >>> float(ranking_loss(target, target)) < float(ranking_loss(1 - target, target))
        True
    """
    present = ~target.isnan().any(dim=1)
    predicted, target = predicted[present], target[present]
    higher = target[:, None] - target[None] > gap
    if not higher.any():
        return predicted.sum() * 0
    return F.softplus(-sharpness * (predicted[:, None] - predicted[None]))[higher].mean()
