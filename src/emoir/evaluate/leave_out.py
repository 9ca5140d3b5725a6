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

# So many numbers are held at once.
BATCH = 4_000_000
# The share of answers in a smaller sample.
KEPT = 0.25

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
    for start in range(0, n, max(BATCH // max(answers, 1), 1)):
        rows = slice(start, start + max(BATCH // max(answers, 1), 1))
        part = Ranking(ranking.gains[rows], ranking.order[rows])
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


def precision_without(ranking: Ranking, k: int) -> NDArray[np.float64]:
    """``precision_at`` without the answer at each rank: the next answer moves up."""
    relevant = ranking.relevant.astype(np.float64)
    answers = relevant.shape[1]
    first = relevant[:, :k]
    if answers <= k:
        return np.asarray((first.sum(axis=1, keepdims=True) - first) / max(answers - 1, 1))
    values = np.repeat(first.mean(axis=1)[:, None], answers, axis=1)
    values[:, :k] += (relevant[:, k : k + 1] - first) / k
    return np.asarray(values)


def nearest_neighbour_without(ranking: Ranking) -> NDArray[np.float64]:
    """``nearest_neighbour`` without the answer at each rank, averaged over smaller samples of the other answers.

    Which image is nearest hangs on one answer; of such a statistic the delete-one jackknife overstates the error, by 30
    to 45 % in our simulations (``benchmarks/interval_coverage.py``). Deleting three quarters of the answers as well, at
    random, mends that: each rank then counts with the probability that all before it are gone.

    References:
        Shao, J. & Wu, C. F. J. (1989). A general theory for jackknife variance estimation. Annals of Statistics 17(3),
        1176-1197. DOI 10.1214/aos/1176347263 (deleting many repairs the jackknife of statistics that are not smooth)
    """
    relevant = ranking.relevant.astype(np.float64)
    rank = np.arange(relevant.shape[1])
    change = KEPT * (relevant * (1 - KEPT) ** rank - _after(relevant * KEPT * (1 - KEPT) ** np.maximum(rank - 1, 0)))
    return np.asarray(relevant[:, :1] - change)


def average_precision_without(ranking: Ranking) -> NDArray[np.float64]:
    """``average_precision`` without the answer at each rank; NaN if it is the only relevant one."""
    relevant = ranking.relevant.astype(np.float64)
    rank = np.arange(1, relevant.shape[1] + 1)
    found = relevant.cumsum(axis=1)
    total = found[:, -1:]
    above = (relevant * found / rank).cumsum(axis=1) - relevant * found / rank
    # Answers below move up by one; each then has one relevant answer less above it, if a relevant one left.
    up = relevant / np.maximum(rank - 1, 1)
    below = _after(up * found) - relevant * _after(up)
    left = total - relevant
    return np.where(left > 0, (above + below) / np.maximum(left, 1), np.nan)


def normalised_gain_without(ranking: Ranking, k: int | None = None) -> NDArray[np.float64]:
    """``normalised_gain`` without the answer at each rank; NaN if no gain is left."""
    best_order = np.argsort(-ranking.gains, axis=1, kind="stable")
    ideal = np.empty_like(ranking.gains)
    best = np.take_along_axis(ranking.gains, best_order, axis=1)
    np.put_along_axis(ideal, best_order, _gain_without(best, k), axis=1)
    return np.where(ideal > 0, _gain_without(ranking.gains, k) / np.where(ideal > 0, ideal, 1), np.nan)


def _gain_without(gains: NDArray[np.float64], k: int | None) -> NDArray[np.float64]:
    """Discounted gain of the first k without the answer at each rank."""
    answers = gains.shape[1]
    first = min(answers, answers if k is None else k)
    discount = np.zeros(answers + 1)
    discount[:first] = 1 / np.log2(np.arange(2, first + 2))
    here, up = gains * discount[:-1], np.zeros_like(gains)
    up[:, 1:] = gains[:, 1:] * discount[: answers - 1]
    return np.asarray(here.cumsum(axis=1) - here + _after(up))


def _after(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over all later ranks."""
    return np.asarray(values.sum(axis=1, keepdims=True) - values.cumsum(axis=1))
