"""What raters say of images that the model chose: ``python benchmarks/stimuli_norms.py``.

On OASIS and GAPED, with the committed out-of-fold readings: the images with the lowest and the highest reading of a
norm are taken as two conditions. Beside the model's difference stand the difference to expect from its validity on the
set, and the difference of the raters' means.
"""

from __future__ import annotations

import numpy as np

from cross_fit import MODEL, readings
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import pearson
from emoir.select.balance import expected_difference, standardised_difference

SHARES = (1 / 12, 1 / 6, 1 / 3)
SETS, NORMS = ("oasis", "gaped"), ("valence", "arousal")


def main() -> None:
    print(
        "| set | norm | validity r | images of each condition | by the model, SD | expected of raters, SD | "
        "raters, SD | wrong side of the middle |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        table, _, predictions = readings(name)
        assert predictions.points is not None
        for column, norm in enumerate(NORMS):
            model, raters = predictions.points[:, column], np.asarray(getattr(table, norm))
            r = pearson(model, raters)
            order = np.argsort(model, kind="stable")
            for share in SHARES:
                count = round(len(order) * share)
                low, high = order[:count], order[-count:]
                wrong = float(np.mean([*(raters[low] >= 0.5), *(raters[high] <= 0.5)]))
                cells = (
                    f"{standardised_difference(model[low], model[high]):.2f}",
                    f"{expected_difference(model[low], model[high], model, r):.2f}",
                    f"{standardised_difference(raters[low], raters[high]):.2f}",
                    f"{wrong:.0%}",
                )
                print(f"| {name} | {norm} | {r:.2f} | {count} | {' | '.join(cells)} |")
    print("\n" + provenance(f"recipe {MODEL}, out of fold", "middle of the scale: 0.5"))


if __name__ == "__main__":
    main()
