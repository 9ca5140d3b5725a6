from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from emoir.errors import ShapeError
from emoir.evaluate.retrieval import (
    RETRIEVAL_MEASURES,
    Ranking,
    average_precision,
    chance_average_precision,
    chance_gain,
    chance_precision,
    interpolated_precision,
    leave_one_out,
    mikels_gains,
    nearest_neighbour,
    normalised_gain,
    normalised_rank,
    precision_at,
    same_class,
    tier,
)

RANDOM = np.random.default_rng(2)
# One query, six answers, the relevant ones at ranks 1, 3 and 6.
HAND = Ranking(np.array([[1.0, 0, 1, 0, 0, 1]]), np.arange(6)[None])


def test_by_hand() -> None:
    assert nearest_neighbour(HAND).tolist() == [1]
    assert precision_at(HAND, 4).tolist() == [0.5]
    assert average_precision(HAND)[0] == pytest.approx((1 + 2 / 3 + 3 / 6) / 3)
    gain = 1 + 1 / math.log2(4) + 1 / math.log2(7)
    assert normalised_gain(HAND)[0] == pytest.approx(gain / (1 + 1 / math.log2(3) + 1 / math.log2(4)))
    assert tier(HAND, 1)[0] == pytest.approx(2 / 3)
    assert tier(HAND, 2)[0] == 1
    # R = 3, K = min(12, 6) = 6: all ranks count as they are; mean rank 10/3, best 2, worst 7.5.
    assert normalised_rank(HAND)[0] == pytest.approx((10 / 3 - 2) / (7.5 - 2))


def test_chance_is_the_mean_over_every_order() -> None:
    for relevant in (1, 2, 5):
        orders = np.array(list(permutations([1.0] * relevant + [0.0] * (5 - relevant))))
        every = Ranking(orders, np.tile(np.arange(5), (len(orders), 1)))
        assert average_precision(every).mean() == pytest.approx(chance_average_precision(every)[0])
        assert precision_at(every, 3).mean() == pytest.approx(chance_precision(every)[0])
    nothing = Ranking(np.zeros((1, 5)), np.arange(5)[None])
    assert np.isnan(chance_average_precision(nothing)).all()
    assert chance_precision(nothing).tolist() == [0]


def test_modified_rank_beyond_the_window() -> None:
    # R = 1, K = min(4, 2) = 2: the only relevant image, at rank 5, counts as rank 2.5, the worst there is.
    late = Ranking(np.array([[0.0, 0, 0, 0, 1]]), np.arange(5)[None])
    assert normalised_rank(late).tolist() == [1]


