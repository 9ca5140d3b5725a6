"""Comparison: the finished pieces of an experiment as tables and plots."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.evaluate.calibration import negative_log_likelihood
from emoir.evaluate.classification import majority_floor
from emoir.evaluate.intervals import Estimate, bootstrap, bootstrap_mean
from emoir.evaluate.regression import pearson
from emoir.evaluate.retrieval import average_precision, leave_one_out, precision_at, same_class
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training import overfitting
from emoir.training.experiment import HISTORY, Contender, Piece, history

Values = NDArray[np.float64]
HEADLINES = (
    ("(1) improved minus original, both from scratch", "ours, colour + texture", "original"),
    ("(1) with the original trained by our recipe", "ours, colour + texture", "original + our recipe"),
    ("RGB minus original, both by our recipe", "ours, RGB", "original + our recipe"),
    ("(2) colour + texture minus RGB, same network", "ours, colour + texture", "ours, RGB"),
    ("colour minus RGB", "ours, colour", "ours, RGB"),
    ("texture minus RGB", "ours, texture", "ours, RGB"),
    ("distilled minus from scratch", "ours, colour + texture, distilled", "ours, colour + texture"),
    ("distilled minus original", "ours, colour + texture, distilled", "original"),
    ("distilled minus original by our recipe", "ours, colour + texture, distilled", "original + our recipe"),
)
"""What differences are printed: a title, and the rows whose difference it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the comparison, finished.

    Args:
        contender: what ran.
        seeds: how many of its seeds are complete.
        per_image: measure to one number an image, the mean over seeds; differences are paired over these.
        points: (n, 2) predicted valence and arousal, the mean over seeds.
        correlations: ``valence r`` and ``arousal r``, where the data have ratings.
        curve: figures on test and training images over the measured epochs, the mean over folds and seeds.
    """

    contender: Contender
    seeds: int
    per_image: Mapping[str, Values]
    points: Values
    correlations: Mapping[str, Estimate]
    curve: overfitting.Curve


def line_of(contender: Contender, table: Table, folds: Folds, folder: Path, seeds: Sequence[int]) -> Line | None:
    """Put the folds of a row together, for every seed of which all folds are done; None if there is none."""
    complete = [
        seed
        for seed in seeds
        if all((folder / f"{Piece(contender, fold, seed).file}.npz").exists() for fold in range(folds.count))
    ]
    if not complete:
        return None
    space = next(iter(table.classes), None)
    per_image: dict[str, list[Values]] = {}
    predicted: list[Values] = []
    for seed in complete:
        said = joined(contender, table, folds, folder, seed)
        if space is not None:
            for measure, values in _measures(table.classes[space], space, said).items():
                per_image.setdefault(measure, []).append(values)
        predicted.append(said[VALENCE_AROUSAL])
    points = np.mean(predicted, axis=0)
    correlations = {
        name: bootstrap(lambda rows, p=p, t=t: pearson(p[rows], t[rows]), len(t), groups=table.group)  # type: ignore[misc]
        for (name, t), p in zip(_ratings(table).items(), points.T, strict=False)
    }
    learnt = [history(folder, Piece(contender, fold, seed)) for seed in complete for fold in range(folds.count)]
    curve = {name: np.mean([[epoch[name] for epoch in one] for one in learnt], axis=0) for name in learnt[0][0]}
    means = {measure: np.mean(values, axis=0) for measure, values in per_image.items()}
    return Line(contender, len(complete), means, points, correlations, curve)


def _ratings(table: Table) -> dict[str, Values]:
    """The human valence and arousal that correlations are taken with; empty where a set has none."""
    if table.valence is None or table.arousal is None:
        return {}
    return {"valence r": table.valence, "arousal r": table.arousal}


def joined(contender: Contender, table: Table, folds: Folds, folder: Path, seed: int) -> dict[str, Values]:
    """What the networks of a finished row said, each of the images it was not shown, in the order of the table.

    Returns:
        Class space to (n, K) logits, ``valence_arousal`` to (n, 2), and protocol (b)'s figures to (n,).
    """
    joined: dict[str, Values] = {}
    for fold in range(folds.count):
        with np.load(folder / f"{Piece(contender, fold, seed).file}.npz", allow_pickle=False) as stored:
            for name in stored.files:
                if name == "rows" or name.startswith(HISTORY):
                    continue
                if name not in joined:
                    joined[name] = np.full((len(table), *stored[name].shape[1:]), np.nan)
                joined[name][stored["rows"]] = stored[name]
    return joined


def _measures(labels: NDArray[np.int64], space: str, said: Mapping[str, Values]) -> dict[str, Values]:
    """One number an image; NaN where it has no label."""
    known = np.asarray(labels != ABSENT_CLASS, dtype=bool)
    y, p = labels[known], softmax(said[space][known], axis=1)
    pooled = leave_one_out(np.sqrt(p), same_class(y))
    found = {
        "top-1": p.argmax(axis=1) == y,
        "NLL": negative_log_likelihood(p, y),
        "P@10 (a)": precision_at(pooled, 10),
        "mAP (a)": average_precision(pooled),
    }
    found |= {name: said[f"{space} {name}"][known] for name in ("P@10 (b)", "mAP (b)")}
    result = {name: np.full(len(labels), np.nan) for name in found}
    for name, values in found.items():
        result[name][known] = values
    return result


def difference(first: Line, second: Line, measure: str) -> Estimate:
    """First minus second, paired over images."""
    gap = first.per_image[measure] - second.per_image[measure]
    return bootstrap_mean(gap[~np.isnan(gap)])


def correlation_difference(first: Line, second: Line, table: Table, measure: str) -> Estimate:
    """First minus second ``valence r`` or ``arousal r``, paired over images, or over groups where the set has them."""
    ratings = _ratings(table)
    truth, column = ratings[measure], list(ratings).index(measure)
    a, b = first.points[:, column], second.points[:, column]
    return bootstrap(
        lambda rows: pearson(a[rows], truth[rows]) - pearson(b[rows], truth[rows]), len(truth), groups=table.group
    )


def report(lines: Sequence[Line], table: Table, folder: Path, *, facts: str) -> str:
    """Write ``comparison.md``, ``.csv`` and ``.json`` and the plots; returns the Markdown.

    Args:
        lines: finished rows.
        table: the data set.
        folder: where to write.
        facts: the line that says what ran, on which data and machine.
    """
    texts = [f"### {table.name} ({len(table)} images)\n"]
    rows: list[dict[str, str]] = []
    space = next(iter(table.classes), None)
    for line in lines:
        row = {"row": line.contender.name, "seeds": str(line.seeds)}
        for measure, values in line.per_image.items():
            row[measure] = str(bootstrap_mean(values[~np.isnan(values)]))
        row |= {name: str(estimate) for name, estimate in line.correlations.items()}
        end = {name: values[-1] for name, values in line.curve.items()}
        row |= {name: f"{value:.3f}" for name, value in end.items() if name.startswith("train")}
        if space is not None:
            row["NLL gap"] = f"{end[f'test NLL ({space})'] - end[f'train NLL ({space})']:.3f}"
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    texts.append(_markdown(columns, [[row.get(name, "") for name in columns] for row in rows]))
    if space is not None:
        labels = table.classes[space]
        floor = majority_floor(labels[labels != ABSENT_CLASS])
        texts.append(
            f"\nFloor of top-1: {floor:.3f} (most frequent class); of P@10 and mAP: {_chance(labels):.3f} (chance)."
        )
    if headlines := _headlines(lines, table):
        texts.append("\n" + headlines)
    if space is not None:
        if heights := _heights(lines, space):
            texts.append("\n" + heights)
        curves = {line.contender.name: line.curve for line in lines}
        overfitting.plot(curves, space, table.name, folder / "comparison.png")
    texts.append("\n" + facts)
    text = "\n".join(texts) + "\n"
    (folder / "comparison.md").write_text(text, encoding="utf-8")
    (folder / "comparison.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    with open(folder / "comparison.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return text


def _headlines(lines: Sequence[Line], table: Table) -> str:
    """The paired differences as a table; empty while no pair is complete."""
    by_name = {line.contender.name: line for line in lines}
    measures = ["top-1", "P@10 (a)"] if table.classes else []
    rows = []
    for title, first, second in HEADLINES:
        if first in by_name and second in by_name:
            pair = by_name[first], by_name[second]
            found = [difference(*pair, measure) for measure in measures]
            found += [correlation_difference(*pair, table, measure) for measure in _ratings(table)]
            rows.append([title, *map(str, found), found[0].verdict()])
    if not rows:
        return ""
    columns = ["difference", *measures, *_ratings(table)]
    return _markdown([*columns, f"in {columns[1]}"], rows)


def _heights(lines: Sequence[Line], space: str) -> str:
    """How far the curves of the same pairs lie apart as a table; empty while no pair is complete."""
    by_name = {line.contender.name: line for line in lines}
    rows = []
    for title, first, second in HEADLINES:
        if first in by_name and second in by_name:
            found = overfitting.height(by_name[first].curve, by_name[second].curve, space)
            cells = ("none in common", "", "")
            if found is not None:
                cells = (f"{found.low:.3f} to {found.high:.3f}", f"{found.mean:.3f}", f"{found.least:.3f}")
            rows.append([title, *cells])
    if not rows:
        return ""
    return _markdown(["at equal top-1 on training images", "from … to", "test top-1: mean difference", "least"], rows)


def _chance(labels: NDArray[np.int64]) -> float:
    counts = np.bincount(labels[labels != ABSENT_CLASS])
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / total / (total - 1))


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
