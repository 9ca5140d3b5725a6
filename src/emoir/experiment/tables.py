"""Tables: the rows of a comparison side by side, their differences, and their curves."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.intervals import holm
from emoir.evaluate.results import MetricResult, difference
from emoir.experiment import overfitting
from emoir.experiment.comparison import R_SQUARED, RATINGS, VariantResult, judged_by, labelled_rows
from emoir.experiment.overfitting import Curve

COMPARED = ("top-1", "P@10 (a)", "NLL", *RATINGS.values())
"""Columns of which differences are printed."""


Pairs = Sequence[tuple[str, str, str]]
"""Differences to print: a title, and the names of the rows whose difference it is."""


def write_report(
    lines: Sequence[VariantResult],
    table: Table,
    folds: Folds,
    folder: Path,
    *,
    pairs: Pairs,
    notes: str,
    extra: Table | None = None,
) -> str:
    """Write ``comparison.md``, ``.csv``, ``.json``, a plot and its ``curves.csv``; returns the Markdown.

    Args:
        lines: finished rows.
        table: the data set.
        folds: its folds.
        folder: where to write.
        pairs: differences to print; those of which a row is missing are left out.
        notes: the line that says what ran, on which data and machine.
        extra: weakly labelled images that were also learnt from.
    """
    accuracy, loss = judged_by(table)
    rows = [_cells(line, accuracy, loss) for line in lines]
    baselines = {column: str(metric.baseline) for line in lines for column, metric in line.metrics.items()}
    columns = list(dict.fromkeys(name for row in [{"row": "", "seeds": "", **baselines}, *rows] for name in row))
    shown = [*rows, {"row": "by guessing", **baselines}]
    also = "" if extra is None else f", also with {extra.name} ({len(extra)})"
    texts = [f"### {table.name} ({len(table)} images){also}\n"]
    texts.append(markdown(columns, [[row.get(name, "") for name in columns] for row in shown]))
    by_name = {line.variant.name: line for line in lines}
    found = [(title, by_name[a], by_name[b]) for title, a, b in pairs if a in by_name and b in by_name]
    if found:
        texts.append("\n" + _differences(found, table, folds))
    if gaps := _curve_gaps([one for one in found if one[1].curves and one[2].curves], accuracy):
        texts.append("\n" + gaps)
    curves = {name: line.curve for name, line in by_name.items() if line.curves}
    texts.append("\n" + _best_epochs(curves, accuracy, loss))
    overfitting.write_curves(curves, folder / "curves.csv")
    overfitting.plot_curves(curves, accuracy, loss, f"{table.name}{also}", folder / "comparison.png")
    texts.append("\n" + notes)
    text = "\n".join(texts) + "\n"
    (folder / "comparison.md").write_text(text, encoding="utf-8")
    (folder / "comparison.json").write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    with open(folder / "comparison.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(shown)
    return text


def _cells(line: VariantResult, accuracy: str, loss: str) -> dict[str, str]:
    """One row of the first table."""
    row = {"row": line.variant.name, "seeds": str(len(line.by_seed))}
    row |= {column: str(metric) for column, metric in line.metrics.items()}
    if not line.curves:
        return row
    end = {name: values[-1] for name, values in line.curve.items()}
    names = [f"train {accuracy}", f"train {loss}"]
    # Of classes, what is right on test images stands there with its interval.
    names = [f"test {accuracy}", *names] if accuracy == R_SQUARED else names
    row |= {name: f"{end[name]:.3f}" for name in names}
    row[f"{loss.partition(' (')[0]} gap"] = f"{end[f'test {loss}'] - end[f'train {loss}']:.3f}"
    return row


def _differences(pairs: Sequence[tuple[str, VariantResult, VariantResult]], table: Table, folds: Folds) -> str:
    """The paired differences as a table, and in the measures that rows are judged by, fold by fold and seed by seed.

    The interval counts images and runs as samples. The p values of a column are adjusted for there being several rows.
    """
    measured = pairs[0][1].metrics
    columns = [column for column in COMPARED if column in measured]
    judged = columns[:1] if columns[0] not in RATINGS.values() else columns
    gaps = [[difference(a.metrics[column], b.metrics[column]) for column in columns] for _, a, b in pairs]
    header = ["difference", *columns]
    for column in judged:
        header += [f"in {column}", f"{column}, Holm's p", f"{column}, fold by fold", f"{column}, seed by seed"]
    rows = [[title, *map(str, own)] for (title, _, _), own in zip(pairs, gaps, strict=True)]
    for column in judged:
        of_column = [own[columns.index(column)] for own in gaps]
        adjusted = holm([1.0 if gap is None else gap.p for gap in of_column])
        fold = folds.folds[labelled_rows(table, column)]
        for row, (_, first, second), gap, p in zip(rows, pairs, of_column, adjusted, strict=True):
            both = (first.metrics[column], second.metrics[column])
            by_fold = [_difference_over(*both, np.flatnonzero(fold == number)) for number in range(folds.count)]
            # A seed's number is all that its two networks share: this tells how far single runs go apart.
            by_seed = [
                _difference_over(own[column], second.by_seed[seed][column], np.arange(len(fold)))
                for seed, own in first.by_seed.items()
                if seed in second.by_seed
            ]
            outcome = "" if gap is None else gap.outcome()
            row += [outcome, f"{p:.3f}", ", ".join(by_fold), ", ".join(by_seed)]
    return markdown(header, rows)


def _difference_over(first: MetricResult, second: MetricResult, rows: NDArray[np.intp]) -> str:
    """The difference of two results over some rows."""
    own, other = (over(rows) for over in (first.over, second.over) if over is not None)
    return f"{own - other:.3f}"


def _curve_gaps(pairs: Sequence[tuple[str, VariantResult, VariantResult]], accuracy: str) -> str:
    """How far the curves of the same pairs lie apart as a table; empty where no pair has enough in common."""
    rows = []
    for title, first, second in pairs:
        found = overfitting.curve_gap(first.curve, second.curve, accuracy)
        cells = ["too little in common", "", "", ""]
        if found is not None:
            inside = [overfitting.curve_gap(a, b, accuracy) for a, b in zip(first.curves, second.curves, strict=True)]
            folds = sorted(one.mean for one in inside if one is not None)
            spread = f"{folds[0]:.3f} to {folds[-1]:.3f} ({len(folds)})" if folds else ""
            cells = [f"{found.low:.3f} to {found.high:.3f}", f"{found.mean:.3f}", f"{found.least:.3f}", spread]
        rows.append([title, *cells])
    if not any(cells[-1] for cells in rows):
        return ""
    name = accuracy.partition(" (")[0]
    columns = [f"at equal {name} on training images", "from … to", f"test {name}: mean difference", "least"]
    return markdown([*columns, "mean, from fold to fold (folds)"], rows)


def _best_epochs(curves: Mapping[str, Curve], accuracy: str, loss: str) -> str:
    """Where the curves on test images turn as a table."""
    columns = ["on test images, while it learnt"]
    for measure, best in ((accuracy, "highest"), (loss, "lowest")):
        name = measure.partition(" (")[0]
        columns += [f"{name}: {best}", "after epochs", f"{name} at the end"]
    rows = []
    for name, curve in curves.items():
        row = [name]
        for measure, lower in ((accuracy, False), (loss, True)):
            found = overfitting.best_epoch(curve, f"test {measure}", lower_is_better=lower)
            row += [f"{found.best:.3f}", str(found.epoch), f"{found.end:.3f}"]
        rows.append(row)
    return markdown(columns, rows)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of a head and rows of as many cells."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
