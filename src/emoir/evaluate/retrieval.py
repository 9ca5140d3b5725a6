"""Retrieval: each image in turn is a query for images of its own class; one number per query, reduced last.

Two protocols are in use, and every figure names its own: (a) pooled out-of-fold probabilities, leave-one-out
over the whole set; (b) embeddings inside each test fold, leave-one-out there, averaged over the folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError
from emoir.evaluate.classification import mikels_distance


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every image's ranking of all others.

    Args:
        gains: (n, n - 1) relevance of the ranked images to each query, best first; 0 is irrelevant.
        order: (n, n - 1) the ranked images, best first.
        group_size: mean number of images that leave together; 1 if they are independent.
    """

    gains: NDArray[np.float64]
    order: NDArray[np.intp]
    group_size: float = 1.0

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """(n, n - 1): whether the ranked image is fully relevant (gain 1)."""
        return np.asarray(self.gains == 1, dtype=np.bool_)


def leave_one_out(vectors: NDArray[np.floating], gains: NDArray[np.floating]) -> Ranking:
    """Let every image rank all others by the product of their vectors.

    Equal products come in an order drawn anew for each query, the same in every run: in the order of the rows, a
    network that answers the same for every image would be flattered by a table sorted by class.

    Args:
        vectors: (n, d): unit embeddings, or square roots of probabilities.
        gains: (n, n) relevance of image j (column) to query i (row), 1 for full, 0 for none.

    Returns:
        The rankings.

    Raises:
        ShapeError: if there are fewer than 2 images or the gains are not (n, n).
    """
    return rank_by((vectors @ vectors.T).astype(np.float64), gains)


def rank_by(similarity: NDArray[np.floating], gains: NDArray[np.floating]) -> Ranking:
    """Let every image rank all others by given similarities; as ``leave_one_out``.

    Args:
        similarity: (n, n) of image j (column) to query i (row).
        gains: (n, n).
    """
    n = len(similarity)
    if n < 2 or gains.shape != (n, n):
        raise ShapeError(f"{n} images need gains ({n}, {n}), n at least 2; got {gains.shape}")
    similarity = similarity.astype(np.float64, copy=True)
    np.fill_diagonal(similarity, -np.inf)
    # The query itself comes last and is cut off.
    order = np.argsort(-similarity, axis=1)[:, :-1]
    falling = np.take_along_axis(similarity, order, axis=1)
    tied = np.flatnonzero((falling[:, 1:] == falling[:, :-1]).any(axis=1))
    if len(tied):
        draw = np.random.default_rng(0).random((n, n), dtype=np.float32)[tied]
        order[tied] = np.lexsort((draw, -similarity[tied]), axis=1)[:, :-1]
    return Ranking(np.take_along_axis(gains, order, axis=1).astype(np.float64), order)


def same_class(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n, n) gains: 1 for the same class, 0 for any other."""
    return np.asarray(labels[:, None] == labels[None, :], dtype=np.float64)


def mikels_gains(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n, n) graded gains over ``MIKELS``: 1 for the same class, less by a quarter for each step on the wheel."""
    return np.asarray(1 - mikels_distance()[labels][:, labels] / 4, dtype=np.float64)


def nearest_neighbour(ranking: Ranking) -> NDArray[np.float64]:
    """Whether the first answer is relevant (NN)."""
    return ranking.relevant[:, 0].astype(np.float64)


def precision_at(ranking: Ranking, k: int) -> NDArray[np.float64]:
    """Share of relevant images among the first k (P@k).

    Args:
        ranking: of n images.
        k: how many answers count.

    Returns:
        (n,) in [0, 1].
    """
    return np.asarray(ranking.relevant[:, :k].mean(axis=1))


def average_precision(ranking: Ranking) -> NDArray[np.float64]:
    """Mean of the precision at every relevant image; NaN for a query without any. Its mean is mAP (micro).

    References:
        Manning, C. D., Raghavan, P. & Schuetze, H. (2008). Introduction to Information Retrieval, section 8.4.
    """
    relevant = ranking.relevant
    precision = relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1)
    total = relevant.sum(axis=1)
    return np.where(total > 0, (precision * relevant).sum(axis=1) / np.maximum(total, 1), np.nan)


def chance_precision(ranking: Ranking) -> NDArray[np.float64]:
    """What P@k would be on average if the others were ranked at random: the share of relevant images among them."""
    return np.asarray(ranking.relevant.mean(axis=1))


def chance_average_precision(ranking: Ranking) -> NDArray[np.float64]:
    """What the average precision would be on average if the others were ranked at random; NaN without relevant ones.

    With R relevant among N it is (R - 1) / (N - 1) (1 - H / N) + H / N, H = 1 + 1/2 + ... + 1/N: more than their
    share R / N, and the more so the fewer they are.

    References:
        Bestgen, Y. (2015). Exact expected average precision of the random baseline for system evaluation.
        The Prague Bulletin of Mathematical Linguistics 103, 131-138. DOI 10.1515/pralin-2015-0007

    Example:
        >>> two_of_three = Ranking(np.array([[1.0, 0.0, 1.0]]), np.array([[1, 2, 3]]))
        >>> chance_average_precision(two_of_three).round(4)  # orders: 1, 5/6 and 7/12
        array([0.8056])
    """
    total, others = ranking.relevant.sum(axis=1), ranking.relevant.shape[1]
    share = (1 / np.arange(1, others + 1)).sum() / others
    expected = (total - 1) / max(others - 1, 1) * (1 - share) + share
    return np.where(total > 0, expected, np.nan)


