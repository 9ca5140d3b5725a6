"""FI: Flickr and Instagram, eight emotions.

- Source: https://qzyou.github.io (the archive ``emotion_dataset``); 23,308 images published, fewer can still be had.
- Labels: one of Mikels' eight emotions an image, named by at least three of five workers.
- Split of the literature: 80 / 5 / 15 per cent, drawn at random by everyone anew; here stratified, seed 0.
- Terms: none stated; the images belong to their photographers.
- Paper: You, Q. et al. (2016). Building a large scale dataset for image emotion recognition: the fine print and the
  benchmark. AAAI. arXiv 1605.02677.
- Layout read in: github.com/vimal-isi-edu/LMM_Emotion_Prediction, ``dataset_preprocess.py``, and
  github.com/Kahsolt/EmotionSpaces, ``data.py``.

::

    emotion_dataset/amusement/*.jpg …  emotion_dataset/sadness/*.jpg

The folder must keep the name ``emotion_dataset`` (or hold one of that name): eight folders with these names may as
well be a set of one's own.
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.folders import images_below
from emoir.datasets.published.base import Layout, class_indices
from emoir.datasets.table import Table
from emoir.emotions.spaces import MIKELS

ARCHIVE = "emotion_dataset"


def _root(folder: Path) -> Path:
    return folder if folder.name == ARCHIVE else folder / ARCHIVE


def _matches(folder: Path) -> bool:
    return all((_root(folder) / name).is_dir() for name in MIKELS.names)


def _read(folder: Path) -> Table:
    found = [(path, name) for name in MIKELS.names for path in images_below(_root(folder) / name)]
    return Table(
        name=FI.name,
        paths=[path for path, _ in found],
        classes={MIKELS.name: class_indices(MIKELS.names, (name for _, name in found))},
        class_names={MIKELS.name: MIKELS.names},
    )


FI = Layout(
    name="fi",
    title="FI (You et al. 2016)",
    images=23_308,
    matches=_matches,
    read=_read,
    parts={"train": 16, "val": 1, "test": 3},
)
