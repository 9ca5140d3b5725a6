"""Overfitting: test accuracy against accuracy on clean training images, over the epochs.

An underfitted network has a small gap and proves nothing; two networks are compared fairly where they know as much of
their training images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.files import whole

Values = NDArray[np.float64]
Curve = Mapping[str, Values]
"""What was measured while a network learnt, one array over the measured epochs each: ``epoch``, ``test top-1 (SPACE)``,
``train top-1 (SPACE)``, ``test NLL (SPACE)``, ``train NLL (SPACE)``."""
STEPS = 50
NARROWEST = 0.05


@dataclass(frozen=True, slots=True)
class Height:
    """How far one curve lies above another, where both have points.

    Args:
        low, high: the training accuracies that both reach.
        mean, least: the difference of test accuracies there.
    """

    low: float
    high: float
    mean: float
    least: float


def height(first: Curve, second: Curve, space: str) -> Height | None:
    """How far the test accuracy of the first lies above the second's at the same accuracy on training images.

    Both curves are read off at fifty training accuracies from the lowest to the highest that both have, in straight
    lines between the measured epochs, which are put in order of their training accuracy. So nothing is said of what
    happens at one training accuracy, once a network knows all images; and None where the curves share less than .05.

    >>> import numpy as np
    >>> slow = {"train top-1 (mood)": np.array([0.2, 0.4]), "test top-1 (mood)": np.array([0.2, 0.3])}
    >>> fast = {"train top-1 (mood)": np.array([0.3, 0.9]), "test top-1 (mood)": np.array([0.35, 0.35])}
    >>> found = height(fast, slow, "mood")
    >>> round(found.low, 2), round(found.high, 2), round(found.mean, 3), round(found.least, 2)
    (0.3, 0.4, 0.075, 0.05)
    """
    (x, y), (u, v) = (_in_order(curve, space) for curve in (first, second))
    low, high = max(x[0], u[0]), min(x[-1], u[-1])
    if high - low < NARROWEST:
        return None
    at = np.linspace(low, high, STEPS)
    gap = np.interp(at, x, y) - np.interp(at, u, v)
    return Height(float(low), float(high), float(gap.mean()), float(gap.min()))


def _in_order(curve: Curve, space: str) -> tuple[Values, Values]:
    train, test = curve[f"train top-1 ({space})"], curve[f"test top-1 ({space})"]
    order = np.argsort(train, kind="stable")
    return train[order], test[order]


def plot(curves: Mapping[str, Curve], space: str, title: str, file: Path) -> None:
    """Draw the curves, test against training top-1, and beside them the NLL gap over the epochs.

    Args:
        curves: name of a row to what was measured while it learnt.
        space: the class space that is plotted.
        title: of the plot, the data set's name.
        file: a PNG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(12, 5))
    for name, curve in curves.items():
        axes[0].plot(curve[f"train top-1 ({space})"], curve[f"test top-1 ({space})"], marker=".", label=name)
        axes[1].plot(curve["epoch"], curve[f"test NLL ({space})"] - curve[f"train NLL ({space})"], marker=".")
    axes[0].set(xlabel="top-1 on clean training images", ylabel="top-1 on test images", title=title)
    axes[0].legend(fontsize=8)
    axes[1].set(xlabel="epoch", ylabel="NLL on test minus on clean training images")
    figure.tight_layout()
    with whole(file) as partial:
        figure.savefig(partial, dpi=110, format="png")
    pyplot.close(figure)
