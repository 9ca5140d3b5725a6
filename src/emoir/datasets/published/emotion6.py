"""Emotion6: 1,980 photographs of Flickr with distributions over seven emotions, valence and arousal.

- Source: http://chenlab.ece.cornell.edu/downloads.html; 330 images for each of six search words.
- Labels: three views in one table. ``ekman``: the share of raters for each of Ekman's six emotions and neutral;
  valence and arousal, 1 to 9; ``keyword6``: the search word, the label of the published "6 classes" accuracies, which
  the raters' favourite matches in about half of the images.
- Split of the literature: 80 / 20 per cent, drawn at random; here stratified by search word, seed 0.
- Terms: academic research only; the images belong to their photographers (its own ReadMe).
- Paper: Peng, K.-C. et al. (2015). A mixed bag of emotions: model, predict, and transfer emotion distributions. CVPR,
  860-868. DOI 10.1109/CVPR.2015.7298687.
- Layout read in: its own ReadMe; github.com/vimal-isi-edu/LMM_Emotion_Prediction, ``dataset_preprocess.py``; and
  github.com/Kahsolt/EmotionSpaces, ``data.py``.

::

    ground_truth.txt      tab-separated: [image_filename] [valence] [arousal] [prob. anger] … [prob. neutral]
    images/disgust/1.jpg …
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.datasets.published.base import Layout, class_indices, numbers, read_rows
from emoir.datasets.table import Table
from emoir.emotions.spaces import EKMAN

KEYWORD = "keyword6"
KEYWORDS = EKMAN.names[:6]
SCALE = (1, 9)
# Of every image, by the paper, section 3.
RATERS = 15


def _matches(folder: Path) -> bool:
    file = folder / "ground_truth.txt"
    if not file.is_file():
        return False
    with open(file, encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline().startswith("[image_filename]")


def _read(folder: Path) -> Table:
    file = folder / "ground_truth.txt"
    rows = read_rows(file, "\t", 10)[1:]
    values = numbers(file, rows, slice(1, 10))
    point = (values[:, :2] - SCALE[0]) / (SCALE[1] - SCALE[0])
    shares = values[:, 2:]
    return Table(
        name=EMOTION6.name,
        paths=[folder / "images" / row[0] for row in rows],
        # Printed with six digits, they do not quite sum to 1.
        distributions={EKMAN.name: shares / shares.sum(axis=1, keepdims=True)},
        classes={KEYWORD: class_indices(KEYWORDS, (row[0].split("/")[0] for row in rows))},
        class_names={EKMAN.name: EKMAN.names, KEYWORD: KEYWORDS},
        valence=np.asarray(point[:, 0]),
        arousal=np.asarray(point[:, 1]),
        raters={EKMAN.name: np.full(len(rows), float(RATERS))},
    )


EMOTION6 = Layout(
    name="emotion6",
    title="Emotion6 (Peng et al. 2015)",
    images=1_980,
    matches=_matches,
    read=_read,
    parts={"train": 4, "test": 1},
)
