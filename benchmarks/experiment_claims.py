"""One table per claim of the comparison, over its sets: ``python benchmarks/experiment_claims.py``.

Reads what is printed: ``experiment/SET.md`` by ``paper_comparison.py`` and ``printed/comparison_beside.md`` by
``comparison_beside.py``. Prints what docs/experiment.md quotes, and draws ``experiment/forest.png``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
RESULTS, BESIDE = ROOT / "experiment", ROOT / "printed" / "comparison_beside.md"
FOREST = RESULTS / "forest.png"
CLASSES = {
    "emotion6": "Emotion6",
    "fi_subset": "FI part",
    "abstract_paintings": "abstract paintings",
    "emotion6+web": "Emotion6 and web set",
    "fi_subset+web": "FI part and web set",
}
RATINGS = {"oasis": "OASIS", "gaped": "GAPED"}
DIFFERENCES = (
    ("from scratch minus AlexNet", "(1) with the original trained by our recipe"),
    ("distilled minus AlexNet", "distilled minus original by our recipe"),
    ("colour + texture minus RGB", "(2) colour + texture minus RGB, same network"),
    ("texture minus RGB", "texture minus RGB"),
)
CURVES = (DIFFERENCES[0], DIFFERENCES[2])
Row = dict[str, str]


def tables(file: Path) -> Iterator[list[Row]]:
    """The Markdown tables of a file, a dictionary per row."""
    lines: list[list[str]] = []
    for line in [*file.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            lines.append([cell.strip() for cell in line.strip("|").split("|")])
        elif lines:
            yield [dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]]
            lines = []


def find(file: Path, first_column: str) -> dict[str, Row]:
    """The table whose first column has a name, by the cells of that column; empty if there is none."""
    for table in tables(file):
        if table and next(iter(table[0])).startswith(first_column):
            return {next(iter(row.values())): row for row in table}
    return {}


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def of_classes(title: str, printed: str) -> str:
    """One difference, over the sets with classes."""
    rows = []
    for name, label in CLASSES.items():
        row = find(RESULTS / f"{name}.md", "difference")[printed]
        rows.append([label, row["top-1"], row["in top-1"], row["P@10 (a)"], row["NLL"]])
    return markdown([title, "top-1", "outcome", "P@10", "NLL"], rows)


def of_ratings() -> str:
    """All differences, over the sets with ratings alone."""
    rows = []
    for title, printed in DIFFERENCES:
        for name, label in RATINGS.items():
            row = find(RESULTS / f"{name}.md", "difference")[printed]
            axes = [[row[axis], row[f"in {axis}"]] for axis in ("valence r", "arousal r")]
            rows.append([title, label, *axes[0], *axes[1]])
    return markdown(["ratings alone", "set", "valence r", "outcome", "arousal r", "outcome"], rows)


def rows_of(column: str) -> str:
    """What every row reaches in one measure, on every set with classes."""
    found = [find(RESULTS / f"{name}.md", "row") for name in CLASSES]
    rows = [[name, *(rows[name][column] for rows in found)] for name in found[0]]
    return markdown([column, *CLASSES.values()], rows)


def beside() -> str:
    """What saw more than the rated images, or no pixels, against AlexNet by our recipe."""
    printed = BESIDE.read_text(encoding="utf-8").partition("### fi_subset")
    found = []
    for system in ("shipped", "distilled, with the web set", "numbers + probe"):
        for label, lines in (("Emotion6", printed[0]), ("FI part", printed[2])):
            for line in lines.splitlines():
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if cells[:2] == [system, "original + our recipe"] and cells[2].endswith((": top-1", ": P@10 (a)")):
                    found.append([system, label, cells[2].partition(": ")[2], *cells[-2:]])
    return markdown(["minus AlexNet by our recipe", "set", "measure", "difference [95 %]", "outcome"], found)


def curves() -> str:
    """How far curves lie apart at equal accuracy on training images, where they have enough in common."""
    rows = []
    for title, printed in CURVES:
        for name, label in (CLASSES | RATINGS).items():
            row = find(RESULTS / f"{name}.md", "at equal").get(printed)
            if row and "too little in common" not in row.values():
                rows.append([title, label, *[*row.values()][1:]])
    columns = [
        "at equal accuracy on training images",
        "set",
        "from … to",
        "mean on new images",
        "least",
        "by fold (folds)",
    ]
    return markdown(columns, rows)


def claims() -> str:
    """All tables, with an empty line between them."""
    found = [
        beside(),
        *(of_classes(*one) for one in DIFFERENCES),
        of_ratings(),
        rows_of("top-1"),
        rows_of("P@10 (a)"),
        curves(),
    ]
    return "\n\n".join(found) + "\n"


def forest() -> None:
    """One plot of all differences in top-1, with their intervals."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows: list[tuple[str, float, float, float]] = []
    for title, printed in DIFFERENCES:
        for name, label in CLASSES.items():
            cell = find(RESULTS / f"{name}.md", "difference")[printed]["top-1"]
            value, low, high = map(float, re.findall(r"-?\d?\.\d+", cell))
            rows.append((f"{title}: {label}", value, low, high))
    figure, axes = pyplot.subplots(figsize=(8, 6))
    for place, (_, value, low, high) in enumerate(reversed(rows)):
        axes.plot([low, high], [place, place], color="tab:blue" if low > 0 or high < 0 else "tab:grey")
        axes.plot(value, place, "o", color="black", markersize=3)
    axes.axvline(0, color="black", linewidth=0.5)
    axes.axvline(0.1, color="black", linewidth=0.5, linestyle=":")
    axes.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)], fontsize=7)
    axes.set_xlabel("difference in top-1 with 95 % interval over images and runs; dotted: ten points", fontsize=8)
    figure.tight_layout()
    figure.savefig(FOREST, dpi=110, metadata={"Software": ""})
    pyplot.close(figure)


if __name__ == "__main__":
    forest()
    print(claims(), end="")