def interpolated_precision(ranking: Ranking, levels: int = 11) -> NDArray[np.float64]:
    """The precision-recall curve of every query: best precision at any recall of at least 0, ..., 1.

    Args:
        ranking: of n queries.
        levels: how many recalls, evenly spaced from 0 to 1.

    Returns:
        (n, levels); NaN for a query without any relevant image.

    References:
        Manning, C. D., Raghavan, P. & Schuetze, H. (2008). Introduction to Information Retrieval, section 8.4.
    """
    found = ranking.relevant.cumsum(axis=1)
    total = found[:, -1:]
    precision = found / np.arange(1, found.shape[1] + 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    curves = np.full((len(found), levels), np.nan)
    rows = np.flatnonzero(total[:, 0])
    for level, recall in enumerate(np.linspace(0, 1, levels)):
        # Rounding must not push the last relevant image beyond a recall of 1.
        place = (found[rows] >= recall * total[rows] - 1e-9).argmax(axis=1)
        curves[rows, level] = best[rows, place]
    return curves


def normalised_gain(ranking: Ranking, k: int | None = None) -> NDArray[np.float64]:
    """Discounted cumulative gain over that of the best possible ranking (nDCG@k); NaN without any gain.

    The gain is linear and the discount log2(rank + 1).

    Args:
        ranking: of n images.
        k: how many answers count.

    Returns:
        (n,) in [0, 1].

    References:
        Jaervelin, K. & Kekaelaeinen, J. (2002). ACM TOIS 20(4), 422-446. DOI 10.1145/582415.582418
    """
    gains = ranking.gains[:, :k]
    discount = 1 / np.log2(np.arange(2, gains.shape[1] + 2))
    best = -np.sort(-ranking.gains, axis=1)[:, :k] @ discount
    return np.where(best > 0, gains @ discount / np.where(best > 0, best, 1), np.nan)


def chance_gain(ranking: Ranking, k: int) -> NDArray[np.float64]:
    """What nDCG@k would be on average if the others were ranked at random; NaN without any gain.

    Every place then holds the mean gain; the best ranking is the query's own.

    Args:
        ranking: of n images.
        k: how many answers count.

    Returns:
        (n,) in [0, 1].
    """
    discount = 1 / np.log2(np.arange(2, min(k, ranking.gains.shape[1]) + 2))
    best = -np.sort(-ranking.gains, axis=1)[:, :k] @ discount
    return np.where(best > 0, ranking.gains.mean(axis=1) * discount.sum() / np.where(best > 0, best, 1), np.nan)


def tier(ranking: Ranking, factor: int) -> NDArray[np.float64]:
    """Recall within the first factor x R answers, R being the number of relevant images; NaN if R is 0.

    ``factor`` 1 is the first tier, 2 the second.

    Args:
        ranking: of n images.
        factor: 1 or 2.

    Returns:
        (n,) in [0, 1].

    References:
        Shilane, P. et al. (2004). The Princeton Shape Benchmark. Shape Modeling International, 167-178.
        DOI 10.1109/SMI.2004.1314504
    """
    found = ranking.relevant.cumsum(axis=1)
    total = found[:, -1]
    last = np.clip(total * factor, 1, found.shape[1]) - 1
    recall = found[np.arange(len(found)), last] / np.maximum(total, 1)
    return np.where(total > 0, recall, np.nan)


def normalised_rank(ranking: Ranking) -> NDArray[np.float64]:
    """Normalised modified retrieval rank of MPEG-7, 0 best and 1 worst; its mean is ANMRR. NaN if R is 0.

    Relevant images beyond rank K = min(4 R, 2 max R) count as rank 1.25 K.

    References:
        Manjunath, B. S. et al. (2001). Color and texture descriptors. IEEE TCSVT 11(6), 703-715.
        DOI 10.1109/76.927424
    """
    relevant = ranking.relevant
    total = relevant.sum(axis=1)
    window = np.minimum(4 * total, 2 * total.max())
    ranks = np.arange(1, relevant.shape[1] + 1)
    counted = np.where(ranks[None, :] <= window[:, None], ranks[None, :], 1.25 * window[:, None])
    safe = np.maximum(total, 1)
    average = (counted * relevant).sum(axis=1) / safe
    result = (average - 0.5 * (1 + total)) / np.maximum(1.25 * window - 0.5 * (1 + total), 0.5)
    return np.where(total > 0, result, np.nan)


RETRIEVAL_MEASURES: dict[str, Callable[[Ranking], NDArray[np.float64]]] = {
    "NN": nearest_neighbour,
    "P@10": lambda ranking: precision_at(ranking, 10),
    "mAP": average_precision,
    "nDCG": normalised_gain,
    "first tier": lambda ranking: tier(ranking, 1),
    "second tier": lambda ranking: tier(ranking, 2),
    "ANMRR": normalised_rank,
}
"""A ranking to one number per query."""
