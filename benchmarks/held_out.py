"""The shipped model on images that it has never seen: ``python benchmarks/held_out.py``.

One fifth of each human-rated development set was kept from training (by hash, OASIS by theme,
near-duplicates together); GAPED was never shown at all. The code refuses to score images whose digest is
among those that the model learnt from. The readings are kept in benchmarks/readings, and the table is printed
from these files. Temperatures and confidence were fitted on these same images, so
no figure on calibration is taken here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import development
from emoir import Model
from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.emotions.reading import EmotionReadings
from emoir.evaluate.out_of_fold import OutOfFold, check_unseen
from figures import Figure, figures, provenance

READINGS = Path(__file__).resolve().parent / "readings"

# Fitted on these images: not to be quoted from them.
CALIBRATION = ("NLL", "Brier", "ECE")


def read(model: Model, table: Table) -> OutOfFold:
    """The committed readings of a table of unseen images, as one fold; made if they are not there."""
    digests = image_digests(table.paths)
    check_unseen(digests, model.learnt_from())
    file = READINGS / f"{table.name}.{model.id}.held-out.npz"
    if not file.exists():
        readings_of(model, table, digests).save(file)
    return OutOfFold.load(file, digests)


def readings_of(model: Model, table: Table, digests: tuple[str, ...]) -> OutOfFold:
    """What the model says of a table's images."""
    readings = EmotionReadings.stack([model.read(path) for path in table.paths])
    spaces = {space: values for space, values in readings.distributions.items() if space in table.class_names}
    points = np.stack([readings.valence, readings.arousal], axis=1)
    return OutOfFold(digests, np.zeros(len(table), dtype=np.int64), spaces, points, readings.embeddings)


def lines_of(name: str, model: Model) -> list[Figure]:
    """All figures of one set."""
    table = development.held_out_part(name)
    return figures(table, read(model, table))


def main() -> None:
    model = Model()
    print("| set | measure | images | floor | value [95 %] |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        for line in lines_of(name, model):
            if line.measure.split(": ")[1] not in CALIBRATION:
                print(f"| {name} | {line.measure} | {line.images} | {line.floor} | {line.estimate} |")
    print("\n" + provenance(f"model {model.id}", "held-out fifth of the development parts, all of GAPED", "one seed"))


if __name__ == "__main__":
    main()
