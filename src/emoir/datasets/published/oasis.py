"""OASIS: 900 photographs of many themes, valence and arousal.

- Source: https://osf.io/6pnd7; 900 images.
- Labels: valence and arousal, 1 to 7, means of about 100 raters each, with deviation and number.
- Groups: themes ("Dog 1" to "Dog 24" are one): random folds overstate correlations, so themes stay whole.
- Split: none is agreed on.
- Terms: open access; research.
- Paper: Kurdi, B., Lozano, S. & Banaji, M. R. (2017). Introducing the Open Affective Standardized Image Set (OASIS).
  Behavior Research Methods 49, 457-470. DOI 10.3758/s13428-016-0715-3.
- Layout read in: github.com/bkurdi/shiny-server, ``OASIS.csv`` and ``server.R`` (its makers'), and
  github.com/Kahsolt/EmotionSpaces, ``data.py`` (themes may end in a space).

::

    OASIS.csv             "", Theme, Category, Source, Valence_mean, Valence_SD, Valence_N, Arousal_mean, …
    images/Dog 1.jpg …    (or Images)
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, read_ratings
from emoir.datasets.table import Table

FILE = "OASIS.csv"
SCALE = (1, 7)
COLUMNS = ("Valence_mean", "Valence_SD", "Valence_N", "Arousal_mean", "Arousal_SD", "Arousal_N")


def _matches(folder: Path) -> bool:
    return (folder / FILE).is_file()


def _read(folder: Path) -> Table:
    themes, values = read_ratings(folder / FILE, "Theme", COLUMNS)
    images = folder / ("Images" if (folder / "Images").is_dir() else "images")
    unit = SCALE[1] - SCALE[0]
    return Table(
        name=OASIS.name,
        paths=[images / f"{theme}.jpg" for theme in themes],
        valence=(values[:, 0] - SCALE[0]) / unit,
        arousal=(values[:, 3] - SCALE[0]) / unit,
        group=np.array([re.sub(r"\s*\d+$", "", theme) for theme in themes], dtype=np.str_),
        raters={"valence": values[:, 2], "arousal": values[:, 5]},
        std={"valence": values[:, 1] / unit, "arousal": values[:, 4] / unit},
    )


OASIS = Layout(name="oasis", title="OASIS (Kurdi et al. 2017)", images=900, matches=_matches, read=_read)
