"""Twitter I: 1,269 pictures of Twitter, positive or negative.

- Source: https://qzyou.github.io ("PCNN Twitter Dataset"); 1,269 images.
- Labels: five workers said positive or negative; three lists hold the images on which at least three (all of them),
  at least four and all five agreed, with the majority: 0 negative, 1 positive.
- Split: none is agreed on.
- Terms: none stated; the pictures belong to those who posted them.
- Paper: You, Q. et al. (2015). Robust image sentiment analysis using progressively trained and domain transferred deep
  networks. AAAI, 381-388. arXiv 1509.06041.
- Layout read in: three programs that open these lists and this folder, whose repositories a search of public code did
  not name; github.com/Kahsolt/EmotionSpaces, ``data.py``, opens the same folder, and
  github.com/zeroQiaoba/gpt4v-emotion, ``results/twitter1``, names lists of the same three kinds.

::

    three_agree.txt  four_agree.txt  five_agree.txt      a line an image: NAME 1
    Agg_AMT_Candidates/NAME
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, read_rows
from emoir.datasets.table import Table
from emoir.emotions.spaces import POLARITY
from emoir.errors import DatasetError

RATERS = 5
LISTS = {3: "three_agree.txt", 4: "four_agree.txt", 5: "five_agree.txt"}
IMAGES = "Agg_AMT_Candidates"


def _matches(folder: Path) -> bool:
    return (folder / IMAGES).is_dir() and (folder / LISTS[3]).is_file()


def _read(folder: Path) -> Table:
    labels: dict[str, int] = {}
    agreeing: dict[str, int] = {}
    for number, name in LISTS.items():
        file = folder / name
        for image, label in (row[:2] for row in (read_rows(file, " ", 2) if file.is_file() else [])):
            if label not in ("0", "1"):
                raise DatasetError(f"{file}, the row of {image}: {label!r} is neither 0 nor 1")
            labels[image], agreeing[image] = int(label), number
    classes = np.array(list(labels.values()), dtype=np.int64)
    majority = np.array(list(agreeing.values())) / RATERS
    shares = np.stack([1 - majority, majority], axis=1)
    return Table(
        name=TWITTER.name,
        paths=[folder / IMAGES / name for name in labels],
        distributions={POLARITY.name: np.where(classes[:, None] == 1, shares, shares[:, ::-1])},
        classes={POLARITY.name: classes},
        class_names={POLARITY.name: POLARITY.names},
        raters={POLARITY.name: np.full(len(classes), float(RATERS))},
    )


TWITTER = Layout(name="twitter1", title="Twitter I (You et al. 2015)", images=1_269, matches=_matches, read=_read)
