"""WikiArt Emotions: 4,105 works of art, twenty emotions that the picture alone evoked.

- Source: http://saifmohammad.com/WebPages/wikiartemotions.html; annotations of 4,105 works and their addresses.
- Labels: the share of about ten annotators that named each emotion for the image without its title. They could name
  several, so the shares are divided by their sum: what is read is the share of all mentions.
- Split: none is agreed on.
- Terms: see its README; the works belong to their makers.
- Paper: Mohammad, S. M. & Kiritchenko, S. (2018). WikiArt Emotions: an annotated dataset of emotions evoked by art.
  LREC.
- Layout read in: github.com/Trictiammino/Tesi-Di-Laurea, ``WikiArt-Emotions/README.txt`` (its makers') and
  ``WikiArt-Emotions/WikiArt-Emotions-All.tsv``; several programs that fetch them name the images ``ID.jpg``.

::

    WikiArt-Emotions-All.tsv      ID, Style, Category, …, "Art (image+title): …", "ImageOnly: agreeableness", …
    images/ID.jpg …               anywhere below
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, by_stem, read_rows
from emoir.datasets.table import Table
from emoir.errors import DatasetError

FILE = "WikiArt-Emotions-All.tsv"
PREFIX = "ImageOnly: "
SPACE = "wikiart20"


def _matches(folder: Path) -> bool:
    return (folder / FILE).is_file()


def _read(folder: Path) -> Table:
    header, *rows = read_rows(folder / FILE, "\t", 2)
    columns = {name.removeprefix(PREFIX): place for place, name in enumerate(header) if name.startswith(PREFIX)}
    if "ID" not in header or not columns:
        raise DatasetError(f"{folder / FILE}: no column ID, or none that begins with {PREFIX!r}")
    pictures = by_stem(folder)
    place = header.index("ID")
    try:
        mentions = np.array([[float(row[column]) for column in columns.values()] for row in rows])
    except (ValueError, IndexError) as error:
        raise DatasetError(f"{folder / FILE}: {error}") from None
    total = mentions.sum(axis=1, keepdims=True)
    return Table(
        name=WIKIART.name,
        paths=[pictures.get(row[place], folder / "images" / f"{row[place]}.jpg") for row in rows],
        distributions={SPACE: np.where(total > 0, mentions / np.where(total > 0, total, 1), np.nan)},
        class_names={SPACE: tuple(columns)},
    )


WIKIART = Layout(
    name="wikiart_emotions",
    title="WikiArt Emotions (Mohammad & Kiritchenko 2018)",
    images=4_105,
    matches=_matches,
    read=_read,
)
