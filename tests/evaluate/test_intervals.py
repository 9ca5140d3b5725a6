from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoir.errors import ShapeError
from emoir.evaluate import Estimate, Influence, average_runs, holm, jackknife, mean_interval, of_mean
from emoir.evaluate.regression import correlation

RANDOM = np.random.default_rng(3)


def test_interval_of_a_mean_is_the_textbook_s() -> None:
    values = RANDOM.normal(size=50)
    estimate = mean_interval(values)
    low, high = stats.t.interval(0.95, 49, values.mean(), stats.sem(values))
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((values.mean(), low, high))
    assert estimate.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_a_paired_difference_is_the_paired_t_test() -> None:
    first, second = RANDOM.normal(size=(2, 40)) + RANDOM.normal(size=40)
    gap = of_mean(first).minus(of_mean(second)).estimate()
    expected = stats.ttest_rel(first, second)
    assert gap.value == pytest.approx((first - second).mean())
    assert gap.p == pytest.approx(expected.pvalue)
    assert (gap.low, gap.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_groups_of_equal_numbers_count_once() -> None:
    own = RANDOM.normal(size=10)
    groups = np.repeat(np.arange(10), 50)
    grouped, few = mean_interval(own[groups], groups=groups), mean_interval(own)
    assert (grouped.low, grouped.high) == pytest.approx((few.low, few.high))
    assert grouped.error > 6 * mean_interval(own[groups]).error


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = RANDOM.normal(size=30)
    by_leaving_out = jackknife(lambda rows: float(values[rows].mean()), 30)
    np.testing.assert_allclose(by_leaving_out.images, of_mean(values).images)
    assert by_leaving_out.estimate().error == pytest.approx(stats.sem(values))


def test_correlations_keep_to_their_range() -> None:
    x = RANDOM.normal(size=40)
    estimate = correlation(x, x + 0.05 * RANDOM.normal(size=40))
    assert 0.99 < estimate.low < estimate.value < estimate.high < 1
    assert estimate.value - estimate.low > estimate.high - estimate.value
    assert correlation(x, x).high == pytest.approx(1)
    # The textbook's error on Fisher's scale is 1 / sqrt(n - 3) for normal numbers.
    many = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 1500)
    found = correlation(*many.T)
    reach = np.arctanh(found.high) - np.arctanh(found.value)
    assert reach == pytest.approx(1.96 / np.sqrt(1497), rel=0.08)


def test_bounds() -> None:
    almost = np.array([1.0] * 19 + [0.0])
    assert of_mean(almost).estimate(low=0, high=1).high == 1
    assert mean_interval(almost).high > 1


def test_runs_are_a_sample_of_their_own() -> None:
    # Worked by hand: two runs that differ by 2 everywhere; the mean of the runs has variance 2 / 2 between runs.
    values = RANDOM.normal(size=20)
    runs = [of_mean(values), of_mean(values + 2)]
    both = average_runs(runs)
    assert both.value == pytest.approx(values.mean() + 1)
    assert both.run_variance == pytest.approx(1)
    assert both.run_freedom == 1
    assert both.estimate().error == pytest.approx(np.sqrt(1 + stats.sem(values) ** 2))
    assert average_runs(runs[:1]).run_variance == 0, "nothing is known of it"
    # A network per half: what moves one half of the images moves the mean by half as much.
    halves = np.repeat([0, 1], 10)
    moved = average_runs([of_mean(values), of_mean(values + 2 * (halves == 0))], halves)
    assert moved.run_variance == pytest.approx(1 / 4)
    assert moved.run_freedom == 2
    gap = both.minus(moved)
    assert gap.run_variance == pytest.approx(1.25)
    assert 1 < gap.run_freedom < 3


def test_intervals_over_images_and_runs_cover() -> None:
    inside = 0
    for draw in range(600):
        random = np.random.default_rng(draw)
        image, run = random.normal(size=80) * 1.0, random.normal(size=(3, 1)) * 0.15
        answers = image + run + random.normal(size=(3, 80)) * 0.8
        estimate = average_runs([of_mean(one) for one in answers]).estimate()
        inside += estimate.low <= 0 <= estimate.high
    assert 0.92 <= inside / 600 <= 0.98


def test_outcomes() -> None:
    def gap(z: float) -> Estimate:
        return Estimate(value=z, low=z - 1.96, high=z + 1.96, error=1.0)

    outcomes = [gap(z).outcome() for z in (-3, -2.1, -1, 1.9, 2, 2.3)]
    expected = ["lower", "lower, borderline", "not shown", "not shown", "higher, borderline", "higher"]
    assert outcomes == expected
    assert not gap(1.9).excludes_zero
    assert gap(2).is_borderline


def test_holm() -> None:
    assert holm([]) == []
    assert holm([0.5, 0.9]) == [1, 1]
    # Holm (1979): 0.01 x 4; 0.02 x 3; 0.03 x 2; 0.04 no less than the one before.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_missing_numbers_are_left_out() -> None:
    some = mean_interval(np.array([1.0, np.nan, 3.0] * 20))
    assert some.value == 2
    assert some.error == pytest.approx(mean_interval(np.array([1.0, 3.0] * 20)).error, rel=0.02)


def test_printed() -> None:
    assert str(Estimate(value=-0.05, low=-0.1, high=0.004, error=0.03)) == "-.050 [-.100, .004]"
    assert str(Estimate(value=1.25, low=1.0, high=2.0, error=0.3)) == "1.250 [1.000, 2.000]"


def test_nothing_to_estimate() -> None:
    with pytest.raises(ShapeError, match="no image"):
        mean_interval(np.zeros(0))
    with pytest.raises(ShapeError, match="no image"):
        mean_interval(np.full(3, np.nan))
    with pytest.raises(ShapeError, match="two images at least"):
        jackknife(lambda rows: 0.0, 1)
    with pytest.raises(ShapeError, match="3 and 2 images"):
        Influence(value=0, images=np.zeros(3)).minus(Influence(value=0, images=np.zeros(2)))
