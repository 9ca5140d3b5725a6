"""GAPED: 730 pictures in six categories, valence and arousal.

- Source: https://www.unige.ch/cisa/research/materials-and-online-research/research-material; 730 images.
- Labels: valence and arousal, 0 to 100, with the standard deviation between raters.
- Categories: mistreated animals (A), violated human rights (H), neutral (N), positive (P), snakes (Sn), spiders (Sp).
  Most of the correlation over the whole set lies between them. Disturbing content.
- Split: none is agreed on.
- Terms: CC BY-NC-SA 3.0; not to be put on public web pages. emoir never trains on it.
- Paper: Dan-Glauser, E. S. & Scherer, K. R. (2011). The Geneva affective picture database (GAPED). Behavior Research
  Methods 43, 468-477. DOI 10.3758/s13428-011-0064-1.
- Layout read in: github.com/nspotrepka/566, ``data/gaped.py`` and ``data/README.md``.

::

    A_with SD.txt …  Sp_with SD.txt      A001.bmp  12.3 (10.1)  61.2 (20.5) …      after a line of titles
    A/A001.bmp …                         anywhere below
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, by_stem
from emoir.datasets.table import Table
from emoir.errors import DatasetError

CATEGORIES = ("A", "H", "N", "P", "Sn", "Sp")
LARGEST = 100.0


def _file(folder: Path, category: str) -> Path:
    return folder / f"{category}_with SD.txt"


def _matches(folder: Path) -> bool:
    return all(_file(folder, category).is_file() for category in CATEGORIES)


def _read(folder: Path) -> Table:
    pictures = by_stem(folder)
    paths, values = [], []
    for category in CATEGORIES:
        file = _file(folder, category)
        for number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="replace").splitlines()[1:], 2):
            cells = line.replace("(", " ").replace(")", " ").split()
            if not cells:
                continue
            try:
                values.append([float(cell) / LARGEST for cell in cells[1:5]])
            except ValueError:
                raise DatasetError(f"{file}, line {number}: {line!r} is no picture with its ratings") from None
            if len(values[-1]) < 4:
                raise DatasetError(f"{file}, line {number}: valence, arousal and their deviations are needed")
            stem = cells[0].rsplit(".", 1)[0]
            paths.append(pictures.get(stem, folder / category / cells[0]))
    valence, valence_spread, arousal, arousal_spread = np.array(values, dtype=np.float64).reshape(-1, 4).T
    return Table(
        name=GAPED.name,
        paths=paths,
        valence=valence,
        arousal=arousal,
        std={"valence": valence_spread, "arousal": arousal_spread},
    )


GAPED = Layout(name="gaped", title="GAPED (Dan-Glauser & Scherer 2011)", images=730, matches=_matches, read=_read)
