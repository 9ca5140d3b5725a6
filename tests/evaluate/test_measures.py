"""Distributions, calibration and regression: by hand, against SciPy and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from emoir.evaluate.calibration import (
    brier,
    expected_calibration_error,
    negative_log_likelihood,
    perfect_calibration_band,
)
from emoir.evaluate.distributions import DISTRIBUTION_MEASURES
from emoir.evaluate.regression import REGRESSION_MEASURES, concordance, pearson, root_mean_squared_error, spearman

RANDOM = np.random.default_rng(1)
TARGET = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
PREDICTED = np.array([[0.25, 0.5, 0.25], [0.5, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("KL", 0.5 * math.log(2), math.log(2)),
        ("Chebyshev", 0.25, 0.5),
        ("Clark", math.sqrt((1 / 9 + 0 + 1) / 3), math.sqrt((1 / 9 + 1 + 0) / 3)),
        ("Canberra", (1 / 3 + 0 + 1) / 3, (1 / 3 + 1 + 0) / 3),
        ("cosine", 0.375 / math.sqrt(0.5 * 0.375), 0.5 / math.sqrt(0.5)),
        ("intersection", 0.75, 0.5),
    ],
)
def test_distribution_measures_by_hand(name: str, first: float, second: float) -> None:
    assert DISTRIBUTION_MEASURES[name](TARGET, PREDICTED).tolist() == pytest.approx([first, second], abs=1e-6)


def test_distribution_measures_against_loops() -> None:
    target, predicted = RANDOM.dirichlet(np.ones(7), 50), RANDOM.dirichlet(np.ones(7), 50)
    for row in range(50):
        p, q = target[row].tolist(), predicted[row].tolist()
        pairs = list(zip(p, q, strict=True))
        twins = {
            "KL": sum(a * math.log(a / b) for a, b in pairs),
            "Chebyshev": max(abs(a - b) for a, b in pairs),
            "Clark": math.sqrt(sum(((a - b) / (a + b)) ** 2 for a, b in pairs) / 7),
            "Canberra": sum(abs(a - b) / (a + b) for a, b in pairs) / 7,
            "cosine": sum(a * b for a, b in pairs) / math.hypot(*p) / math.hypot(*q),
            "intersection": sum(min(a, b) for a, b in pairs),
        }
        for name, measure in DISTRIBUTION_MEASURES.items():
            assert measure(target, predicted)[row] == pytest.approx(twins[name]), name


def test_equal_distributions() -> None:
    best = {"KL": 0, "Chebyshev": 0, "Clark": 0, "Canberra": 0, "cosine": 1, "intersection": 1}
    for name, measure in DISTRIBUTION_MEASURES.items():
        assert measure(TARGET, TARGET).tolist() == pytest.approx([best[name]] * 2, abs=1e-9), name


def test_calibration_error_by_hand() -> None:
    # Two bins of two: (0.2, 0.4) with one right, (0.8, 1.0) with two right.
    confidence = np.array([0.2, 0.4, 0.8, 1.0])
    right = np.array([True, False, True, True])
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx((abs(0.3 - 0.5) + abs(0.9 - 1)) / 2)


def test_a_calibrated_model_lies_in_its_band_and_an_overconfident_one_above() -> None:
    confidence = RANDOM.uniform(0.2, 0.9, 400)
    low, high = perfect_calibration_band(confidence, draws=500)
    assert 0 < low < high < 0.15
    inside = 0
    for _ in range(100):
        error = expected_calibration_error(confidence, RANDOM.uniform(size=400) < confidence)
        inside += low <= error <= high
    assert inside >= 85
    assert expected_calibration_error(confidence, RANDOM.uniform(size=400) < confidence - 0.2) > high


def test_brier_and_likelihood_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2]])
    assert brier(probabilities, np.array([0])).tolist() == pytest.approx([0.25 + 0.09 + 0.04])
    assert negative_log_likelihood(probabilities, np.array([2])).tolist() == pytest.approx([-math.log(0.2)])


def test_correlations_against_scipy() -> None:
    predicted, target = RANDOM.normal(size=80), RANDOM.integers(0, 10, 80).astype(float)
    predicted += target / 5
    assert pearson(predicted, target) == pytest.approx(stats.pearsonr(predicted, target).statistic)
    assert spearman(predicted, target) == pytest.approx(stats.spearmanr(predicted, target).statistic)


def test_concordance_and_error_against_loops() -> None:
    predicted, target = RANDOM.uniform(size=30), RANDOM.uniform(size=30)
    mean_p, mean_t = sum(predicted) / 30, sum(target) / 30
    covariance = sum((p - mean_p) * (t - mean_t) for p, t in zip(predicted, target, strict=True)) / 30
    variance_p = sum((p - mean_p) ** 2 for p in predicted) / 30
    variance_t = sum((t - mean_t) ** 2 for t in target) / 30
    expected = 2 * covariance / (variance_p + variance_t + (mean_p - mean_t) ** 2)
    assert concordance(predicted, target) == pytest.approx(expected)
    squares = sum((p - t) ** 2 for p, t in zip(predicted, target, strict=True)) / 30
    assert root_mean_squared_error(predicted, target) == pytest.approx(math.sqrt(squares))


def test_constant_predictions_have_no_correlation() -> None:
    for name in ("r", "rho", "CCC"):
        assert REGRESSION_MEASURES[name](np.full(5, 0.5), np.arange(5.0)) == 0
