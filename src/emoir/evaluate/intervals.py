"""95 % intervals without draws: what each image contributes to a metric, and what follows from it.

Every metric is summarised by its *influence*: (n - 1) times what leaving out one image changes (the delete-one
jackknife). For a mean over images this is the image's value less the mean; in leave-one-out retrieval it also holds
what the image does in the rankings of the others, because there every image is both query and answer
(``emoir.evaluate.leave_out``). Intervals, differences between systems, groups and training runs follow from the
influences by sums, so that no outcome depends on the seed of a bootstrap.

References:
    Efron, B. & Stein, C. (1981). The jackknife estimate of variance. Annals of Statistics 9(3), 586-596.
    DOI 10.1214/aos/1176345462
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap, chapters 11 and 13.
    Cameron, A. C. & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human
    Resources 50(2), 317-372. DOI 10.3368/jhr.50.2.317 (groups).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError

LEVEL = 0.95
# A difference whose interval excludes 0, but by less than this many standard errors, is called borderline.
BORDERLINE = 2.2

Statistic = Callable[[NDArray[np.intp]], float]
"""A metric as a function of the rows it is taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A metric with its 95 % interval.

    Args:
        value: of the metric.
        low: lower end of the interval.
        high: upper end.
        error: standard error.
        p: for a difference: two-sided, against a difference of 0.

    Example:
        >>> str(Estimate(value=0.5, low=0.45, high=0.554, error=0.026))
        '.500 [.450, .554]'
    """

    value: float
    low: float
    high: float
    error: float
    p: float = float("nan")

    def __str__(self) -> str:
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"

    @property
    def excludes_zero(self) -> bool:
        """For a difference: whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def is_borderline(self) -> bool:
        """For a difference: whether the interval leaves out 0 by so little that a rerun may not."""
        return self.excludes_zero and abs(self.value) < BORDERLINE * self.error

    def outcome(self) -> str:
        """A difference in words: ``higher``, ``lower``, either with ``borderline``, or ``not shown``."""
        if not self.excludes_zero:
            return "not shown"
        return ("higher" if self.value > 0 else "lower") + (", borderline" if self.is_borderline else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """A metric over n images and what each of them contributes to it.

    Args:
        value: of the metric.
        images: (n,) influence of each image; the metric's error is that of their mean.
        groups: (n,) images that are not independent of each other have the same group; None if all are.
        run_variance: variance of the value between training runs, beyond that between images.
        run_freedom: degrees of freedom of ``run_variance``.
    """

    value: float
    images: NDArray[np.float64]
    groups: NDArray[np.generic] | None = None
    run_variance: float = 0.0
    run_freedom: float = 0.0

    def minus(self, other: Influence) -> Influence:
        """The paired difference to another system's metric on the same images.

        Raises:
            ShapeError: if it is over another number of images.
        """
        if len(self.images) != len(other.images):
            raise ShapeError(f"metrics over {len(self.images)} and {len(other.images)} images cannot be paired")
        return Influence(
            value=self.value - other.value,
            images=self.images - other.images,
            groups=self.groups,
            run_variance=self.run_variance + other.run_variance,
            run_freedom=joint_freedom((self.run_variance, self.run_freedom), (other.run_variance, other.run_freedom)),
        )

    def estimate(self, *, low: float = -np.inf, high: float = np.inf, correlation: bool = False) -> Estimate:
        """The 95 % interval: Student's t over images, or over groups, with the variance between runs added.

        Args:
            low: the least value that the metric can take; the interval ends there.
            high: the largest.
            correlation: the interval is symmetric on Fisher's z scale, for correlations from -1 to 1.

        Raises:
            ShapeError: if there is no image.
        """
        from scipy.stats import t as student

        sums = self.images - self.images.mean() if len(self.images) else self.images
        if self.groups is not None:
            _, place = np.unique(self.groups, return_inverse=True)
            sums = np.bincount(place, weights=sums)
        if not len(sums):
            raise ShapeError("a metric over no image at all")
        units = len(sums)
        of_images = float((sums**2).sum()) / len(self.images) ** 2 * units / max(units - 1, 1)
        error = float(np.sqrt(of_images + self.run_variance))
        freedom = joint_freedom((of_images, max(units - 1, 1)), (self.run_variance, self.run_freedom))
        reach = float(student.ppf((1 + LEVEL) / 2, freedom)) * error
        p = float(2 * student.sf(abs(self.value) / error, freedom)) if error else float(self.value == 0)
        if correlation and abs(self.value) < 1:
            z, slope = np.arctanh(self.value), 1 - self.value**2
            ends = np.tanh([z - reach / slope, z + reach / slope])
        else:
            ends = np.clip([self.value - reach, self.value + reach], low, high)
        return Estimate(value=self.value, low=float(ends[0]), high=float(ends[1]), error=error, p=p)


def joint_freedom(*parts: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of variances, each given with its own.

    References:
        Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics
        Bulletin 2(6), 110-114. DOI 10.2307/3002019
    """
    total = sum(variance for variance, _ in parts)
    spread = sum(variance**2 / freedom for variance, freedom in parts if freedom)
    return total**2 / spread if spread else max(freedom for _, freedom in parts)


def of_mean(values: NDArray[np.floating], *, groups: NDArray[np.generic] | None = None) -> Influence:
    """The mean of one number per image; NaN is left out.

    This is also the metric of queries against a gallery that is fixed: only the queries are a sample then.

    Args:
        values: (n,).
        groups: (n,) of images that are not independent.

    Returns:
        The mean and the influences, 0 where the value is NaN.

    Raises:
        ShapeError: if there is no number.

    Example:
        >>> print(of_mean(np.array([0.0, 1.0] * 50)).estimate())
        .500 [.400, .600]
    """
    known = ~np.isnan(values)
    if not known.any():
        raise ShapeError("a metric over no image at all")
    mean = float(values[known].mean())
    influence = np.where(known, values - mean, 0.0) * (len(values) / known.sum())
    return Influence(value=mean, images=influence.astype(np.float64), groups=groups)


def mean_interval(values: NDArray[np.floating], *, groups: NDArray[np.generic] | None = None) -> Estimate:
    """The mean of one number per image with its interval; for differences of two systems, hand in the differences.

    Args:
        values: (n,); NaN is left out.
        groups: (n,) of images that are not independent.
    """
    return of_mean(values, groups=groups).estimate()


def jackknife(statistic: Statistic, n: int, *, groups: NDArray[np.generic] | None = None) -> Influence:
    """The influences on any smooth statistic, by leaving out each image in turn.

    Args:
        statistic: is called n + 1 times with row numbers. Not for medians and other quantiles, on which the jackknife
            fails.
        n: number of images.
        groups: (n,) of images that are not independent.

    Returns:
        The statistic over all rows and the influences.

    Raises:
        ShapeError: if there are fewer than two images.

    Example:
        >>> values = np.arange(9.0)
        >>> print(jackknife(lambda rows: float(values[rows].mean()), 9).estimate())
        4.000 [1.895, 6.105]
    """
    if n < 2:
        raise ShapeError(f"an interval needs two images at least, not {n}")
    rows = np.arange(n)
    whole = float(statistic(rows))
    without = np.array([statistic(np.delete(rows, row)) for row in range(n)])
    return Influence(value=whole, images=(n - 1) * (whole - without), groups=groups)


def average_runs(runs: Sequence[Influence], parts: NDArray[np.integer] | None = None) -> Influence:
    """The mean of a metric over training runs, with the runs as a sample of their own beside the images.

    The variance is that of a two-way random-effects layout (images x runs), estimated by moments: what differs between
    images, plus what differs between runs, less the interaction that would count twice.

    Args:
        runs: the metric of each run on the same images.
        parts: (n,) the part of the images that one network read, such as the fold; networks of different parts are
            runs of their own. None: a run is one network.

    Returns:
        The mean; of one run alone nothing is known of the variance between runs, and none is added.

    References:
        Searle, S. R., Casella, G. & McCulloch, C. E. (1992). Variance Components, chapter 4.
        DOI 10.1002/9780470316856
    """
    values = np.array([run.value for run in runs])
    images = np.stack([run.images for run in runs])
    count, n = images.shape
    mean = Influence(value=float(values.mean()), images=images.mean(axis=0), groups=runs[0].groups)
    if count < 2:
        return mean
    pseudo = images + values[:, None]
    variance, members = 0.0, np.zeros(n, dtype=np.int64) if parts is None else parts
    present = np.unique(members)
    for part in present:
        own = pseudo[:, members == part]
        by_run = own.mean(axis=1)
        between = float(by_run.var(ddof=1))
        rest = own - by_run[:, None] - own.mean(axis=0) + own.mean()
        interaction = float((rest**2).sum()) / ((count - 1) * max(own.shape[1] - 1, 1))
        variance += (own.shape[1] / n) ** 2 * (between - interaction / own.shape[1]) / count
    return Influence(
        value=mean.value,
        images=mean.images,
        groups=mean.groups,
        run_variance=max(variance, 0.0),
        run_freedom=float(len(present) * (count - 1)),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for having been tested together; the chance of any false one stays below the level.

    Args:
        p_values: of the comparisons that were chosen before the run.

    Returns:
        In the same order, at most 1.

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics
        6(2), 65-70. https://www.jstor.org/stable/4615733

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(order), 0, -1) * np.asarray(p_values, dtype=np.float64)[order]
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(p) for p in adjusted]


def _short(value: float) -> str:
    """Three decimals without the leading zero, as tables of this field have it."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
