"""What leaving out one answer changes in a ranking: the influence of every image on leave-one-out retrieval.

In leave-one-out retrieval every image asks (query) and is found (gallery). An interval that redraws only the queries is
about half as wide as it should be. Here an image leaves in both roles. For the metrics below, the value of every
query without every single answer has a closed form, O(n) per query; all of them cost O(n^2).

References:
    Efron, B. & Stein, C. (1981). The jackknife estimate of variance. Annals of Statistics 9(3), 586-596.
    DOI 10.1214/aos/1176345462
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.evaluate.intervals import Influence
from emoir.evaluate.retrieval import Ranking

# Numbers that are held at once.
BATCH = 4_000_000
# The share of the answers in smaller samples, and by how much it grows with ten times as many answers that count; see
# ``precision_without``.
KEPT, KEPT_PER_TENFOLD = 0.25, 0.25

PerQuery: TypeAlias = Callable[[Ranking], NDArray[np.float64]]
"""A ranking of m images by n queries to (n,) values, NaN where a query has none."""
LeaveOut: TypeAlias = Callable[[Ranking], NDArray[np.float64]]
"""A ranking of m images by n queries to (n, m): the value of each query without the answer at each rank."""


def retrieval_influence(
    ranking: Ranking, function: PerQuery, leave_out: LeaveOut | None, *, groups: NDArray[np.generic] | None = None
) -> Influence:
    """The mean of a metric over all queries of a leave-one-out retrieval, and every image's influence in both roles.

    Args:
        ranking: of n images by each other.
        function: the metric, one value per query.
        leave_out: its values without single answers; None: found by leaving out each rank in turn, which is O(n^3).
        groups: (n,) images of one group leave together, so they do nothing in each other's rankings.

    Returns:
        The mean over the queries that have a value, and n influences.
    """
    values = function(ranking)
    known = ~np.isnan(values)
    n, answers = ranking.order.shape
    mean = float(values[known].mean()) if known.any() else float("nan")
    as_answer = np.zeros(n)
    group_size = 1.0 if groups is None else n / len(np.unique(groups))
    for start in range(0, n, max(BATCH // max(answers, 1), 1)):
        rows = slice(start, start + max(BATCH // max(answers, 1), 1))
        part = Ranking(ranking.gains[rows], ranking.order[rows], group_size)
        without = leave_out(part) if leave_out is not None else leave_out_each(part, function)
        # A query that has no value without an answer leaves the mean with it.
        change = values[rows, None] - np.where(np.isnan(without), mean, without)
        change[~known[rows]] = 0
        if groups is not None:
            change[groups[part.order] == groups[rows][:, None]] = 0
        as_answer += np.bincount(part.order.ravel(), weights=change.ravel(), minlength=n)
    as_query = np.where(known, values - mean, 0.0)
    return Influence(value=mean, images=(as_query + as_answer) * (n / max(known.sum(), 1)), groups=groups)


def leave_out_each(ranking: Ranking, function: PerQuery) -> NDArray[np.float64]:
    """The values of any metric without the answer at each rank, by computing them anew."""
    columns = [
        function(Ranking(np.delete(ranking.gains, rank, axis=1), np.delete(ranking.order, rank, axis=1)))
        for rank in range(ranking.order.shape[1])
    ]
    return np.stack(columns, axis=1)


def precision_without(ranking: Ranking, k: int, kept: float | None = None) -> NDArray[np.float64]:
    """``precision_at`` without the answer at each rank, averaged over smaller samples of the other answers.

    Which images are the first k hangs on few answers; of such a statistic the delete-one jackknife overstates the
    error, by a tenth for P@10 and by a half for the nearest neighbour (``benchmarks/interval_coverage.py``). Deleting
    a part of the answers as well, at random, mends that: a rank then counts with the probability that fewer than k of
    those before it are there. The jackknife counts twice what a pair of images changes together; where a share s of
    the others stays, it counts that 2 s times. So a half is right for ten answers, which pairs change most, and less
    for one, which more images change. Groups leave together: then k answers count as k / (size of a group).

    Args:
        ranking: of m images by n queries.
        k: how many answers count.
        kept: the share of the answers in a smaller sample; 1: all, the plain jackknife; None: a quarter where one
            answer (or group of answers) counts, a half where ten do, and in between by the logarithm.

    Returns:
        (n, m).

    References:
        Shao, J. & Wu, C. F. J. (1989). A general theory for jackknife variance estimation. Annals of Statistics 17(3),
        1176-1197. DOI 10.1214/aos/1176347263 (deleting many repairs the jackknife of statistics that are not smooth)
    """
    relevant = ranking.relevant.astype(np.float64)
    answers = relevant.shape[1]
    value = relevant[:, :k].mean(axis=1, keepdims=True)
    if answers <= k:
        return np.asarray((relevant.sum(axis=1, keepdims=True) - relevant) / max(answers - 1, 1))
    return np.asarray(value - _change(relevant, np.full(k, 1 / k), _kept(ranking, k) if kept is None else kept))


def nearest_neighbour_without(ranking: Ranking) -> NDArray[np.float64]:
    """``nearest_neighbour`` without the answer at each rank; see ``precision_without``."""
    return precision_without(ranking, 1)


def _kept(ranking: Ranking, k: int) -> float:
    """The share of the answers in smaller samples where the first k count."""
    return float(min(KEPT + KEPT_PER_TENFOLD * np.log10(max(k / ranking.group_size, 1.0)), 1.0))


def average_precision_without(ranking: Ranking, kept: float = KEPT) -> NDArray[np.float64]:
    """``average_precision`` without the answer at each rank; NaN if it is the only relevant one.

    Smaller samples as in ``precision_without``. The precision at a relevant answer with r others above it is averaged
    exactly: with B of the r there, it is (1 + B p) / (1 + B), p being the share of relevant ones among the r. The
    number of relevant answers is taken at its mean. The plain jackknife overstates the error by a fifth in folds of 40
    images.
    """
    relevant = ranking.relevant.astype(np.float64)
    rank = np.arange(relevant.shape[1])
    above = relevant.cumsum(axis=1) - relevant
    total = relevant.sum(axis=1, keepdims=True)
    others = np.maximum(rank - 1, 1)
    alone, less = _mean_reciprocal(rank, kept), _mean_reciprocal(np.maximum(rank - 1, 0), kept)
    both = _mean_reciprocal_of_two(np.maximum(rank - 1, 0), kept)
    # Precision at a relevant answer: as it is; without one that is above it; what that one adds. The last two are
    # sums of a part that is the same for every answer above and of a part for relevant ones.
    own = alone + above / np.maximum(rank, 1) * (1 - alone)
    without, without_relevant = less + above / others * (1 - less), -(1 - less) / others
    added, added_relevant = both - less + above / others * (less - 2 * both), both - (less - 2 * both) / others
    upper = (relevant * own).cumsum(axis=1) - relevant * own
    left = kept * (upper + _after(relevant * without) + relevant * _after(relevant * without_relevant))
    gained = relevant * own + kept * (_after(relevant * added) + relevant * _after(relevant * added_relevant))
    others_relevant = kept * (total - relevant)
    before = left / np.where(others_relevant > 0, others_relevant, 1)
    after = (left + gained) / np.maximum(others_relevant + relevant, kept)
    value = (relevant * (above + 1) / (rank + 1)).sum(axis=1, keepdims=True) / np.maximum(total, 1)
    return np.where(others_relevant > 0, value - kept * (after - before), np.nan)


def _mean_reciprocal(n: NDArray[np.intp], p: float) -> NDArray[np.float64]:
    """Mean of 1 / (1 + B) where B is binomial: n tries, each with probability p."""
    return np.asarray((1 - (1 - p) ** (n + 1)) / (p * (n + 1)))


def _mean_reciprocal_of_two(n: NDArray[np.intp], p: float) -> NDArray[np.float64]:
    """Mean of 1 / (2 + B): the integral of x (1 - p + p x)^n from 0 to 1."""
    q = 1 - p
    return np.asarray(((1 - q ** (n + 2)) / (n + 2) - q * (1 - q ** (n + 1)) / (n + 1)) / p**2)


def normalised_gain_without(ranking: Ranking, k: int, kept: float | None = None) -> NDArray[np.float64]:
    """``normalised_gain`` of the first k without the answer at each rank; NaN if no gain is left.

    Smaller samples as in ``precision_without``; the best possible ranking loses the same answer.
    """
    kept = _kept(ranking, k) if kept is None else kept
    discount = 1 / np.log2(np.arange(2, min(k, ranking.gains.shape[1]) + 2))
    best_order = np.argsort(-ranking.gains, axis=1, kind="stable")
    best = np.take_along_axis(ranking.gains, best_order, axis=1)
    ideal = np.empty_like(ranking.gains)
    np.put_along_axis(ideal, best_order, _gain_without(best, discount, kept), axis=1)
    return np.where(ideal > 0, _gain_without(ranking.gains, discount, kept) / np.where(ideal > 0, ideal, 1), np.nan)


def _gain_without(gains: NDArray[np.float64], discount: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """Discounted gain of the first answers without the one at each rank."""
    whole = gains[:, : len(discount)] @ discount
    without = whole[:, None] - _change(gains, discount, kept)
    # Where nothing is left, rounding must not leave something.
    return np.where(without > 1e-12, without, 0.0)


def _change(gains: NDArray[np.float64], discount: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """What the answer at each rank adds to the discounted gain, averaged over smaller samples of the others.

    It adds its gain at the place that it has there, and moves all answers below it down by one.
    """
    from scipy.stats import binom

    rank, place = np.arange(gains.shape[1])[:, None], np.arange(len(discount))
    own = binom.pmf(place, rank, kept) @ discount
    # Of those above a lower answer, one is the answer itself.
    below = binom.pmf(place, np.maximum(rank - 1, 0), kept) @ (discount - np.append(discount[1:], 0))
    return np.asarray(kept * (gains * own - kept * _after(gains * below)))


def _after(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over all later ranks."""
    return np.asarray(values.sum(axis=1, keepdims=True) - values.cumsum(axis=1))
