"""The shipped network beside the paper's comparison, on the same folds: ``python benchmarks/shipped_comparison.py``.

No row of that comparison, for it saw more: each of its five networks began with the distilled weights, as the distilled
row does, and learnt from the ratings of the other sets, too, and from soft labels of 18,207 unrated images. Every image
is read by a network that was not shown it.
"""

from __future__ import annotations

from scipy.special import softmax

from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.figures import difference, figures, provenance
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.comparison import joined, line_of
from emoir.training.experiment import CONTENDERS, Contender
from paper_comparison import RESULTS
from shipped import MODEL, readings

SEED = 0
SHOWN = ("top-1 (micro)", "NLL", "P@10 (a)", "mAP (a)", "r")


def said_by(row: Contender, table: Table, folds: Folds) -> OutOfFold | None:
    """What a row of the comparison said of the images that it held out; None while it is not complete."""
    folder = RESULTS / table.name
    if line_of(row, table, folds, folder, (SEED,)) is None:
        return None
    said = joined(row, table, folds, folder, SEED)
    probabilities = {space: softmax(said[space], axis=1) for space in table.classes}
    points = said[VALENCE_AROUSAL] if table.valence is not None else None
    return OutOfFold(folds.digests, folds.folds, probabilities, points)


def main() -> None:
    """Print the shipped network minus every row that is complete."""
    for name in ("emotion6", "fi_subset"):
        table, folds, ours = readings(name)
        first = {figure.measure: figure for figure in figures(table, ours) if figure.measure.split(": ")[1] in SHOWN}
        print(f"\n### {name} ({len(table)} images)\n")
        print("| shipped network minus | measure | floor | shipped | the row | difference [95 %] | |")
        print("|---|---|---|---|---|---|---|")
        for row in CONTENDERS:
            said = said_by(row, table, folds)
            if said is None:
                continue
            for theirs in figures(table, said):
                if theirs.measure in first and (gap := difference(first[theirs.measure], theirs)) is not None:
                    own = first[theirs.measure]
                    cells = (row.name, own.measure, own.floor, own.estimate, theirs.estimate, gap, gap.verdict())
                    print("| " + " | ".join(map(str, cells)) + " |")
    print("\n" + provenance(f"recipe {MODEL}, one run a fold; rows with seed {SEED}", "5 frozen folds"))


if __name__ == "__main__":
    main()
