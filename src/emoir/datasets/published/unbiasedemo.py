"""UnBiasedEmo: 3,045 photographs in which the same objects evoke six emotions.

- Source: https://rpand002.github.io/emotion.html; 3,045 images.
- Labels: one of six emotions (Ekman's without disgust, with love); the object is the name of the folder below.
- Split: none is agreed on.
- Terms: see its page; the images belong to their makers.
- Paper: Panda, R. et al. (2018). Contemplating visual emotions: understanding and overcoming dataset bias. ECCV,
  594-612. DOI 10.1007/978-3-030-01216-8_36.
- Layout read in: github.com/vimal-isi-edu/LMM_Emotion_Prediction, ``dataset_preprocess.py``.

::

    images/anger/OBJECT/*.jpg …  images/surprise/OBJECT/*.jpg
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.folders import images_below
from emoir.datasets.published.base import Layout, class_indices
from emoir.datasets.published.webemo import SIX
from emoir.datasets.table import Table

SPACE = "unbiasedemo"


def _matches(folder: Path) -> bool:
    emotions = [folder / "images" / name for name in SIX]
    return all(emotion.is_dir() for emotion in emotions) and all(
        any(child.is_dir() for child in emotion.iterdir()) for emotion in emotions
    )


def _read(folder: Path) -> Table:
    found = [(path, name) for name in SIX for path in images_below(folder / "images" / name)]
    return Table(
        name=UNBIASEDEMO.name,
        paths=[path for path, _ in found],
        classes={SPACE: class_indices(SIX, (name for _, name in found))},
        class_names={SPACE: SIX},
    )


UNBIASEDEMO = Layout(
    name="unbiasedemo",
    title="UnBiasedEmo (Panda et al. 2018)",
    images=3_045,
    matches=_matches,
    read=_read,
)
