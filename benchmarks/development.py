"""The development sets as tables: the mapping from their columns to ours.

The images are not part of this repository. Point EMOIR_DEVELOPMENT_DATA at the folder that holds them;
the default is ../shared/data beside the checkout.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def painting_votes() -> NDArray[np.float64]:
    """(n, 8) votes for the classes of ``MIKELS`` that every abstract painting got, in the order of its table."""
    with open(ROOT / "abstract_paintings" / "labels.csv", newline="", encoding="utf-8") as stream:
        return np.array([[float(row[f"votes_{name}"]) for name in MIKELS.names] for row in csv.DictReader(stream)])


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
