from __future__ import annotations

import math

import pytest

from emoir.evaluate.agreement import krippendorff_alpha

# Krippendorff (2011), section C: four observers, twelve units, some ratings missing.
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}
UNITS = [{name: values[unit] for name, values in OBSERVERS.items() if values[unit] is not None} for unit in range(12)]


def test_the_published_example() -> None:
    assert krippendorff_alpha(UNITS) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(UNITS, interval=True) == pytest.approx(0.849, abs=5e-4)


def test_two_raters_by_hand() -> None:
    # Two images, one agreed: observed disagreement 1/2; of the values a, a, a, b a pair differs with 1/2.
    assert krippendorff_alpha([{"x": "a", "y": "a"}, {"x": "a", "y": "b"}]) == pytest.approx(0.0)


def test_nothing_to_compare() -> None:
    assert math.isnan(krippendorff_alpha([]))
    assert math.isnan(krippendorff_alpha([{"x": "a"}, {"y": "b"}]))
    assert math.isnan(krippendorff_alpha([{"x": "a", "y": "a"}]))
