"""How far raters of the development sets agree: ``python benchmarks/rater_agreement.py``.

The sets' own columns of votes, deviations and numbers of raters, read as ``emoir data check`` reads them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import development
from emoir.datasets import Columns, read_table
from emoir.datasets.agreement import agreements
from emoir.datasets.published.emotion6 import EMOTION6, RATERS
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.evaluate.provenance import provenance

RATED = {
    "emotion6": development.HUMAN_RATED["emotion6"],
    "abstract_paintings": Columns(distributions={"mikels": {name: f"votes_{name}" for name in MIKELS.names}}),
    "oasis": Columns(
        valence="valence",
        arousal="arousal",
        scale=(1, 7),
        std={"valence": "valence_sd", "arousal": "arousal_sd"},
        raters={"valence": "valence_n", "arousal": "arousal_n"},
    ),
    "gaped": Columns(
        valence="valence",
        arousal="arousal",
        scale=(0, 100),
        std={"valence": "valence_sd", "arousal": "arousal_sd"},
    ),
}


def main() -> None:
    print("| set | label | measure | value | raters an image |\n|---|---|---|---|---|")
    for name, columns in RATED.items():
        table = read_table(development.ROOT / name / "labels.csv", columns, name=name)
        if name == EMOTION6.name:
            # By its paper, not its columns. Some raters split their vote: the agreement is a bit too low by that.
            table = replace(table, raters={EKMAN.name: np.full(len(table), float(RATERS))})
        for line in agreements(table):
            raters = "not published" if line.raters is None else f"{line.raters:.1f}"
            print(f"| {name} ({line.images}) | {line.label} | {line.measure} | {line.value:.3f} | {raters} |")
    blind = f"two who guess evenly agree in {1 / len(EKMAN):.3f} with 7 classes, in {1 / len(MIKELS):.3f} with 8"
    print("\n" + provenance("development parts", blind))


if __name__ == "__main__":
    main()
