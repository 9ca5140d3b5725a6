"""ArtPhoto: 806 artistic photographs of deviantART, eight emotions.

- Source: https://www.imageemotion.org (``testImages_artphoto.zip``); 806 images.
- Labels: one of Mikels' eight emotions, the word under which the photographer had uploaded the picture.
- Split of the literature: 5 folds, drawn at random; here stratified, seed 0.
- Terms: scientific use; the images belong to their makers.
- Paper: Machajdik, J. & Hanbury, A. (2010). Affective image classification using features inspired by psychology and
  art theory. ACM Multimedia, 83-92. DOI 10.1145/1873951.1873965.
- Layout read in: github.com/Graviti-AI/tensorbay-python-sdk, ``tensorbay/opendataset/ImageEmotion/loader.py``, and
  github.com/Kahsolt/EmotionSpaces, ``data.py`` (which writes ``sad`` for sadness).

::

    amusement_0001.jpg …  sad_0900.jpg              one folder, the emotion before the first underscore
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.published.base import SAME_CLASS, Layout, class_indices
from emoir.datasets.table import Table
from emoir.emotions.spaces import MIKELS


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jpg") if not path.name.startswith("."))


def _emotion(path: Path) -> str:
    return path.name.split("_", 1)[0] if "_" in path.name else ""


def _matches(folder: Path) -> bool:
    words = {_emotion(path).lower() for path in _pictures(folder)}
    # Every picture says its emotion, and all but a few of the eight are there: not a folder of holiday_1.jpg.
    return words <= {*MIKELS.names, *SAME_CLASS} and len(words) > len(MIKELS) // 2


def _read(folder: Path) -> Table:
    paths = _pictures(folder)
    return Table(
        name=ARTPHOTO.name,
        paths=paths,
        classes={MIKELS.name: class_indices(MIKELS.names, map(_emotion, paths))},
        class_names={MIKELS.name: MIKELS.names},
    )


FIVE_FOLDS = {f"fold {number}": 1 for number in range(1, 6)}
ARTPHOTO = Layout(
    name="artphoto",
    title="ArtPhoto (Machajdik & Hanbury 2010)",
    images=806,
    matches=_matches,
    read=_read,
    parts=FIVE_FOLDS,
)
