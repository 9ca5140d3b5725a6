from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions import MIKELS
from emoir.evaluate.classification import (
    macro_f1,
    majority_baseline,
    mikels_distance,
    polarity_right,
    right_at,
    wheel_confusion,
)

RANDOM = np.random.default_rng(0)


def test_top_k_against_loops() -> None:
    probabilities = RANDOM.dirichlet(np.ones(6), 200)
    labels = RANDOM.integers(0, 6, 200)
    for k in (1, 2, 5):
        expected = []
        for row, label in zip(probabilities, labels, strict=True):
            best = sorted(range(6), key=lambda name: -row[name])[:k]
            expected.append(label in best)
        assert right_at(probabilities, labels, k).tolist() == expected


def test_a_constant_model_is_right_nowhere() -> None:
    assert not right_at(np.full((4, 8), 1 / 8), np.arange(4)).any()


def test_macro_f1_by_hand() -> None:
    # Class 0: precision 1/2, recall 1; class 1: nothing named, recall 0; class 2: precision 1, recall 1/2.
    labels = np.array([0, 1, 2, 2])
    predicted = np.array([0, 0, 2, 3])
    assert macro_f1(predicted, labels, 4) == pytest.approx((2 / 3 + 0 + 2 / 3 + 0) / 4)


def test_distance_on_the_wheel() -> None:
    distance = mikels_distance()
    assert np.array_equal(distance, distance.T)
    assert np.array_equal(np.diag(distance), np.zeros(8))
    # Around a circle of eight, everyone has two neighbours at 1, 2 and 3 steps and one opposite.
    for row in distance:
        assert sorted(row) == [0, 1, 1, 2, 2, 3, 3, 4]
    by_name = {name: distance[index] for index, name in enumerate(MIKELS.names)}
    assert by_name["contentment"][MIKELS.names.index("fear")] == 4
    assert by_name["sadness"][MIKELS.names.index("contentment")] == 1


def test_wheel_confusion_by_hand() -> None:
    names = MIKELS.names.index
    predicted = np.array([names("awe"), names("fear"), names("fear")])
    labels = np.array([names("awe"), names("awe"), names("contentment")])
    assert wheel_confusion(predicted, labels).tolist() == [1, 0.75, 0]


def test_polarity_by_hand() -> None:
    probabilities = np.zeros((2, 8))
    probabilities[:, MIKELS.names.index("awe")] = 0.4
    probabilities[:, MIKELS.names.index("amusement")] = 0.2
    probabilities[:, MIKELS.names.index("fear")] = 0.4
    labels = np.array([MIKELS.names.index("contentment"), MIKELS.names.index("fear")])
    assert polarity_right(probabilities, labels).tolist() == [True, False]


def test_majority() -> None:
    assert majority_baseline(np.array([0, 1, 1, 2])) == 0.5
