"""The paper's comparison on the development sets, piece by piece; finished pieces stay with the benchmarks.

PYTHONPATH=benchmarks python benchmarks/paper_comparison.py run fi_subset emotion6     # goes on where it stopped
PYTHONPATH=benchmarks python benchmarks/paper_comparison.py print                      # every table and plot
"""

from __future__ import annotations

from pathlib import Path

import development
from emoir.datasets import Columns, Table, read_table
from emoir.datasets.splits import Folds
from emoir.emotions.spaces import MIKELS

RESULTS = Path(__file__).resolve().parent / "experiment"
# The vote of the majority; ties have none.
PAINTINGS = Columns(classes={"mikels": "emotion"}, class_names={"mikels": MIKELS.names})


def setting(name: str) -> tuple[Table, Folds, Table | None]:
    """A development set, its folds, and the weakly labelled web set where the name ends in ``+web``."""
    base, _, extra = name.partition("+")
    table, folds = development.folds(base)
    if base == "abstract_paintings":
        table = read_table(development.ROOT / base / "labels.csv", PAINTINGS, name=base)
    return table, folds, development.load("web_emotion16_weak") if extra else None
