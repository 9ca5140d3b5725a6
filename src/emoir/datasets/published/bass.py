"""BASS: 583 bicolour silhouettes and shapes, valence and arousal.

- Source: https://github.com/gasparl/BASS; 583 images of 300 x 300 black and white pixels.
- Labels: valence and arousal, 1 to 9, means of about 100 raters of a sample in the USA, with deviation and number; a
  Chinese sample rated them as well and is not read here.
- Split: none is agreed on.
- Terms: see the repository's licence; open access.
- Paper: Kawai, C., Lukacs, G. & Ansorge, U. (2021). A new type of pictorial database: the Bicolor Affective
  Silhouettes and Shapes (BASS). Behavior Research Methods 53, 2558-2575. DOI 10.3758/s13428-021-01569-7.
- Layout read in: github.com/gasparl/BASS, ``README.md`` and ``BASS_data.csv`` (its makers'). They do not name the
  scale: the numbers fit the 1 to 9 that is usual in this field.

::

    BASS_data.csv        file_name, val_mean_us, aro_mean_us, val_sd_us, aro_sd_us, val_n_us, aro_n_us, …
    images/abuse.png …
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.published.base import Layout, read_ratings
from emoir.datasets.table import Table

FILE = "BASS_data.csv"
SCALE = (1, 9)
COLUMNS = ("val_mean_us", "val_sd_us", "val_n_us", "aro_mean_us", "aro_sd_us", "aro_n_us")


def _matches(folder: Path) -> bool:
    return (folder / FILE).is_file()


def _read(folder: Path) -> Table:
    names, values = read_ratings(folder / FILE, "file_name", COLUMNS)
    unit = SCALE[1] - SCALE[0]
    return Table(
        name=BASS.name,
        paths=[folder / "images" / name for name in names],
        valence=(values[:, 0] - SCALE[0]) / unit,
        arousal=(values[:, 3] - SCALE[0]) / unit,
        raters={"valence": values[:, 2], "arousal": values[:, 5]},
        std={"valence": values[:, 1] / unit, "arousal": values[:, 4] / unit},
    )


BASS = Layout(name="bass", title="BASS (Kawai et al. 2021)", images=583, matches=_matches, read=_read)
