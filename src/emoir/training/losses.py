"""Losses, each over the rows that carry its label; a batch without any gives a zero that can be differentiated."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def distribution_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Kullback-Leibler divergence KL(target || softmax(logits)), mean over rows without NaN.

    Args:
        logits: (B, K).
        target: (B, K) probabilities; rows with NaN carry no label.

    Returns:
        Scalar, in nats, at least 0.

    Example:
        >>> import torch
        >>> float(distribution_loss(torch.zeros(1, 2), torch.tensor([[0.5, 0.5]])))
        0.0
    """
    present = ~target.isnan().any(dim=1)
    if not present.any():
        return logits.sum() * 0
    return F.kl_div(F.log_softmax(logits[present], dim=1), target[present], reduction="batchmean")


def class_loss(logits: Tensor, target: Tensor, *, smoothing: float = 0.1) -> Tensor:
    """Cross-entropy with label smoothing, mean over rows with target >= 0.

    Args:
        logits: (B, K).
        target: (B,) class indices, negative where the label is absent.
        smoothing: probability spread evenly over all classes.

    Returns:
        Scalar, in nats.
    """
    if not (target >= 0).any():
        return logits.sum() * 0
    return F.cross_entropy(logits, target, ignore_index=-1, label_smoothing=smoothing)


def concordance(predicted: Tensor, target: Tensor) -> Tensor:
    """Lin's concordance correlation coefficient along the first axis.

    Args:
        predicted: (n,) or (n, k), n >= 2.
        target: of the same shape.

    Returns:
        Scalar or (k,), in [-1, 1]; 1 only if the two are equal.

    References:
        Lin, L. I. (1989). Biometrics 45(1), 255-268. DOI 10.2307/2532051

    Example:
        >>> import torch
        >>> x = torch.tensor([0.0, 1.0, 2.0])
        >>> round(float(concordance(x, x)), 4)
        1.0
    """
    mean_p, mean_t = predicted.mean(dim=0), target.mean(dim=0)
    covariance = ((predicted - mean_p) * (target - mean_t)).mean(dim=0)
    spread = predicted.var(dim=0, correction=0) + target.var(dim=0, correction=0)
    return 2 * covariance / (spread + (mean_p - mean_t) ** 2 + 1e-8)


def valence_arousal_loss(predicted: Tensor, target: Tensor, *, fewest: int = 8) -> Tensor:
    """Mean squared error plus half of one minus the concordance, over rows without NaN.

    The concordance of a handful of rows is noise: below ``fewest`` rows only the squared error counts.

    Args:
        predicted: (B, 2) in [0, 1].
        target: (B, 2) in [0, 1]; rows with NaN carry no label.
        fewest: rows at which the concordance begins to count.

    Returns:
        Scalar, at least 0.
    """
    present = ~target.isnan().any(dim=1)
    if not present.any():
        return predicted.sum() * 0
    predicted, target = predicted[present], target[present]
    # Human ratings spread by about 0.15: in that unit the squared error weighs like the other losses.
    loss = F.mse_loss(predicted, target) / 0.15**2 / 4
    if len(target) >= fewest:
        loss = loss + 0.5 * (1 - concordance(predicted, target)).mean()
    return loss


def teacher_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Cosine distance to the teacher's embedding plus the difference of the batch's similarity matrices.

    Args:
        predicted: (B, D).
        target: (B, D) unit vectors; rows with NaN carry no target.

    Returns:
        Scalar, at least 0.

    References:
        Park, W. et al. (2019). Relational knowledge distillation. CVPR, 3967-3976.
        DOI 10.1109/CVPR.2019.00409; Tung, F. & Mori, G. (2019). Similarity-preserving knowledge
        distillation. ICCV, 1365-1374. DOI 10.1109/ICCV.2019.00145
    """
    present = ~target.isnan().any(dim=1)
    if not present.any():
        return predicted.sum() * 0
    predicted, target = F.normalize(predicted[present], dim=1), target[present]
    cosine = (1 - (predicted * target).sum(dim=1)).mean()
    relation = F.mse_loss(predicted @ predicted.T, target @ target.T)
    return cosine + relation
