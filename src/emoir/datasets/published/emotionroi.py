"""EmotionROI: 1,980 photographs of Flickr, six emotions, with the regions that evoke them.

- Source: http://chenlab.ece.cornell.edu/downloads.html; the photographs of Emotion6.
- Labels: the search word, six classes; a map of the evoking regions per image (not read here).
- Split: published, as two lists.
- Terms: academic research, as for Emotion6.
- Paper: Peng, K.-C. et al. (2016). Where do emotions come from? Predicting the Emotion Stimuli Map. ICIP, 614-618.
  DOI 10.1109/ICIP.2016.7532430.
- Layout read in: github.com/Kahsolt/EmotionROI-ex, ``data.py``.

::

    images/anger/1.jpg …
    ground_truth/anger/1.jpg …                      maps, not pictures
    training_testing_split/training.txt testing.txt      a line an image: anger/1.jpg
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, class_indices
from emoir.datasets.table import Table
from emoir.emotions.spaces import EKMAN

KEYWORD = "keyword6"
KEYWORDS = EKMAN.names[:6]
LISTS = {"train": "training.txt", "test": "testing.txt"}


def _matches(folder: Path) -> bool:
    lists = folder / "training_testing_split"
    return (folder / "images").is_dir() and all((lists / name).is_file() for name in LISTS.values())


def _read(folder: Path) -> Table:
    names, split = [], []
    for part, name in LISTS.items():
        lines = (folder / "training_testing_split" / name).read_text(encoding="utf-8-sig").split("\n")
        listed = [line.strip() for line in lines if line.strip()]
        names += listed
        split += [part] * len(listed)
    return Table(
        name=EMOTIONROI.name,
        paths=[folder / "images" / name for name in names],
        classes={KEYWORD: class_indices(KEYWORDS, (name.split("/")[0] for name in names))},
        class_names={KEYWORD: KEYWORDS},
        split=np.array(split, dtype=np.str_),
    )


EMOTIONROI = Layout(
    name="emotionroi",
    title="EmotionROI (Peng et al. 2016)",
    images=1_980,
    matches=_matches,
    read=_read,
    other_folders=("ground_truth",),
)
