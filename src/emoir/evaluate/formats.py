"""Formats: a comparison as aligned text, Markdown, CSV, JSON or LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from emoir.datasets.detect import RATINGS
from emoir.evaluate.intervals import Estimate
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
    """Header and rows that the formats for people share: measure, images, baseline, values, differences."""
    names = [system.name for system in comparison.systems]
    # A system of embeddings has few measures in common with one of probabilities.
    others = [other for other in range(1, len(names)) if any(line.differences[other - 1] for line in comparison.rows)]
    header = ["measure", "images", "baseline", *(f"{name} [95 %]" for name in names)]
    header += [f"{names[0]} minus {names[other]} [95 %]" for other in others]
    rows = []
    for line in comparison.rows:
        better = " ↓" if line.lower_is_better else ""
        row = [line.measure + better, f"{line.images}", line.baseline]
        row += ["-" if value is None else str(value) for value in line.values]
        row += [_difference(line, other) for other in others]
        rows.append(row)
    return header, rows


def _difference(line: MetricRow, other: int) -> str:
    gap = line.differences[other - 1]
    return "-" if gap is None else f"{gap} {line.outcome(other)}"


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
    """One line a measure and system: numbers apart, differences beside the system that they are to."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measured = ("measure", "images", "baseline", "lower is better", "system", "value", "low", "high")
    writer.writerow([*measured, "difference", "difference low", "difference high", "verdict"])
    for line in comparison.rows:
        for number, (system, value) in enumerate(zip(comparison.systems, line.values, strict=True)):
            gap = line.differences[number - 1] if number else None
            verdict = line.outcome(number) if number else ""
            common = [line.measure, line.images, line.baseline, line.lower_is_better, system.name]
            writer.writerow([*common, *_numbers(value), *_numbers(gap), verdict])
    return text.getvalue().rstrip("\n")


def _numbers(value: Estimate | str | None) -> list[str]:
    if value is None:
        return ["", "", ""]
    if isinstance(value, str):
        return [value, "", ""]
    return [f"{number:.6g}" for number in (value.value, value.low, value.high)]


def to_json(comparison: SystemComparison) -> str:
    """One object: the data, the systems, the measures."""
    record = {
        "data": comparison.table.name,
        "images": len(comparison.table),
        "left out": comparison.left_out,
        "systems": [{"name": system.name, "classes": dict(system.notes)} for system in comparison.systems],
        "measures": [_measure(line, [system.name for system in comparison.systems]) for line in comparison.rows],
    }
    return json.dumps(record, indent=2)


def _measure(line: MetricRow, names: Sequence[str]) -> dict[str, Any]:
    return {
        "measure": line.measure,
        "images": line.images,
        "baseline": line.baseline,
        "lower is better": line.lower_is_better,
        "values": {name: _value(value) for name, value in zip(names, line.values, strict=True)},
        "differences": {
            name: {**gap, "verdict": line.outcome(number)}
            for number, name in enumerate(names[1:], 1)
            if (gap := _value(line.differences[number - 1])) is not None
        },
    }


def _value(value: Estimate | str | None) -> dict[str, float] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return {"value": float(value)}
    return {name: round(getattr(value, name), 6) for name in ("value", "low", "high")}


def predictions_csv(comparison: SystemComparison) -> str:
    """What the first system said, as ``read_predictions`` takes it; empty columns where it says nothing."""
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
