"""The curve of pre-training: agreement with the teachers over the views shown, as table and picture.

    cd benchmarks && python -m weights.curves

Read from ``weights/logs/``, the committed logs of the runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from emoir.evaluate.provenance import provenance

LOGS = Path(__file__).resolve().parent / "logs"
OUT = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "pretraining.png"
ROWS = 12


def records(name: str) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in (LOGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def gain_per_doubling(log: list[dict[str, Any]]) -> float:
    """Agreement on new pictures that a doubling of the views brought, over the second half of a log.

    Example:
        >>> round(gain_per_doubling([{"views": views, "new": 0.1 * np.log2(views)} for views in (1, 2, 4, 8)]), 3)
        0.1
    """
    late = log[len(log) // 2 :]
    slope, _ = np.polyfit(np.log2([line["views"] for line in late]), [line["new"] for line in late], 1)
    return float(slope)


def draw(constant: list[dict[str, Any]], cooling: list[dict[str, Any]]) -> None:
    """Draw both logs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    for log, style, part in ((constant, "-", "constant rate"), ([constant[-1], *cooling], "--", "falling rate")):
        views = [line["views"] / 1e6 for line in log]
        axes.plot(views, [line["known"] for line in log], style, color="#8a8a8a", label=f"known views, {part}")
        axes.plot(views, [line["new"] for line in log], style, color="#c2452d", label=f"new pictures, {part}")
    axes.set(xlabel="views shown, millions", ylabel="agreement with the teachers (cosine)", ylim=(0, None))
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(OUT, dpi=120)


def main() -> None:
    constant, cooling = records("pretraining"), records("cool-down")
    both = [*constant, *cooling]
    print("| views shown | pictures | input | agreement, known views | new pictures |\n|---|---|---|---|---|")
    for at in np.unique(np.linspace(0, len(both) - 1, ROWS).round().astype(int)):
        line = both[at]
        size = f"{line['size']} px" + ("" if at < len(constant) else ", falling rate")
        print(f"| {line['views']:,} | {line['pictures']:,} | {size} | {line['known']:.3f} | {line['new']:.3f} |")
    print(f"\nA doubling of the views brought {gain_per_doubling(constant):.3f} at the constant rate.")
    print("\n| new pictures of | agreement at the end |\n|---|---|")
    for source, agreement in sorted(both[-1]["new, by source"].items(), key=lambda pair: -pair[1]):
        print(f"| {source} | {agreement:.3f} |")
    print("\n" + provenance("one run, seed 0", "cosine in 384 partly whitened dimensions"))
    draw(constant, cooling)


if __name__ == "__main__":
    main()
