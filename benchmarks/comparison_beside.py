"""What stands beside the paper's comparison, on the same folds: ``python benchmarks/comparison_beside.py``.

Two systems that are no rows of it. The numbers that describe colour and texture, with a linear probe: what the paper
sets out from, labels by low-level features alone. And the shipped network, which saw more than any row: each of its
five networks began with the distilled weights, as the distilled row does, and learnt from the ratings of the other
sets, too, and from soft labels of 18,207 unrated images. Every image is read by a model that was not shown it.
"""

from __future__ import annotations

from baselines import readings_of
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.figures import Figure, difference, figures, provenance
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.training.comparison import is_complete, joined, out_of_fold
from emoir.training.experiment import CONTENDERS, Contender
from paper_comparison import RESULTS
from shipped import MODEL, readings

SEED = 0
SHOWN = ("top-1 (micro)", "NLL", "P@10 (a)", "mAP (a)", "r")


def said_by(row: Contender, table: Table, folds: Folds) -> OutOfFold | None:
    """What a row of the comparison said of the images that it held out; None while it is not complete."""
    folder = RESULTS / table.name
    if not is_complete(row, folds, folder, SEED):
        return None
    return out_of_fold(table, folds, joined(row, table, folds, folder, SEED))


def shown(table: Table, said: OutOfFold) -> dict[str, Figure]:
    """The figures that are printed, by their measures."""
    return {figure.measure: figure for figure in figures(table, said) if figure.measure.split(": ")[1] in SHOWN}


def main() -> None:
    """Print what stands beside minus every row that is complete."""
    for name in ("emotion6", "fi_subset"):
        table, folds, shipped = readings(name)
        rows = {row.name: said for row in CONTENDERS if (said := said_by(row, table, folds)) is not None}
        theirs = {row: shown(table, said) for row, said in rows.items()}
        print(f"\n### {name} ({len(table)} images)\n")
        print("| first | minus | measure | by guessing | first | second | difference [95 %] | |")
        print("|---|---|---|---|---|---|---|---|")
        for title, said in (
            ("numbers + probe", readings_of(name, "descriptors", table, folds)),
            ("shipped", shipped),
        ):
            own = shown(table, said)
            for row, figures_of_row in theirs.items():
                for measure, other in figures_of_row.items():
                    if measure in own and (gap := difference(own[measure], other)) is not None:
                        first = own[measure]
                        cells = (title, row, measure, first.floor, first.estimate, other.estimate, gap, gap.verdict())
                        print("| " + " | ".join(map(str, cells)) + " |")
    print("\n" + provenance(f"shipped: recipe {MODEL}, one run a fold; rows with seed {SEED}", "5 frozen folds"))


if __name__ == "__main__":
    main()
