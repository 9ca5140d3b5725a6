"""Matched sets against every possible choice, tried one by one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, permutations, product

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from emoir.errors import EmoirError, QueryError, SelectionError
from emoir.extract.features import Features
from emoir.images.features import measure
from emoir.index.base import Record
from emoir.search.option_text import Range
from emoir.select import CandidatePool, cross_factors, matched_stimuli, parse_factor, parse_stimulus_condition
from emoir.select.balance import balance, equivalence_bound, expected_difference, standardised_difference
from emoir.select.matching import best_pairs, match_sets, numeric_columns, variable_unit, variable_values
from tests.pictures import noise
from tests.select.test_stimuli import meta_of, pool_of


def unlikeness(values: Sequence[NDArray[np.float64]], sets: Sequence[Sequence[int]]) -> float:
    """By its definition, in plain Python."""
    everything = np.concatenate(values)
    spread = [float(np.std(everything[:, place])) or 1.0 for place in range(everything.shape[1])]
    total = 0.0
    for chosen in zip(*sets, strict=True):
        for (one, row), (other, column) in combinations(enumerate(chosen), 2):
            for place, unit in enumerate(spread):
                total += (float(values[one][row, place] - values[other][column, place]) / unit) ** 2
    return total


def brute_force(values: Sequence[NDArray[np.float64]], n: int) -> float:
    """The least unlikeness over all ways to choose n images of every condition and to put them together."""
    first = combinations(range(len(values[0])), n)
    others = [list(permutations(range(len(images)), n)) for images in values[1:]]
    return min(unlikeness(values, sets) for sets in product(first, *others))


@pytest.mark.parametrize("seed", range(12))
def test_two_conditions_are_matched_as_well_as_can_be(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(2, 6, 2)
    n = int(random.integers(1, min(sizes) + 1))
    values = [random.normal(place, 1, (size, 3)) for place, size in enumerate(sizes)]
    sets = [rows.tolist() for rows in match_sets(values, n)]
    assert [len(set(rows)) for rows in sets] == [n, n]
    assert unlikeness(values, sets) == pytest.approx(brute_force(values, n))


def test_three_conditions_come_close_to_the_best() -> None:
    worse = []
    for seed in range(12):
        random = np.random.default_rng(100 + seed)
        values = [random.normal(0, 1, (4, 2)) for _ in range(3)]
        sets = [rows.tolist() for rows in match_sets(values, 2)]
        assert [len(set(rows)) for rows in sets] == [2, 2, 2]
        found, best = unlikeness(values, sets), brute_force(values, 2)
        assert found >= best - 1e-9
        worse.append(found / best)
    assert np.median(worse) == pytest.approx(1)
    assert max(worse) < 1.5


def test_what_is_planted_is_found() -> None:
    random = np.random.default_rng(3)
    planted = random.normal(0, 1, (8, 5))
    values = [np.concatenate([planted, random.normal(5 * (place + 1), 1, (20, 5))]) for place in range(4)]
    orders = [random.permutation(28) for _ in values]
    sets = match_sets([images[order] for images, order in zip(values, orders, strict=True)], 8)
    chosen = [order[rows] for order, rows in zip(orders, sets, strict=True)]
    assert sorted(chosen[0].tolist()) == list(range(8))
    for rows in chosen[1:]:
        assert rows.tolist() == chosen[0].tolist()


def test_units_do_not_matter_and_constants_do_not_divide_by_zero() -> None:
    random = np.random.default_rng(4)
    values = [random.normal(0, 1, (9, 3)) for _ in range(2)]
    scaled = [images * [1000, 1, 0.001] + [0, 7, 0] for images in values]
    constant = [np.concatenate([images, np.ones((9, 1))], axis=1) for images in values]
    expected = [rows.tolist() for rows in match_sets(values, 4)]
    assert [rows.tolist() for rows in match_sets(scaled, 4)] == expected
    assert [rows.tolist() for rows in match_sets(constant, 4)] == expected


def test_matching_improves_the_balance() -> None:
    random = np.random.default_rng(5)
    values = [random.normal(0.5 * place, 1, (60, 4)) for place in range(2)]
    sets = match_sets(values, 15)
    chosen = [images[rows] for images, rows in zip(values, sets, strict=True)]
    rows = [balance("x", "1", [c[:, place] for c in chosen], [v[:, place] for v in values]) for place in range(4)]
    assert all(row.difference < row.before / 2 for row in rows)
    assert np.mean([row.difference for row in rows]) < 0.1


def test_the_best_pairs_against_all() -> None:
    for seed in range(10):
        cost = np.random.default_rng(seed).random((4, 5))
        for n in range(1, 5):
            rows, columns = best_pairs(cost, n)
            assert (len(set(rows.tolist())), len(set(columns.tolist()))) == (n, n)
            least = min(
                cost[list(some), list(others)].sum()
                for some in combinations(range(4), n)
                for others in permutations(range(5), n)
            )
            assert cost[rows, columns].sum() == pytest.approx(least)


def test_too_few_images() -> None:
    with pytest.raises(SelectionError, match="3 images of every condition were asked for, one has 2"):
        match_sets([np.zeros((2, 1)), np.zeros((5, 1))], 3)


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(EmoirError, match=r'pip install "emoir\[research\]"'):
        match_sets([np.zeros((2, 1)), np.zeros((2, 1))], 1)


def test_differences_by_hand() -> None:
    one, other = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
    # Variances 1 and 4, their mean 2.5.
    assert standardised_difference(one, other) == pytest.approx(2 / 2.5**0.5)
    assert standardised_difference(other, one) == standardised_difference(one, other)
    assert standardised_difference(one[:1], one[:1]) == 0
    assert standardised_difference(one[:1], other[:1]) == float("inf")
    # JSON has no infinity.
    assert balance("size", "pixels", (one[:1], other[:1]), (one, other)).to_dict()["difference"] is None
    row = balance("size", "pixels", [one, other, one], [one, other, one], matched=False)
    assert row.to_dict() == {
        "variable": "size",
        "unit": "pixels",
        "matched": False,
        "means": [2.0, 4.0, 2.0],
        "deviations": [1.0, 2.0, 1.0],
        "difference": 1.2649,
        "before": 1.2649,
        "equivalent_within": 3.2022,
        "expected": None,
    }


def test_variables() -> None:
    features: list[Features] = [measure(noise(32, seed)) for seed in range(3)]
    pool = pool_of(meta_of([f"/p/{number}.jpg" for number in range(3)], width=90, height=40))
    values = variable_values(pool, features, ["luminance", "size", "lab_a", "valence"])
    assert values[:, 0].tolist() == [found["lightness"] for found in features]
    assert values[:, 1].tolist() == [60.0] * 3
    assert values[:, 2].tolist() == [found["lab_a"] for found in features]
    assert values[:, 3].tolist() == pool.readings.valence.tolist()
    assert variable_unit("complexity") == "bits per pixel"
    with pytest.raises(QueryError, match="no variable 'colour_1' to match; there are luminance, contrast, colourful"):
        variable_values(pool, features, ["colour_1"])


def with_columns(name: str, texts: Sequence[str]) -> CandidatePool:
    entries = meta_of([f"/p/{number}.jpg" for number in range(len(texts))])
    records = [Record(columns={name: text}) if text else None for text in texts]
    return pool_of([replace(entry, record=record) for entry, record in zip(entries, records, strict=True)])


def test_columns_of_a_catalogue_are_variables_and_conditions() -> None:
    pool = with_columns("valence_mean", ["4.5", "", "n. a.", "1.25", "6"])
    assert numeric_columns(pool.metadata) == {"valence_mean"}
    assert variable_unit("valence_mean", {"valence_mean"}) == "as catalogued"
    values = variable_values(pool, [{}] * 5, ["valence_mean"])[:, 0]
    assert values[[0, 3, 4]].tolist() == [4.5, 1.25, 6]
    assert np.isnan(values[[1, 2]]).all()
    chosen = pool.meeting(parse_stimulus_condition("liked: valence_mean 4..5"))
    assert [entry.id for entry in chosen.metadata] == [1]
    assert len(pool.meeting(parse_stimulus_condition("any: valence 0.1.."))) == 5, "a reading is no column"


def test_norms_are_matched_and_shown() -> None:
    low, high = with_columns("norm", ["1", "2", "3", ""]), with_columns("norm", ["3", "2.5", "9", "8"])
    none: dict[str, list[Features | None]] = {"low": [{}] * 4, "high": [{}] * 4}
    stimuli = matched_stimuli({"low": low, "high": high}, none, 2, variables=["norm"])
    assert sorted(image.variables["norm"] for image in stimuli.images) == [2.0, 2.5, 3.0, 3.0]
    shown = matched_stimuli({"low": low, "high": high}, none, 2, variables=["size"], shown=["norm"])
    row = next(row for row in shown.balance if row.variable == "norm")
    assert not row.matched
    with pytest.raises(SelectionError, match="condition low: 4 were asked for, and 3 can be taken"):
        matched_stimuli({"low": low, "high": high}, none, 4, variables=["norm"])


def test_a_constant_is_balanced_whatever_its_rounding() -> None:
    one, other = np.full(7, 0.1), np.array([0.1, 0.1, 0.3 - 0.2])
    assert other.std() > 0, "rounding alone"
    assert standardised_difference(one, other) == 0
    assert equivalence_bound(one, other) == 0
    assert standardised_difference(one, other + 1) == float("inf")


def test_equivalence_against_two_one_sided_tests() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(0, 1, 30), random.normal(0.2, 2, 22)
    bound = equivalence_bound(one, other)
    shifted = bound * ((one.var(ddof=1) + other.var(ddof=1)) / 2) ** 0.5
    tests = [
        scipy.stats.ttest_ind(one + shifted, other, equal_var=False, alternative="greater").pvalue,
        scipy.stats.ttest_ind(one - shifted, other, equal_var=False, alternative="less").pvalue,
    ]
    assert max(tests) == pytest.approx(0.05), "at the bound the larger of both is just significant"
    assert bound > standardised_difference(one, other)
    assert equivalence_bound(one[:1], other) == float("inf")


def test_what_raters_will_say_is_less_than_the_model_says() -> None:
    """Simulated raters who agree with the model by r: their difference is the expected one."""
    random = np.random.default_rng(0)
    r = 0.6
    model = random.normal(size=400_000)
    raters = r * model + (1 - r**2) ** 0.5 * random.normal(size=len(model))
    low, high = model < -1.2, model > 1.2
    found = expected_difference(model[low], model[high], model, r)
    assert found == pytest.approx(standardised_difference(raters[low], raters[high]), rel=0.02)
    assert found < standardised_difference(model[low], model[high]) / 2
    assert expected_difference(model[low], model[high], model, 0.0) == 0


def test_factors_are_crossed() -> None:
    factors = [parse_factor("valence: bad ..0.4, good 0.6.."), parse_factor("norm: low ..2, middle 2..3, high 3..")]
    conditions = cross_factors(factors)
    assert [one.name for one in conditions[:2]] == ["bad valence, low norm", "bad valence, middle norm"]
    assert len(conditions) == 6
    assert conditions[5].filters.valence == Range(low=0.6)
    assert conditions[5].columns == {"norm": Range(low=3)}
    for wrong in ("valence", "valence: ..0.4", "valence: low ..0.4", "valence: low 0.4, high 0.6.."):
        with pytest.raises(QueryError, match="write such as"):
            parse_factor(wrong)
