"""What leaving out an answer changes, by closed forms and by computing everything anew."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from emoir.evaluate.leave_out import (
    LeaveOut,
    PerQuery,
    average_precision_without,
    leave_out_each,
    nearest_neighbour_without,
    normalised_gain_without,
    precision_without,
    retrieval_influence,
)
from emoir.evaluate.retrieval import (
    Ranking,
    average_precision,
    leave_one_out,
    mikels_gains,
    nearest_neighbour,
    normalised_gain,
    precision_at,
    same_class,
)

N = 40
LABELS = np.arange(N) % 6
VECTORS = np.random.default_rng(0).normal(size=(N, 3)) + np.eye(6)[LABELS][:, :3]
PAIRS: list[tuple[str, PerQuery, LeaveOut]] = [
    ("P@10", partial(precision_at, k=10), partial(precision_without, k=10, kept=1)),
    ("P@39", partial(precision_at, k=39), partial(precision_without, k=39, kept=1)),
    ("mAP", average_precision, partial(average_precision_without, kept=1)),
    ("nDCG@10", partial(normalised_gain, k=10), partial(normalised_gain_without, k=10, kept=1)),
    ("nDCG@39", partial(normalised_gain, k=39), partial(normalised_gain_without, k=39, kept=1)),
]


def without_images(ranking: Ranking, gone: list[int]) -> Ranking:
    """The rankings that are left when images leave, as queries and as answers."""
    kept = np.setdiff1d(np.arange(len(ranking.order)), gone)
    stays = ~np.isin(ranking.order[kept], gone)
    width = ranking.order.shape[1] - len(gone)
    return Ranking(
        ranking.gains[kept][stays].reshape(len(kept), width), ranking.order[kept][stays].reshape(len(kept), width)
    )


@pytest.mark.parametrize(("name", "function", "leave_out"), PAIRS, ids=[name for name, _, _ in PAIRS])
@pytest.mark.parametrize("gains", [same_class(LABELS), mikels_gains(LABELS)], ids=["classes", "wheel"])
def test_closed_forms(name: str, function: PerQuery, leave_out: LeaveOut, gains: np.ndarray) -> None:
    ranking = leave_one_out(VECTORS, gains)
    np.testing.assert_allclose(leave_out(ranking), leave_out_each(ranking, function), atol=1e-12)
    influence = retrieval_influence(ranking, function, leave_out)
    whole = np.nanmean(function(ranking))
    anew = [(N - 1) * (whole - np.nanmean(function(without_images(ranking, [row])))) for row in range(N)]
    assert influence.value == pytest.approx(whole)
    np.testing.assert_allclose(influence.images, anew, atol=1e-10)
    slow = retrieval_influence(ranking, function, None)
    np.testing.assert_allclose(slow.images, influence.images, atol=1e-10)


def test_the_only_relevant_answer_leaves_no_value() -> None:
    ranking = Ranking(np.array([[0.0, 1.0, 0.0]]), np.array([[1, 2, 3]]))
    np.testing.assert_array_equal(average_precision_without(ranking, kept=1), [[1.0, np.nan, 0.5]])
    np.testing.assert_array_equal(normalised_gain_without(ranking, 3, kept=1).round(3), [[1.0, np.nan, 0.631]])


def thinned(gains: np.ndarray, discount: np.ndarray, kept: float) -> np.ndarray:
    """The change that each rank makes to a discounted gain, over all samples of the other answers."""
    ranks = gains.shape[1]
    changes = np.zeros(gains.shape)
    for rank in range(ranks):
        for chosen in range(2 ** (ranks - 1)):
            there = np.insert([bool(chosen >> bit & 1) for bit in range(ranks - 1)], rank, True)
            odds = kept ** there.sum() * (1 - kept) ** (ranks - there.sum())
            for sign in (1, -1):
                first = gains[:, there][:, : len(discount)]
                changes[:, rank] += sign * odds * (first @ discount[: first.shape[1]])
                there[rank] = False
    return changes


def test_the_first_answers_over_smaller_samples() -> None:
    gains = np.random.default_rng(1).integers(0, 2, (3, 7)).astype(float)
    ranking = Ranking(gains, np.tile(np.arange(1, 8), (3, 1)))
    nearest = gains[:, :1] - nearest_neighbour_without(ranking)
    np.testing.assert_allclose(nearest, thinned(gains, np.ones(1), 0.25), atol=1e-12)
    assert nearest_neighbour(ranking).tolist() == gains[:, 0].tolist()
    three = gains[:, :3].mean(axis=1, keepdims=True) - precision_without(ranking, 3)
    kept = 0.25 + 0.25 * np.log10(3)
    np.testing.assert_allclose(three, thinned(gains, np.full(3, 1 / 3), kept), atol=1e-12)
    discount = 1 / np.log2(np.arange(2, 5))
    best = -np.sort(-gains, axis=1)
    order = np.argsort(-gains, axis=1, kind="stable")
    ideal = np.empty_like(gains)
    np.put_along_axis(ideal, order, (best[:, :3] @ discount)[:, None] - thinned(best, discount, kept), axis=1)
    expected = ((gains[:, :3] @ discount)[:, None] - thinned(gains, discount, kept)) / ideal
    np.testing.assert_allclose(normalised_gain_without(ranking, 3), expected, atol=1e-12)


def test_less_is_kept_where_answers_leave_in_groups() -> None:
    ranking = leave_one_out(VECTORS, same_class(LABELS))
    in_fours = Ranking(ranking.gains, ranking.order, group_size=4)
    np.testing.assert_array_equal(precision_without(ranking, 10), precision_without(ranking, 10, kept=0.5))
    kept = 0.25 + 0.25 * np.log10(10 / 4)
    np.testing.assert_array_equal(precision_without(in_fours, 10), precision_without(ranking, 10, kept=kept))
    np.testing.assert_array_equal(nearest_neighbour_without(in_fours), nearest_neighbour_without(ranking))
    groups = np.arange(N) // 4
    with_groups = retrieval_influence(
        ranking, partial(precision_at, k=10), partial(precision_without, k=10), groups=groups
    )
    by_hand = partial(precision_without, k=10, kept=kept)
    expected = retrieval_influence(ranking, partial(precision_at, k=10), by_hand, groups=groups)
    np.testing.assert_array_equal(with_groups.images, expected.images)


def test_average_precision_over_smaller_samples() -> None:
    # Against many drawn samples; the number of relevant answers is taken at its mean, so nearly, not exactly.
    random = np.random.default_rng(2)
    gains = random.integers(0, 2, (1, 40)).astype(float)
    ranking = Ranking(gains, np.arange(1, 41)[None])
    changes = []
    for _ in range(4_000):
        there = random.random(40) < 0.5
        part = Ranking(gains[:, there], ranking.order[:, there])
        change = np.zeros(40)
        change[there] = average_precision(part) - average_precision_without(part, kept=1)[0]
        changes.append(change)
    expected = np.nanmean(changes, axis=0)
    found = average_precision(ranking) - average_precision_without(ranking, kept=0.5)[0]
    np.testing.assert_allclose(found, expected, atol=0.003)
    assert abs(expected).max() > 0.01


def test_groups_leave_together() -> None:
    groups = np.arange(N) // 2
    ranking = leave_one_out(VECTORS, same_class(LABELS))
    for _, function, leave_out in PAIRS[2:]:
        influence = retrieval_influence(ranking, function, leave_out, groups=groups)
        sums = np.bincount(groups, weights=influence.images)
        whole = np.nanmean(function(ranking))
        anew = np.array(
            [whole - np.nanmean(function(without_images(ranking, [2 * pair, 2 * pair + 1]))) for pair in range(N // 2)]
        )
        # To the first order: what two images do together is not the sum to the last digit.
        assert np.corrcoef(sums, anew)[0, 1] > 0.97
        error = influence.estimate().error
        pairs = N // 2
        jackknife = np.sqrt((pairs - 1) / pairs * ((anew - anew.mean()) ** 2).sum())
        assert error == pytest.approx(jackknife, rel=0.1)


def test_queries_over_a_fixed_gallery_are_narrower() -> None:
    from emoir.evaluate import mean_interval

    ranking = leave_one_out(VECTORS, same_class(LABELS))
    both = retrieval_influence(ranking, average_precision, average_precision_without).estimate()
    queries = mean_interval(average_precision(ranking))
    assert both.value == pytest.approx(queries.value)
    assert both.error > 1.3 * queries.error
