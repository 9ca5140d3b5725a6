"""The development sets as tables: the mapping from their columns to ours.

The images are not part of this repository. Point EMOIR_DEVELOPMENT_DATA at the folder that holds them;
the default is ../shared/data beside the checkout.
"""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

from emoir.datasets import Columns, Table, read_table
from emoir.datasets.splits import Folds
from emoir.emotions.spaces import EKMAN, MIKELS

ROOT = Path(os.environ.get("EMOIR_DEVELOPMENT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

KEYWORDS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")

HUMAN_RATED = {
    "emotion6": Columns(
        distributions={"ekman": {name: f"p_{name}" for name in EKMAN.names}},
        classes={"keyword6": "emotion_keyword"},
        class_names={"keyword6": KEYWORDS},
        valence="valence",
        arousal="arousal",
        scale=(1, 9),
    ),
    "oasis": Columns(valence="valence", arousal="arousal", scale=(1, 7), group="theme"),
    "gaped": Columns(valence="valence", arousal="arousal", scale=(0, 100)),
    "fi_subset": Columns(classes={"mikels": "emotion"}, class_names={"mikels": MIKELS.names}),
    "abstract_paintings": Columns(distributions={"mikels": {name: f"p_{name}" for name in MIKELS.names}}),
}

WEAK = {
    "web_emotion16_weak": Columns(classes={"web16": "emotion"}),
    "mvsa_single": Columns(classes={"tweet_sentiment": "sentiment"}),
    "photos_intel_scenes": Columns(classes={"scene": "category"}),
    "photos_caltech101": Columns(classes={"object": "category"}),
}


def gaped_categories() -> list[str]:
    """The content category of every GAPED image, in the order of its table."""
    with open(ROOT / "gaped" / "labels.csv", newline="", encoding="utf-8") as stream:
        return [row["category"] for row in csv.DictReader(stream)]


FOLDS = Path(__file__).resolve().parent / "folds"


def load(name: str) -> Table:
    """One development set by its folder's name."""
    columns = HUMAN_RATED.get(name) or WEAK[name]
    return read_table(ROOT / name / "labels.csv", columns, name=name)


def folds(name: str) -> tuple[Table, Folds]:
    """A human-rated set with its committed folds, verified against the images."""
    table = load(name)
    return table, Folds.load(FOLDS / f"{name}.json", table)


def near_duplicates() -> list[tuple[Path, Path]]:
    """Pairs of near-duplicate images, inside and across the sets."""
    with open(ROOT / "near_duplicates.csv", newline="", encoding="utf-8") as stream:
        return [
            (ROOT / row["set_a"] / row["path_a"], ROOT / row["set_b"] / row["path_b"]) for row in csv.DictReader(stream)
        ]


def _held_out(table: Table) -> list[bool]:
    """One row in five, drawn by a hash, so that it stays the same whatever else changes.

    Rows of one group, and both sides of a near-duplicate pair, share their draw.
    """
    twins = {other: one for one, other in near_duplicates()}
    keys = []
    for row, path in enumerate(table.paths):
        own = "images/" + twins.get(path, path).name
        keys.append(str(table.group[row]) if table.group is not None else own)
    return [hashlib.sha256(key.encode()).digest()[0] % 5 == 0 for key in keys]


def training_part(name: str) -> Table:
    """The four fifths of a human-rated set that the shipped weights may learn from."""
    table = load(name)
    return table.take([row for row, held in enumerate(_held_out(table)) if not held])


def held_out_part(name: str) -> Table:
    """The fifth of a human-rated set that the shipped weights have never seen; all of GAPED."""
    table = load(name)
    if name == "gaped":
        return table
    return table.take([row for row, held in enumerate(_held_out(table)) if held])
