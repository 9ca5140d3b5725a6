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
from emoir.evaluate.intervals import bootstrap
from emoir.evaluate.metrics import MetricResult, compute_metrics, difference, mean_result
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.retrieval import chance_average_precision, chance_precision, leave_one_out, same_class
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training import overfitting
from emoir.training.contenders import Contender
from emoir.training.experiment import CONDITIONS, HISTORY, Piece, history
from emoir.training.overfitting import Curve

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
SHOWN = {"top-1 (micro)": "top-1", "NLL": "NLL", "P@10 (a)": "P@10 (a)", "mAP (a)": "mAP (a)"}
"""Measures of the classes, and what their columns are called."""
RATINGS = {"valence: r": "valence r", "arousal: r": "arousal r"}
COMPARED = ("top-1", "P@10 (a)", "NLL", *RATINGS.values())
"""Columns of which differences are printed."""
R_SQUARED, ERROR = "R²", "squared error"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the comparison, finished.

    Args:
        contender: what ran.
        figures: column to figure, the mean over seeds, with its floor.
        by_seed: the same of every complete seed alone.
        curves: of every fold, the mean over seeds.
    """

    contender: Contender
    figures: Mapping[str, MetricResult]
    by_seed: Mapping[int, Mapping[str, MetricResult]]
    curves: Sequence[Curve]

    @property
    def curve(self) -> Curve:
        """The mean over folds."""
        return mean_curve(self.curves)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """The mean of curves that were measured after the same epochs."""
    return {name: np.mean([curve[name] for curve in curves], axis=0) for name in curves[0]}


def with_r_squared(curve: Curve, table: Table) -> Curve:
    """The curve of a table without classes with R²: the share of its ratings' variance explained, both axes together.

    The variance is the whole table's: guessing its mean everywhere gives 0.
    """
    if table.classes or table.valence is None or table.arousal is None:
        return curve
    truth = np.stack([table.valence, table.arousal], axis=1)
    variance = float(np.nanmean((truth - np.nanmean(truth, axis=0)) ** 2))
    return {**curve, **{f"{part} {R_SQUARED}": 1 - curve[f"{part} {ERROR}"] / variance for part in ("train", "test")}}


def judged_by(table: Table) -> tuple[str, str]:
    """The accuracy and the loss that overfitting is judged by: of its first class space, or of its ratings."""
    space = next(iter(table.classes), None)
    return (R_SQUARED, ERROR) if space is None else (f"top-1 ({space})", f"NLL ({space})")


def is_complete(contender: Contender, folds: Folds, folder: Path, seed: int) -> bool:
    """Whether every fold of a row is done with a seed."""
    return all((folder / f"{Piece(contender, fold, seed).file}.npz").exists() for fold in range(folds.count))


def line_of(contender: Contender, table: Table, folds: Folds, folder: Path, seeds: Sequence[int]) -> Line | None:
    """Put the folds of a row together, for every seed of which all folds are done; None if there is none."""
    complete = [seed for seed in seeds if is_complete(contender, folds, folder, seed)]
    if not complete:
        return None
    found = {seed: _figures(table, folds, joined(contender, table, folds, folder, seed)) for seed in complete}
    columns = dict.fromkeys(column for one in found.values() for column in one)
    curves = [
        with_r_squared(mean_curve([history(folder, Piece(contender, fold, seed)) for seed in complete]), table)
        for fold in range(folds.count)
    ]
    averaged = {column: _averaged([one[column] for one in found.values() if column in one]) for column in columns}
    return Line(contender, averaged, found, curves)


def joined(contender: Contender, table: Table, folds: Folds, folder: Path, seed: int) -> dict[str, Values]:
    """What the networks of a finished row said, each of the images it was not shown, in the order of the table.

    Returns:
        Class space to (n, K) logits, ``valence_arousal`` to (n, 2), and protocol (b)'s figures to (n,).
    """
    said: dict[str, Values] = {}
    for fold in range(folds.count):
        with np.load(folder / f"{Piece(contender, fold, seed).file}.npz", allow_pickle=False) as stored:
            for name in stored.files:
                if name in ("rows", CONDITIONS) or name.startswith(HISTORY):
                    continue
                if name not in said:
                    said[name] = np.full((len(table), *stored[name].shape[1:]), np.nan)
                said[name][stored["rows"]] = stored[name]
    return said


def out_of_fold(table: Table, folds: Folds, said: Mapping[str, Values]) -> OutOfFold:
    """What ``joined`` gives, as readings of a data set; of its classes the first space alone."""
    probabilities = {space: softmax(said[space], axis=1) for space in list(table.classes)[:1]}
    return OutOfFold(folds.digests, folds.folds, probabilities, said[VALENCE_AROUSAL])


def _figures(table: Table, folds: Folds, said: Mapping[str, Values]) -> dict[str, MetricResult]:
    """The figures of one seed by their columns."""
    found = {}
    for figure in compute_metrics(table, out_of_fold(table, folds, said)):
        column = RATINGS.get(figure.measure) or SHOWN.get(figure.measure.partition(": ")[2])
        if column is not None:
            found[column] = figure
    for space in list(table.classes)[:1]:
        found |= _inside_folds(table, folds, space, said)
    return found


def _inside_folds(table: Table, folds: Folds, space: str, said: Mapping[str, Values]) -> dict[str, MetricResult]:
    """Protocol (b): the figures that were stored with each fold, and what guessing would give."""
    labels = table.classes[space]
    known = np.flatnonzero(labels != ABSENT_CLASS)
    groups = None if table.together is None else table.together[known]
    floors = np.full((2, len(labels)), np.nan)
    for fold in range(folds.count):
        rows = known[folds.folds[known] == fold]
        if len(rows) > 1:
            blind = leave_one_out(np.zeros((len(rows), 1)), same_class(labels[rows]))
            floors[:, rows] = chance_precision(blind), chance_average_precision(blind)
    return {
        column: mean_result(column, f"{np.nanmean(floor):.3f} chance", said[f"{space} {column}"][known], groups)
        for column, floor in zip(("P@10 (b)", "mAP (b)"), floors, strict=True)
        if f"{space} {column}" in said
    }


def _averaged(seeds: Sequence[MetricResult]) -> MetricResult:
    """The mean of a figure over seeds, over the same resamples."""
    first = seeds[0]

    def mean(rows: NDArray[np.intp]) -> float:
        return float(np.mean([seed.statistic(rows) for seed in seeds if seed.statistic is not None]))

    estimate = bootstrap(mean, first.images, groups=first.groups)
    return MetricResult(first.measure, first.images, first.baseline, estimate, mean, first.groups)


def report(
    lines: Sequence[Line], table: Table, folds: Folds, folder: Path, *, facts: str, extra: Table | None = None
) -> str:
    """Write ``comparison.md``, ``.csv``, ``.json``, a plot and its ``curves.csv``; returns the Markdown.

    Args:
        lines: finished rows.
        table: the data set.
        folds: its folds.
        folder: where to write.
        facts: the line that says what ran, on which data and machine.
        extra: weakly labelled images that were shown besides.
    """
    accuracy, loss = judged_by(table)
    rows = [_cells(line, accuracy, loss) for line in lines]
    floors = {column: figure.baseline for line in lines for column, figure in line.figures.items()}
    columns = list(dict.fromkeys(name for row in [{"row": "", "seeds": "", **floors}, *rows] for name in row))
    shown = [*rows, {"row": "by guessing", **floors}]
    besides = "" if extra is None else f", with {extra.name} ({len(extra)}) besides"
    texts = [f"### {table.name} ({len(table)} images){besides}\n"]
    texts.append(_markdown(columns, [[row.get(name, "") for name in columns] for row in shown]))
    by_name = {line.contender.name: line for line in lines}
    pairs = [(title, by_name[a], by_name[b]) for title, a, b in HEADLINES if a in by_name and b in by_name]
    if pairs:
        texts.append("\n" + _differences(pairs, _folds_of_labelled(table, folds)))
    if heights := _heights(pairs, accuracy):
        texts.append("\n" + heights)
    curves = {name: line.curve for name, line in by_name.items()}
    texts.append("\n" + _turns(curves, accuracy, loss))
    overfitting.write(curves, folder / "curves.csv")
    overfitting.plot(curves, accuracy, loss, f"{table.name}{besides}", folder / "comparison.png")
    texts.append("\n" + facts)
    text = "\n".join(texts) + "\n"
    (folder / "comparison.md").write_text(text, encoding="utf-8")
    (folder / "comparison.json").write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    with open(folder / "comparison.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(shown)
    return text


def _cells(line: Line, accuracy: str, loss: str) -> dict[str, str]:
    """One row of the first table."""
    end = {name: values[-1] for name, values in line.curve.items()}
    row = {"row": line.contender.name, "seeds": str(len(line.by_seed))}
    row |= {column: str(figure.estimate) for column, figure in line.figures.items()}
    names = [f"train {accuracy}", f"train {loss}"]
    # Of classes, what is right on test images stands there with its interval.
    names = [f"test {accuracy}", *names] if accuracy == R_SQUARED else names
    row |= {name: f"{end[name]:.3f}" for name in names}
    row[f"{loss.partition(' (')[0]} gap"] = f"{end[f'test {loss}'] - end[f'train {loss}']:.3f}"
    return row


def _folds_of_labelled(table: Table, folds: Folds) -> NDArray[np.int64]:
    """The fold of every image that the first column of differences is taken over."""
    labels = next(iter(table.classes.values()), None)
    if labels is not None:
        return np.asarray(folds.folds[labels != ABSENT_CLASS])
    assert table.valence is not None
    return np.asarray(folds.folds[~np.isnan(table.valence)])


def _differences(pairs: Sequence[tuple[str, Line, Line]], folds: NDArray[np.int64]) -> str:
    """The paired differences as a table, and in the measures that rows are judged by, fold by fold and seed by seed."""
    measured = pairs[0][1].figures
    columns = [column for column in COMPARED if column in measured]
    judged = columns[:1] if columns[0] not in RATINGS.values() else columns
    header = ["difference", *columns]
    for column in judged:
        header += [f"in {column}", f"{column}, fold by fold", f"{column}, seed by seed"]
    everything = np.arange(len(folds))
    rows = []
    for title, first, second in pairs:
        gaps = {column: difference(first.figures[column], second.figures[column]) for column in columns}
        row = [title, *map(str, gaps.values())]
        for column in judged:
            gap = gaps[column]
            both = (first.figures[column], second.figures[column])
            by_fold = [_gap(*both, np.flatnonzero(folds == fold)) for fold in range(int(folds.max()) + 1)]
            # A seed's number is all that its two networks share: this tells how far single runs go apart.
            by_seed = [
                _gap(own[column], second.by_seed[seed][column], everything)
                for seed, own in first.by_seed.items()
                if seed in second.by_seed
            ]
            row += [gap.outcome() if gap is not None else "", ", ".join(by_fold), ", ".join(by_seed)]
        rows.append(row)
    return _markdown(header, rows)


def _gap(first: MetricResult, second: MetricResult, rows: NDArray[np.intp]) -> str:
    """The difference of two figures over some rows."""
    own, other = (value(rows) for value in (first.statistic, second.statistic) if value is not None)
    return f"{own - other:.3f}"


def _heights(pairs: Sequence[tuple[str, Line, Line]], accuracy: str) -> str:
    """How far the curves of the same pairs lie apart as a table; empty where no pair has enough in common."""
    rows = []
    for title, first, second in pairs:
        found = overfitting.height(first.curve, second.curve, accuracy)
        cells = ["too little in common", "", "", ""]
        if found is not None:
            inside = [overfitting.height(a, b, accuracy) for a, b in zip(first.curves, second.curves, strict=True)]
            folds = sorted(one.mean for one in inside if one is not None)
            spread = f"{folds[0]:.3f} to {folds[-1]:.3f} ({len(folds)})" if folds else ""
            cells = [f"{found.low:.3f} to {found.high:.3f}", f"{found.mean:.3f}", f"{found.least:.3f}", spread]
        rows.append([title, *cells])
    if not any(cells[-1] for cells in rows):
        return ""
    name = accuracy.partition(" (")[0]
    columns = [f"at equal {name} on training images", "from … to", f"test {name}: mean difference", "least"]
    return _markdown([*columns, "mean, from fold to fold (folds)"], rows)


def _turns(curves: Mapping[str, Curve], accuracy: str, loss: str) -> str:
    """Where the curves on test images turn as a table."""
    columns = ["on test images, while it learnt"]
    for measure, best in ((accuracy, "highest"), (loss, "lowest")):
        name = measure.partition(" (")[0]
        columns += [f"{name}: {best}", "after epochs", f"{name} at the end"]
    rows = []
    for name, curve in curves.items():
        row = [name]
        for measure, lower in ((accuracy, False), (loss, True)):
            found = overfitting.turn(curve, f"test {measure}", lower_is_better=lower)
            row += [f"{found.best:.3f}", str(found.epoch), f"{found.end:.3f}"]
        rows.append(row)
    return _markdown(columns, rows)


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
