"""Flickr_LDL and Twitter_LDL: photographs with votes over eight emotions.

- Source: from the authors; 11,150 images of Flickr with 11 raters each, 10,045 of Twitter with 8.
- Labels: votes over Mikels' eight emotions, as a distribution; the class is the favourite, absent where several share
  the first place.
- Split: none is agreed on (80 / 20 and 10 folds are in use).
- Terms: none stated; the images belong to their makers.
- Paper: Yang, J., Sun, M. & Sun, X. (2017). Learning visual sentiment distributions via augmented conditional
  probability neural network. AAAI, 224-230.
- Layout read in: a loader built on github.com/klrc/labvision, which names the columns in this order, and a second
  program that reads the same header, whose repositories a search of public code did not name; the numbers of raters
  in a third. github.com/liuxianyi/StyleEDL, ``dataset/dataset.py``, reads lists of the same form, split in two.

::

    ground_truth.txt      images-name Amusement Awe Contentment Excitement Anger Disgust Fear Sadness
                          1.jpg 3 0 5 1 0 0 0 2                     one space between
    images/1.jpg …
"""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.published.base import Layout, class_indices, favourites, numbers, read_rows
from emoir.datasets.table import Table
from emoir.emotions.spaces import MIKELS

FILE = "ground_truth.txt"
TWITTER_RATERS = 8


def _header(folder: Path) -> list[str]:
    if not (folder / FILE).is_file():
        return []
    with open(folder / FILE, encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline().split()


def _most_votes(folder: Path) -> float:
    return float(numbers(folder / FILE, _rows(folder), slice(1, 1 + len(MIKELS))).sum(axis=1).max(initial=0))


def _rows(folder: Path) -> list[list[str]]:
    return read_rows(folder / FILE, " ", 1 + len(MIKELS))[1:]


def _matches_flickr(folder: Path) -> bool:
    return _header(folder)[:1] == ["images-name"] and _most_votes(folder) > TWITTER_RATERS


def _matches_twitter(folder: Path) -> bool:
    return _header(folder)[:1] == ["images-name"] and _most_votes(folder) <= TWITTER_RATERS


def _read(folder: Path, name: str) -> Table:
    rows = _rows(folder)
    order = class_indices(MIKELS.names, _header(folder)[1 : 1 + len(MIKELS)])
    votes = numbers(folder / FILE, rows, slice(1, 1 + len(MIKELS)))[:, order.argsort()]
    total = votes.sum(axis=1)
    return Table(
        name=name,
        paths=[folder / "images" / row[0] for row in rows],
        distributions={MIKELS.name: votes / total[:, None]},
        classes={MIKELS.name: favourites(votes)},
        class_names={MIKELS.name: MIKELS.names},
        raters={MIKELS.name: total},
    )


def _read_flickr(folder: Path) -> Table:
    return _read(folder, FLICKR_LDL.name)


def _read_twitter(folder: Path) -> Table:
    return _read(folder, TWITTER_LDL.name)


FLICKR_LDL = Layout(
    name="flickr_ldl",
    title="Flickr_LDL (Yang et al. 2017)",
    images=11_150,
    matches=_matches_flickr,
    read=_read_flickr,
)
TWITTER_LDL = Layout(
    name="twitter_ldl",
    title="Twitter_LDL (Yang et al. 2017)",
    images=10_045,
    matches=_matches_twitter,
    read=_read_twitter,
)
