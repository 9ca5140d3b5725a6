from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import Table
from emoir.datasets.agreement import (
    agreements,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_agreement,
    reliability_of_means,
)

# Fleiss (1971) in the form in which textbooks print it: 10 subjects, 14 raters, 5 classes, kappa 0.210.
VOTES = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_kappa_of_the_textbook() -> None:
    raters = VOTES.sum(axis=1).astype(float)
    assert fleiss_kappa(VOTES / raters[:, None], raters) == pytest.approx(0.210, abs=5e-4)


def test_pairwise_agreement_counts_pairs() -> None:
    raters = VOTES.sum(axis=1).astype(float)
    slow = []
    for row in VOTES:
        votes = [name for name, count in enumerate(row) for _ in range(count)]
        pairs = list(combinations(votes, 2))
        slow.append(sum(one == other for one, other in pairs) / len(pairs))
    np.testing.assert_allclose(pairwise_agreement(VOTES / raters[:, None], raters), slow)
    assert np.isnan(pairwise_agreement(np.array([[1.0, 0.0]]), np.array([1.0]))).all()
    assert pairwise_agreement(np.array([[0.5, 0.5]]), np.array([np.inf])).tolist() == [0.5]


def test_reliability_is_the_intraclass_correlation_of_single_ratings() -> None:
    random = np.random.default_rng(0)
    ratings = random.normal(random.normal(size=(40, 1)), 1.5, (40, 6))
    # One-way analysis of variance, ICC(1, k) = (between - within) / between.
    between = 6 * ratings.mean(axis=1).var(ddof=1)
    within = ratings.var(axis=1, ddof=1).mean()
    value = reliability_of_means(ratings.mean(axis=1), ratings.std(axis=1, ddof=1), np.full(40, 6.0))
    assert value == pytest.approx((between - within) / between)


def test_only_what_the_table_says() -> None:
    paths = [Path("a"), Path("b"), Path("c")]
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [np.nan, np.nan]])
    names = {"mood": ("calm", "wild")}
    silent = agreements(Table(name="t", paths=paths, distributions={"mood": shares}, class_names=names))
    assert [(line.measure.split(",")[0], line.images, line.raters) for line in silent] == [
        ("mean share of an image's favourite class", 2, None),
        ("two different raters of an image agree", 2, None),
    ]
    assert [line.value for line in silent] == [0.75, 0.75]
    told = agreements(
        Table(
            name="t",
            paths=paths,
            distributions={"mood": shares},
            class_names=names,
            valence=np.array([0.0, 1.0, np.nan]),
            arousal=np.zeros(3),
            raters={"mood": np.array([2.0, 4.0, np.nan]), "valence": np.full(3, 10.0)},
            std={"valence": np.array([0.1, 0.3, np.nan])},
        )
    )
    values = {(line.label, line.measure.split(",")[0]): line.value for line in told}
    assert values["mood", "two different raters of an image agree"] == 0.5
    assert values["mood", "Fleiss' kappa"] == pytest.approx((0.5 - 26 / 36) / (1 - 26 / 36))
    assert values["valence", "mean deviation between raters"] == pytest.approx(0.2)
    assert values["valence", "reliability of the means"] == pytest.approx(1 - (0.001 + 0.009) / 2 / 0.5)
    assert ("arousal", "mean deviation between raters") not in values
    assert agreements(Table(name="t", paths=paths, classes={"mood": np.zeros(3, np.int64)}, class_names=names)) == []


# Krippendorff (2011), section C: four observers, twelve units, some ratings missing.
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}
UNITS = [{name: values[unit] for name, values in OBSERVERS.items() if values[unit] is not None} for unit in range(12)]


def test_alpha_of_the_published_example() -> None:
    assert krippendorff_alpha(UNITS) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(UNITS, interval=True) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_two_raters_by_hand() -> None:
    # Two images, one agreed: observed disagreement 1/2; of the values a, a, a, b a pair differs with 1/2.
    assert krippendorff_alpha([{"x": "a", "y": "a"}, {"x": "a", "y": "b"}]) == pytest.approx(0.0)


def test_alpha_of_nothing_to_compare() -> None:
    assert math.isnan(krippendorff_alpha([]))
    assert math.isnan(krippendorff_alpha([{"x": "a"}, {"y": "b"}]))
    assert math.isnan(krippendorff_alpha([{"x": "a", "y": "a"}]))
