"""WEBEmo: 267,441 stock photographs found by 25 emotion words.

- Source: https://rpand002.github.io/emotion.html; addresses of images, many of which are gone.
- Labels: the search word: 25 fine emotions (``webemo25``), grouped to six (``webemo6``: with love, without disgust,
  and confusion, which is in none of the six and absent there) and to polarity. Nobody looked at the pictures.
- Split: published, 213,952 to train and 53,489 to test.
- Terms: each photograph keeps its own; its makers give no assurance.
- Paper: Panda, R. et al. (2018). Contemplating visual emotions: understanding and overcoming dataset bias. ECCV,
  594-612. DOI 10.1007/978-3-030-01216-8_36.
- Layout read in: github.com/ccivit/download_webEmo, ``README.txt`` and ``category.txt`` (its makers') and
  ``download_dataset.py``, which puts the images into these folders.

::

    train25.txt  test25.txt      a line an image: ADDRESS NUMBER
    train/NUMBER/NAME …          NAME is the end of the address
    test/NUMBER/NAME …
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, class_indices, read_rows
from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.emotions.spaces import POLARITY
from emoir.errors import DatasetError

# The fine emotion (spelt as published), its group, and whether it is positive; the number is its place.
CATEGORIES = (
    ("affection", "love", True),
    ("cheerfullness", "joy", True),
    ("confusion", "", False),
    ("contentment", "joy", True),
    ("disappointment", "sadness", False),
    ("disgust", "anger", False),
    ("enthrallment", "joy", True),
    ("envy", "anger", False),
    ("exasperation", "anger", False),
    ("gratitude", "love", True),
    ("horror", "fear", False),
    ("irritabilty", "anger", False),
    ("lust", "love", True),
    ("neglect", "sadness", False),
    ("nervousness", "fear", False),
    ("optimism", "joy", True),
    ("pride", "joy", True),
    ("rage", "anger", False),
    ("relief", "joy", True),
    ("sadness", "sadness", False),
    ("shame", "sadness", False),
    ("suffering", "sadness", False),
    ("surprise", "surprise", True),
    ("sympathy", "sadness", False),
    ("zest", "joy", True),
)
SIX = ("anger", "fear", "joy", "love", "sadness", "surprise")
PARTS = ("train", "test")


def _matches(folder: Path) -> bool:
    return all((folder / f"{part}25.txt").is_file() for part in PARTS)


def _read(folder: Path) -> Table:
    paths, fine, split = [], [], []
    for part in PARTS:
        file = folder / f"{part}25.txt"
        for address, number in (row[:2] for row in read_rows(file, " ", 2)):
            if not number.isdecimal() or int(number) >= len(CATEGORIES):
                raise DatasetError(f"{file}, the row of {address}: {number!r} is no class from 0 to 24")
            paths.append(folder / part / number / address.rsplit("/", 1)[-1])
            fine.append(int(number))
            split.append(part)
    indices = np.array(fine, dtype=np.int64)
    groups = class_indices(SIX, (group for _, group, _ in CATEGORIES))
    sides = np.array([int(positive) for _, _, positive in CATEGORIES], dtype=np.int64)
    names = tuple(name for name, _, _ in CATEGORIES)
    return Table(
        name=WEBEMO.name,
        paths=paths,
        classes={
            "webemo25": indices,
            "webemo6": groups[indices] if len(indices) else np.full(0, ABSENT_CLASS),
            POLARITY.name: sides[indices],
        },
        class_names={"webemo25": names, "webemo6": SIX, POLARITY.name: POLARITY.names},
        split=np.array(split, dtype=np.str_),
    )


WEBEMO = Layout(name="webemo", title="WEBEmo (Panda et al. 2018)", images=267_441, matches=_matches, read=_read)
