"""Formats: a comparison as aligned text, Markdown, CSV, JSON or LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from emoir.datasets.detect import RATINGS
from emoir.evaluate.intervals import Estimate
from emoir.evaluate.results import MetricResult
from emoir.evaluate.systems import MetricRow, SystemComparison

# What LaTeX would act upon, and how it is written.
LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
}


def table_cells(comparison: SystemComparison) -> tuple[list[str], list[list[str]]]:
    """Header and rows that the formats for people share: metric, images, baseline, values, differences."""
    names = [system.name for system in comparison.systems]
    # A system of embeddings has few measures in common with one of probabilities.
    others = [other for other in range(1, len(names)) if any(line.differences[other - 1] for line in comparison.rows)]
    header = ["metric", "images", "baseline", *(f"{name} [95 %]" for name in names)]
    header += [f"{names[0]} minus {names[other]} [95 %]" for other in others]
    rows = []
    for line in comparison.rows:
        better = "" if line.metric.higher_is_better else " ↓"
        row = [f"{line.key}{better}", f"{line.images}", str(line.baseline)]
        row += ["-" if value is None else str(value) for value in line.values]
        row += [_difference(line, other) for other in others]
        rows.append(row)
    return header, rows


def _difference(row: MetricRow, other: int) -> str:
    gap = row.differences[other - 1]
    return "-" if gap is None else f"{gap} {row.outcome(other)}"


def to_text(comparison: SystemComparison) -> str:
    """Aligned columns for a terminal."""
    header, rows = table_cells(comparison)
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows])
    return "\n".join(line.rstrip() for line in lines)


def to_markdown(comparison: SystemComparison) -> str:
    """A Markdown table."""
    header, rows = table_cells(comparison)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def to_latex(comparison: SystemComparison) -> str:
    r"""A LaTeX tabular with booktabs' rules, ready for ``\input``."""
    header, rows = table_cells(comparison)
    lines = [rf"\begin{{tabular}}{{lr{'l' * (len(header) - 2)}}}", r"\toprule", _latex_row(header), r"\midrule"]
    return "\n".join([*lines, *(_latex_row(row) for row in rows), r"\bottomrule", r"\end{tabular}"])


def _latex_row(cells: Sequence[str]) -> str:
    escaped = ("".join(LATEX.get(letter, letter) for letter in cell).replace("↓", r"$\downarrow$") for cell in cells)
    return " & ".join(escaped) + r" \\"


def to_csv(comparison: SystemComparison) -> str:
    """One line per metric and system: numbers apart, differences beside the system that they are to."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    what = ("space", "metric", "protocol", "images", "baseline", "baseline kind", "baseline high", "higher is better")
    gaps = ("difference", "difference low", "difference high", "p", "outcome")
    writer.writerow([*what, "system", "value", "low", "high", *gaps])
    for row in comparison.rows:
        blind, high = row.baseline, "" if row.baseline.high is None else f"{row.baseline.high:.6g}"
        what = (*row.key, str(row.images), f"{blind.value:.6g}", blind.kind, high, str(row.metric.higher_is_better))
        for number, (system, result) in enumerate(zip(comparison.systems, row.values, strict=True)):
            gap = row.differences[number - 1] if number else None
            value = [""] * 3 if result is None else _numbers(result.estimate) or [f"{result.value:.6g}", "", ""]
            beside = [""] * 5 if gap is None else [*_numbers(gap), f"{gap.p:.3g}", row.outcome(number)]
            writer.writerow([*what, system.name, *value, *beside])
    return text.getvalue().rstrip("\n")


def _numbers(estimate: Estimate | None) -> list[str]:
    if estimate is None:
        return []
    return [f"{number:.6g}" for number in (estimate.value, estimate.low, estimate.high)]


def to_json(comparison: SystemComparison) -> str:
    """One object: the data, the systems, the metrics."""
    record = {
        "data": comparison.table.name,
        "images": len(comparison.table),
        "left out": comparison.left_out,
        "systems": [{"name": system.name, "classes": dict(system.notes)} for system in comparison.systems],
        "metrics": [_metric(row, [system.name for system in comparison.systems]) for row in comparison.rows],
    }
    return json.dumps(record, indent=2)


def _metric(row: MetricRow, names: Sequence[str]) -> dict[str, Any]:
    return {
        **row.key._asdict(),
        "images": row.images,
        "baseline": {name: value for name, value in asdict(row.baseline).items() if value is not None},
        "higher is better": row.metric.higher_is_better,
        "values": {name: _value(result) for name, result in zip(names, row.values, strict=True)},
        "differences": {
            name: {**_interval(gap), "p": gap.p, "outcome": row.outcome(number)}
            for number, name in enumerate(names[1:], 1)
            if (gap := row.differences[number - 1]) is not None
        },
    }


def _value(result: MetricResult | None) -> dict[str, float] | None:
    if result is None:
        return None
    estimate = result.estimate
    return {"value": round(result.value, 6)} if estimate is None else _interval(estimate)


def _interval(estimate: Estimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), 6) for name in ("value", "low", "high", "error")}


def predictions_csv(comparison: SystemComparison) -> str:
    """The first system's predictions, as ``read_predictions`` takes them; empty columns where it has none."""
    system = comparison.systems[0]
    names = {space: comparison.table.class_names[space] for space in system.probabilities}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [f"{space}.{name}" for space, classes in names.items() for name in classes]
    writer.writerow(["path", *header, *(RATINGS if system.points is not None else ())])
    for row, path in enumerate(comparison.table.paths):
        numbers = [value for space in names for value in system.probabilities[space][row].tolist()]
        numbers += [] if system.points is None else system.points[row].tolist()
        writer.writerow([str(path), *(f"{number:.6g}" for number in numbers)])
    return text.getvalue()


FORMATS: dict[str, Callable[[SystemComparison], str]] = {
    "table": to_text,
    "markdown": to_markdown,
    "csv": to_csv,
    "json": to_json,
    "latex": to_latex,
}
"""Format to what writes it."""