def twin(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Everything again with lists and loops."""
    n = len(labels)
    sums = dict.fromkeys(RETRIEVAL_MEASURES, 0.0)
    sizes = [int((labels == label).sum()) - 1 for label in labels]
    for query in range(n):
        others = [row for row in range(n) if row != query]
        others.sort(key=lambda row: -float(sum(a * b for a, b in zip(vectors[query], vectors[row], strict=True))))
        hits = [labels[row] == labels[query] for row in others]
        relevant = sum(hits)
        ranks = [rank for rank, hit in enumerate(hits, 1) if hit]
        sums["NN"] += hits[0]
        sums["P@10"] += sum(hits[:10]) / 10
        sums["mAP"] += sum((number + 1) / rank for number, rank in enumerate(ranks)) / relevant
        best = sum(1 / math.log2(rank + 1) for rank in range(1, relevant + 1))
        sums["nDCG"] += sum(1 / math.log2(rank + 1) for rank in ranks) / best
        sums["first tier"] += sum(hits[:relevant]) / relevant
        sums["second tier"] += sum(hits[: 2 * relevant]) / relevant
        window = min(4 * relevant, 2 * max(sizes))
        average = sum(rank if rank <= window else 1.25 * window for rank in ranks) / relevant
        sums["ANMRR"] += (average - 0.5 * (1 + relevant)) / (1.25 * window - 0.5 * (1 + relevant))
    return {name: total / n for name, total in sums.items()}


def test_against_loops() -> None:
    labels = RANDOM.integers(0, 4, 60)
    vectors = RANDOM.normal(size=(60, 5))
    vectors[np.arange(60), labels] += 1.5
    ranking = leave_one_out(vectors, same_class(labels))
    expected = twin(vectors, labels)
    for name, measure in RETRIEVAL_MEASURES.items():
        assert float(measure(ranking).mean()) == pytest.approx(expected[name]), name


def test_against_scikit_learn() -> None:
    labels = RANDOM.integers(0, 8, 50)
    vectors = RANDOM.normal(size=(50, 6))
    similarity = vectors @ vectors.T
    graded = mikels_gains(labels)
    binary, steps = leave_one_out(vectors, same_class(labels)), leave_one_out(vectors, graded)
    for query in range(50):
        others = np.arange(50) != query
        truth = labels[others] == labels[query]
        if truth.any():
            theirs = average_precision_score(truth, similarity[query, others])
            assert average_precision(binary)[query] == pytest.approx(theirs)
        theirs = ndcg_score([graded[query, others]], [similarity[query, others]], k=10)
        assert normalised_gain(steps, 10)[query] == pytest.approx(theirs)


def test_perfect_retrieval_and_chance() -> None:
    labels = np.repeat(np.arange(5), 40)
    perfect = leave_one_out(np.eye(5)[labels], same_class(labels))
    best = {"NN": 1, "P@10": 1, "mAP": 1, "nDCG": 1, "first tier": 1, "second tier": 1, "ANMRR": 0}
    for name, measure in RETRIEVAL_MEASURES.items():
        assert float(measure(perfect).mean()) == pytest.approx(best[name]), name
    blind = leave_one_out(RANDOM.normal(size=(200, 16)), same_class(labels))
    assert float(precision_at(blind, 10).mean()) == pytest.approx(0.2, abs=0.03)


def test_chance_of_the_gain_where_classes_are_small() -> None:
    labels = np.repeat(np.arange(8), 5)
    draws = [leave_one_out(RANDOM.normal(size=(40, 64)), mikels_gains(labels)) for _ in range(40)]
    measured = np.mean([normalised_gain(draw, 10) for draw in draws])
    assert float(chance_gain(draws[0], 10).mean()) == pytest.approx(float(measured), abs=0.01)


def test_ties_do_not_flatter_a_table_sorted_by_class() -> None:
    labels = np.repeat(np.arange(4), [100, 50, 30, 20])
    same = leave_one_out(np.ones((200, 3)), same_class(labels))
    expected = chance_average_precision(same)
    assert float(average_precision(same).mean()) == pytest.approx(float(expected.mean()), abs=0.01)
    assert float(precision_at(same, 10).mean()) == pytest.approx(float(chance_precision(same).mean()), abs=0.02)
    np.testing.assert_array_equal(same.order, leave_one_out(np.ones((200, 3)), same_class(labels)).order)
    # Only ties are drawn: two groups of equal vectors still come one after the other.
    halves = leave_one_out(np.repeat(np.eye(2), 100, axis=0), same_class(labels))
    assert (halves.order[0, :99] < 100).all()
    assert (halves.order[0, 99:] >= 100).all()


def test_a_query_without_relevant_images_has_no_figure() -> None:
    ranking = leave_one_out(RANDOM.normal(size=(3, 2)), same_class(np.array([0, 0, 1])))
    assert np.isnan(average_precision(ranking)).tolist() == [False, False, True]
    assert np.isnan(normalised_rank(ranking)).tolist() == [False, False, True]


def test_shapes() -> None:
    with pytest.raises(ShapeError, match=r"gains \(3, 3\)"):
        leave_one_out(np.zeros((3, 2)), np.zeros((3, 2)))


def test_interpolated_precision_by_hand() -> None:
    # Relevant at ranks 1, 3 and 6: precision 1, 2/3 and 1/2 at recalls 1/3, 2/3 and 1.
    curve = interpolated_precision(HAND)[0]
    assert curve.tolist() == pytest.approx([1] * 4 + [2 / 3] * 3 + [1 / 2] * 4)
    nothing = interpolated_precision(Ranking(np.zeros((1, 4)), np.arange(4)[None]))
    assert np.isnan(nothing).all()
