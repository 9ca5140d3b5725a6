"""Abstract: 280 abstract paintings with votes over eight emotions.

- Source: https://www.imageemotion.org (``testImages_abstract.zip``); 280 images, 228 of them with one favourite.
- Labels: votes of about 14 people over Mikels' eight emotions, as a distribution; the class is the favourite and
  absent where several share the first place.
- Split of the literature: 5 folds, drawn at random; here stratified by favourite, seed 0.
- Terms: scientific use only.
- Paper: Machajdik, J. & Hanbury, A. (2010). Affective image classification using features inspired by psychology and
  art theory. ACM Multimedia, 83-92. DOI 10.1145/1873951.1873965.
- Layout read in: github.com/Graviti-AI/tensorbay-python-sdk, ``tensorbay/opendataset/ImageEmotion/loader.py``, and
  github.com/Kahsolt/EmotionSpaces, ``data.py``.

::

    ABSTRACT_groundTruth.csv      '','Amusement','Anger','Awe','Content','Disgust','Excitement','Fear','Sad'
                                  'abstract_0001.jpg',2,0,1,5,0,3,1,2
    abstract_0001.jpg …
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.published.artphoto import FIVE_FOLDS
from emoir.datasets.published.base import Layout, class_indices, favourites, numbers, read_rows
from emoir.datasets.table import Table
from emoir.emotions.spaces import MIKELS

FILE = "ABSTRACT_groundTruth.csv"


def _matches(folder: Path) -> bool:
    return (folder / FILE).is_file()


def _read(folder: Path) -> Table:
    header, *rows = read_rows(folder / FILE, ",", 1 + len(MIKELS))
    order = class_indices(MIKELS.names, (cell.strip("'\"") for cell in header[1 : 1 + len(MIKELS)]))
    votes = numbers(folder / FILE, rows, slice(1, 1 + len(MIKELS)))[:, order.argsort()]
    total = votes.sum(axis=1)
    return Table(
        name=ABSTRACT.name,
        paths=[folder / row[0].strip("'\"") for row in rows],
        distributions={MIKELS.name: votes / total[:, None]},
        classes={MIKELS.name: favourites(votes)},
        class_names={MIKELS.name: MIKELS.names},
        raters={MIKELS.name: total},
    )


ABSTRACT = Layout(
    name="abstract",
    title="Abstract (Machajdik & Hanbury 2010)",
    images=280,
    matches=_matches,
    read=_read,
    parts=FIVE_FOLDS,
)
