"""IAPSa: the pictures of the International Affective Picture System that Mikels et al. sorted into eight emotions.

- Source: norms from the archive of Behavior Research Methods; pictures from the Center for the Study of Emotion and
  Attention, on request. About 390 pictures with norms.
- Labels: how strongly raters felt each emotion, 1 to 7: four negative ones for one half of the pictures, four
  positive ones for the other. The class is the strongest, absent where several are.
- Split: none is agreed on.
- Terms: the pictures are for research by those to whom they were lent, and must not be shown on the web.
- Papers: Mikels, J. A. et al. (2005). Emotional category data on images from the International Affective Picture
  System. Behavior Research Methods 37, 626-630. DOI 10.3758/BF03192732. Lang, P. J. et al. (2008). IAPS. Technical
  Report A-8, University of Florida.
- Layout read in: the norms' own ReadMe, and a script that sorts the pictures by these norms, whose repositories a
  search of public code did not name.

::

    Mikels2005negativenorms.csv   Picture, …, AngrMean, DisgMean, FearMean, SadnMean     (or .txt, tab-separated)
    Mikels2005positivenorms.csv   Picture, …, AmusMean, AweMean, ContMean, ExciMean
    1050.jpg  2055.1.jpg …        anywhere below
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, by_stem, favourites, read_rows
from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.emotions.spaces import MIKELS
from emoir.errors import DatasetError

SIDES = {
    "negative": {"AngrMean": "anger", "DisgMean": "disgust", "FearMean": "fear", "SadnMean": "sadness"},
    "positive": {"AmusMean": "amusement", "AweMean": "awe", "ContMean": "contentment", "ExciMean": "excitement"},
}


def _norms(folder: Path, side: str) -> Path | None:
    pattern = re.compile(rf"mikels2005{side}norms\.(csv|txt)", re.IGNORECASE)
    return next((path for path in sorted(folder.iterdir()) if pattern.fullmatch(path.name)), None)


def _matches(folder: Path) -> bool:
    return all(_norms(folder, side) is not None for side in SIDES)


def _read(folder: Path) -> Table:
    pictures = by_stem(folder)
    paths: list[Path] = []
    classes: list[int] = []
    for side, columns in SIDES.items():
        file = _norms(folder, side)
        if file is None:
            raise DatasetError(f"{folder}: no norms of the {side} pictures")
        header, *rows = read_rows(file, "," if file.suffix.lower() == ".csv" else "\t", 1 + len(columns))
        missing = {"Picture", *columns} - set(header)
        if missing:
            raise DatasetError(f"{file}: no column {', '.join(sorted(missing))}; it has {', '.join(header)}")
        place = header.index("Picture")
        means = np.array([[float(row[header.index(name)]) for name in columns] for row in rows])
        indices = np.array([MIKELS.names.index(name) for name in columns.values()])
        strongest = favourites(means)
        classes += np.where(strongest == ABSENT_CLASS, ABSENT_CLASS, indices[strongest]).tolist()
        for row in rows:
            # Tables write 1050.0 for 1050; some pictures are 2055.1.
            name = row[place].removesuffix(".0")
            paths.append(pictures.get(name, folder / f"{name}.jpg"))
    return Table(
        name=IAPSA.name,
        paths=paths,
        classes={MIKELS.name: np.array(classes, dtype=np.int64)},
        class_names={MIKELS.name: MIKELS.names},
    )


IAPSA = Layout(name="iapsa", title="IAPSa (Mikels et al. 2005)", images=390, matches=_matches, read=_read)
