"""EmoSet-118K: 118,102 images from social networks and art, eight emotions.

- Source: https://vcc.tech/EmoSet; 118,102 images, labelled by machines and people together.
- Labels: one of Mikels' eight emotions an image (and attributes of scene, object, face and action, not read here).
- Split: published, 80 / 5 / 15 per cent.
- Terms: see the project's page; the images belong to their makers.
- Paper: Yang, J. et al. (2023). EmoSet: A large-scale visual emotion dataset with rich attributes. ICCV.
  arXiv 2307.07961.
- Layout read in: github.com/JingyuanYY/EmoSet, ``README.md`` and ``EmoSet.py`` (its makers'); rows of three values
  instead of four in github.com/Kahsolt/EmotionSpaces, ``data.py``.

::

    info.json  train.json  val.json  test.json      [["amusement", "amusement_1", "image/…", "annotation/…"], …]
    image/amusement/amusement_1.jpg …               annotation/amusement/amusement_1.json …
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, class_indices
from emoir.datasets.table import Table
from emoir.emotions.spaces import MIKELS
from emoir.errors import DatasetError

PARTS = ("train", "val", "test")


def _matches(folder: Path) -> bool:
    return (folder / "image").is_dir() and all((folder / f"{part}.json").is_file() for part in PARTS)


def _read(folder: Path) -> Table:
    paths, labels, split = [], [], []
    for part in PARTS:
        file = folder / f"{part}.json"
        for number, entry in enumerate(json.loads(file.read_text(encoding="utf-8"))):
            if not isinstance(entry, list) or len(entry) < 3:
                raise DatasetError(f"{file}, entry {number}: emotion, image and annotation are needed")
            # The last is the annotation; an id may stand before the image.
            paths.append(folder / entry[-2])
            labels.append(entry[0])
            split.append(part)
    return Table(
        name=EMOSET.name,
        paths=paths,
        classes={MIKELS.name: class_indices(MIKELS.names, labels)},
        class_names={MIKELS.name: MIKELS.names},
        split=np.array(split, dtype=np.str_),
    )


EMOSET = Layout(name="emoset", title="EmoSet-118K (Yang et al. 2023)", images=118_102, matches=_matches, read=_read)
