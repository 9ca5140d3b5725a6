"""Figures with floors and intervals from out-of-fold readings; every table of a development set is made here."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.evaluate import Estimate, bootstrap, bootstrap_mean
from emoir.evaluate.calibration import (
    brier,
    expected_calibration_error,
    negative_log_likelihood,
    perfect_calibration_band,
)
from emoir.evaluate.classification import majority_floor, polarity_right, right_at, wheel_confusion
from emoir.evaluate.distributions import DISTRIBUTION_MEASURES
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.regression import concordance, pearson, root_mean_squared_error
from emoir.evaluate.retrieval import (
    average_precision,
    leave_one_out,
    mikels_gains,
    nearest_neighbour,
    normalised_gain,
    precision_at,
    same_class,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table: what was measured, on how many images, with floor and interval."""

    measure: str
    images: int
    floor: str
    estimate: Estimate | str


def figures(table: Table, readings: OutOfFold) -> list[Figure]:
    """Everything that the labels of a set allow to be said of readings."""
    lines: list[Figure] = []
    for space, probabilities in readings.probabilities.items():
        if space in table.classes:
            lines += classification(space, probabilities, table.classes[space])
            lines += retrieval(space, probabilities, table.classes[space], readings)
        elif space in table.distributions:
            lines += distribution(space, probabilities, table.distributions[space])
    if readings.points is not None and table.valence is not None and table.arousal is not None:
        groups = table.group
        for column, (name, target) in enumerate((("valence", table.valence), ("arousal", table.arousal))):
            lines += regression(name, readings.points[:, column], target, groups)
    return lines


def classification(space: str, probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> list[Figure]:
    """Top-1, calibration and, over Mikels' classes, the wheel."""
    known = labels != ABSENT_CLASS
    p, y = probabilities[known], labels[known]
    n, classes = len(y), p.shape[1]
    right = right_at(p, y)
    uniform = np.full_like(p, 1 / classes)
    low, high = perfect_calibration_band(p.max(axis=1))
    error = expected_calibration_error(p.max(axis=1), right)
    lines = [
        Figure(f"{space}: top-1 (micro)", n, f"{majority_floor(y):.3f} majority", bootstrap_mean(right.astype(float))),
        Figure(f"{space}: NLL", n, f"{np.log(classes):.3f} uniform", bootstrap_mean(negative_log_likelihood(p, y))),
        Figure(f"{space}: Brier", n, f"{brier(uniform, y).mean():.3f} uniform", bootstrap_mean(brier(p, y))),
        Figure(f"{space}: ECE", n, f"band of a calibrated model {low:.3f} to {high:.3f}", f"{error:.3f}"),
    ]
    if space == "mikels":
        polarity = polarity_right(p, y).astype(float)
        lines.append(Figure("mikels: polarity accuracy", n, ".500 chance", bootstrap_mean(polarity)))
        steps = wheel_confusion(p.argmax(axis=1), y)
        lines.append(Figure("mikels: 1 - wheel steps / 4", n, ".500 chance", bootstrap_mean(steps)))
    return lines


def retrieval(
    space: str, probabilities: NDArray[np.floating], labels: NDArray[np.int64], readings: OutOfFold
) -> list[Figure]:
    """Protocol (a) on pooled out-of-fold probabilities, protocol (b) on embeddings inside the folds."""
    known = labels != ABSENT_CLASS
    y = labels[known]
    chance = f"{np.mean([(y == label).sum() - 1 for label in y]) / (len(y) - 1):.3f} chance"
    pooled = leave_one_out(np.sqrt(probabilities[known]), same_class(y))
    lines = [
        Figure(f"{space}: {name} (a)", len(y), chance, bootstrap_mean(values))
        for name, values in (
            ("NN", nearest_neighbour(pooled)),
            ("P@10", precision_at(pooled, 10)),
            ("mAP", average_precision(pooled)),
        )
    ]
    if space == "mikels":
        graded = normalised_gain(leave_one_out(np.sqrt(probabilities[known]), mikels_gains(y)), 10)
        blind = (mikels_gains(y).sum() - len(y)) / (len(y) * (len(y) - 1))
        lines.append(
            Figure("mikels: nDCG@10, gain by wheel steps (a)", len(y), f"{blind:.3f} chance", bootstrap_mean(graded))
        )
    if readings.embeddings is not None:
        precision, average = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
        for fold in range(int(readings.folds.max()) + 1):
            rows = np.flatnonzero((readings.folds == fold) & known)
            inside = leave_one_out(readings.embeddings[rows], same_class(labels[rows]))
            precision[rows], average[rows] = precision_at(inside, 10), average_precision(inside)
        lines.append(Figure(f"{space}: P@10 (b)", len(y), chance, bootstrap_mean(precision[known])))
        lines.append(Figure(f"{space}: mAP (b)", len(y), chance, bootstrap_mean(average[known])))
    return lines


def distribution(space: str, probabilities: NDArray[np.floating], target: NDArray[np.floating]) -> list[Figure]:
    """KL and its five companions, and top-1 against the raters' favourites (ties: any of them)."""
    known = ~np.isnan(target).any(axis=1)
    p, t = probabilities[known], target[known]
    mean = np.repeat(t.mean(axis=0, keepdims=True), len(t), axis=0)
    lines = [
        Figure(
            f"{space}: {name}",
            len(t),
            f"{measure(t, mean).mean():.3f} mean distribution",
            bootstrap_mean(measure(t, p)),
        )
        for name, measure in DISTRIBUTION_MEASURES.items()
    ]
    favourite = t[np.arange(len(t)), p.argmax(axis=1)] >= t.max(axis=1) - 1e-9
    constant = (t[:, t.mean(axis=0).argmax()] >= t.max(axis=1) - 1e-9).mean()
    lines.append(
        Figure(
            f"{space}: top-1 of the raters", len(t), f"{constant:.3f} majority", bootstrap_mean(favourite.astype(float))
        )
    )
    return lines


def regression(
    name: str, predicted: NDArray[np.floating], target: NDArray[np.floating], groups: NDArray[np.str_] | None
) -> list[Figure]:
    """r, CCC and RMSE; intervals over groups where there are groups."""
    lines = []
    for measure, statistic, floor in (
        ("r", pearson, "0"),
        ("CCC", concordance, "0"),
        ("RMSE", root_mean_squared_error, f"{target.std():.3f} mean"),
    ):
        estimate = bootstrap(lambda rows, s=statistic: s(predicted[rows], target[rows]), len(target), groups=groups)  # type: ignore[misc]
        lines.append(Figure(f"{name}: {measure}", len(target), floor, estimate))
    return lines


def headline(table: Table, readings: OutOfFold) -> dict[str, Figure]:
    """The few figures that the tables of models side by side show."""
    wanted = {"top-1 (micro)", "mAP (a)", "P@10 (a)", "r", "KL"}
    return {line.measure: line for line in figures(table, readings) if line.measure.split(": ")[1] in wanted}


def provenance(*facts: str) -> str:
    """The line under a table: data, split, seed, machine, date."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{'; '.join(facts)}; {machine}; {datetime.date.today().isoformat()}."
