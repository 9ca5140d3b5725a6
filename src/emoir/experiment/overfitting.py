"""Overfitting: test accuracy against accuracy on clean training images, over the epochs.

An underfitted network has a small gap and proves nothing; two networks are compared fairly where they know as much of
their training images.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.files import atomic_write

Values = NDArray[np.float64]
Curve = Mapping[str, Values]
"""What was measured while a network learnt, one array over the measured epochs each: ``epoch``, and of every measure
``test MEASURE`` and ``train MEASURE``: top-1 and NLL of each class space, R² and the squared error of ratings."""
STEPS = 50
NARROWEST = 0.05


@dataclass(frozen=True, slots=True)
class CurveGap:
    """How far one curve lies above another, where both have points.

    Args:
        low, high: the training accuracies that both reach.
        mean, least: the difference of test accuracies there.
    """

    low: float
    high: float
    mean: float
    least: float


def curve_gap(first: Curve, second: Curve, accuracy: str, *, narrowest: float = NARROWEST) -> CurveGap | None:
    """How far the test accuracy of the first lies above the second's at the same accuracy on training images.

    Both curves are read off at fifty training accuracies from the lowest to the highest that both have, in straight
    lines between the measured epochs, which are put in order of their training accuracy. So nothing is said of what
    happens at one training accuracy, once a network knows all images. The result is None where the curves share too
    little.

    Args:
        first: what was measured of one network.
        second: of the other.
        accuracy: the measure to judge by, up to 1, the higher the better.
        narrowest: the least stretch of training accuracies that is compared.

    >>> import numpy as np
    >>> slow = {"train top-1 (mood)": np.array([0.2, 0.4]), "test top-1 (mood)": np.array([0.2, 0.3])}
    >>> fast = {"train top-1 (mood)": np.array([0.3, 0.9]), "test top-1 (mood)": np.array([0.35, 0.35])}
    >>> found = curve_gap(fast, slow, "top-1 (mood)")
    >>> round(found.low, 2), round(found.high, 2), round(found.mean, 3), round(found.least, 2)
    (0.3, 0.4, 0.075, 0.05)
    """
    (x, y), (u, v) = (_in_order(curve, accuracy) for curve in (first, second))
    low, high = max(x[0], u[0]), min(x[-1], u[-1])
    if high - low < max(narrowest, 0.0):
        return None
    at = np.linspace(low, high, STEPS)
    gap = np.interp(at, x, y) - np.interp(at, u, v)
    return CurveGap(float(low), float(high), float(gap.mean()), float(gap.min()))


def _in_order(curve: Curve, accuracy: str) -> tuple[Values, Values]:
    train, test = curve[f"train {accuracy}"], curve[f"test {accuracy}"]
    order = np.argsort(train, kind="stable")
    return train[order], test[order]


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """Where a measure was at its best while a network learnt.

    Args:
        best: the best value.
        epoch: after how many epochs that was, the first time.
        end: the value after the last one.
    """

    best: float
    epoch: int
    end: float


def best_epoch(curve: Curve, measure: str, *, lower_is_better: bool) -> BestEpoch:
    """Where a measure turned: far before the end, the network was trained too long.

    It is read off with hindsight, so the best value flatters: a description, not a way to choose a length.

    Args:
        curve: what was measured of a network.
        measure: a name in it, with its ``test`` or ``train``.
        lower_is_better: whether it is a loss.

    >>> import numpy as np
    >>> best_epoch({"epoch": np.array([3, 6, 9]), "test NLL (mood)": np.array([0.7, 0.5, 0.6])},
    ...      "test NLL (mood)", lower_is_better=True)
    BestEpoch(best=0.5, epoch=6, end=0.6)
    """
    values = curve[measure]
    at = int(np.argmin(values) if lower_is_better else np.argmax(values))
    return BestEpoch(float(values[at]), int(curve["epoch"][at]), float(values[-1]))


def write_curves(curves: Mapping[str, Curve], file: Path) -> None:
    """Write the curves as CSV: a line per row and measured epoch.

    Args:
        curves: name of a row to what was measured while it learnt, the same measures of each.
        file: a CSV.
    """
    with atomic_write(file) as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        measures = list(next(iter(curves.values())))
        writer.writerow(["row", *measures])
        for name, curve in curves.items():
            for values in zip(*(curve[measure] for measure in measures), strict=True):
                writer.writerow([name, *(f"{value:.4g}" for value in values)])


def plot_curves(curves: Mapping[str, Curve], accuracy: str, loss: str, title: str, file: Path) -> None:
    """Draw the curves, test against training accuracy, and beside them the gap in the loss over the epochs.

    Args:
        curves: name of a row to what was measured while it learnt.
        accuracy: the measure on the left.
        loss: the measure on the right.
        title: of the plot, the data set's name.
        file: a PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5.5), layout="constrained")
    axes = figure.subplots(1, 2)
    for name, curve in curves.items():
        axes[0].plot(curve[f"train {accuracy}"], curve[f"test {accuracy}"], marker=".", label=name)
        axes[1].plot(curve["epoch"], curve[f"test {loss}"] - curve[f"train {loss}"], marker=".")
    axes[0].set(xlabel=f"{accuracy} on clean training images", ylabel=f"{accuracy} on test images", title=title)
    axes[1].set(xlabel="epoch", ylabel=f"{loss} on test minus on clean training images")
    figure.legend(loc="outside lower center", ncols=4)
    with atomic_write(file) as partial:
        figure.savefig(partial, dpi=110, format="png")
