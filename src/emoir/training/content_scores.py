"""Scores of phrases: the nearness of picture and phrase becomes the share of people who agree, or a similarity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.cells import parse_number, plain_path, read_table_cells
from emoir.emotions.calibration import ScoreCurve
from emoir.emotions.content import SIMILARITY, TEXT, content_groups
from emoir.errors import DatasetError
from emoir.models.card import CARD, read_card
from emoir.models.text_tower import TextTower
from emoir.training.calibrate import fit_scores

# Every so many of the everyday words is compared with the pictures.
EVERY = 5
# Half of the pairs are no answer at all, one in twenty fits weakly, one in a thousand well.
LEVELS, SCORES = (0.5, 0.95, 0.999), (0.0, 0.25, 0.75, 1.0)
COLUMNS, LEAST_LABELS = ("path", "content", "agreement"), 50


@dataclass(frozen=True, slots=True)
class ContentLabels:
    """What people say of pictures and phrases, pair by pair.

    Args:
        paths: of the pictures.
        phrases: what each may show.
        agreement: (n,) the share of people who say that it does.
    """

    paths: Sequence[Path]
    phrases: Sequence[str]
    agreement: NDArray[np.float64]


def read_content_labels(file: Path) -> ContentLabels:
    """Labels of content, from a table with the columns ``path``, ``content`` and ``agreement``, which is 0 to 1.

    Raises:
        DatasetError: naming what is missing, or the line that is wrong.
    """
    try:
        names, rows = read_table_cells(file)
    except ValueError as error:
        raise DatasetError(f"{file}: {error}; the columns {', '.join(COLUMNS)} are needed") from error
    if missing := [column for column in COLUMNS if column not in names]:
        raise DatasetError(f"{file} has no column {' and no '.join(missing)}; {', '.join(COLUMNS)} are needed")
    place = [names.index(column) for column in COLUMNS]
    paths, phrases, agreement = [], [], []
    for line, cells in rows:
        path, phrase, share = (cells[at] for at in place)
        try:
            agreement.append(parse_number(share))
        except ValueError:
            raise DatasetError(f"{file}, line {line}: agreement {share!r} is no finite number") from None
        if not 0 <= agreement[-1] <= 1:
            raise DatasetError(f"{file}, line {line}: agreement {share} is outside 0 to 1")
        paths.append(file.parent / plain_path(path))
        if not paths[-1].is_file():
            raise DatasetError(f"{file}, line {line}: there is no image {paths[-1]}")
        phrases.append(phrase.strip())
        if not phrases[-1]:
            raise DatasetError(f"{file}, line {line}: content is empty; a phrase is needed")
    if len(rows) < LEAST_LABELS:
        raise DatasetError(f"{file} holds {len(rows)} labels of content; calibration needs {LEAST_LABELS}")
    if min(agreement) == max(agreement):
        raise DatasetError(f"{file}: agreement is {share} in every line; phrases that fit and that do not are needed")
    return ContentLabels(paths, phrases, np.array(agreement))


def similarity_curve(embeddings: NDArray[np.floating], tower: TextTower) -> ScoreCurve:
    """A curve without labels: how near a picture and a phrase are, against pictures and everyday words at large.

    Args:
        embeddings: (n, L) of pictures, of any length.
        tower: gives the embeddings of words.

    Returns:
        From ``(1 + cosine) / 2`` to 0 at the median pair of a picture and a word, 0.25 at the 95th percentile, below
        which matches are hidden, and 0.75 at the 99.9th.
    """
    words = np.stack([tower.embed(word) for word in list(content_groups())[::EVERY]])
    found = np.quantile((1 + _unit(embeddings) @ words.T) / 2, LEVELS)
    # A curve ascends, even where all pictures are alike.
    knots = np.maximum.accumulate([*found, 1.0]) + 1e-5 * np.arange(len(SCORES))
    return ScoreCurve(SCORES[1], tuple(knots.round(6).tolist()), SCORES)


def rated_curve(embeddings: NDArray[np.floating], labels: ContentLabels, tower: TextTower) -> ScoreCurve:
    """A curve from labels: ``(1 + cosine) / 2`` to the share of people who agree.

    Args:
        embeddings: (n, L) of the labelled pictures, pair by pair, of any length.
        labels: n pairs.
        tower: gives the embeddings of the phrases.
    """
    known = {phrase: tower.embed(phrase) for phrase in dict.fromkeys(labels.phrases)}
    phrases = np.stack([known[phrase] for phrase in labels.phrases])
    nearness = (1 + (_unit(embeddings) * phrases).sum(axis=1)) / 2
    return fit_scores(nearness, labels.agreement, float(labels.agreement.mean()))


def write_text_scores(folder: Path, kind: str, curve: ScoreCurve) -> None:
    """Write the calibration of phrases into a model's card, in place of an earlier one; no reading changes by it.

    Args:
        folder: of the model.
        kind: ``TEXT`` for a curve from labels, else ``SIMILARITY``.
        curve: see ``rated_curve`` and ``similarity_curve``.
    """
    card = read_card(folder / CARD)
    kept = {name: value for name, value in card["scores"].items() if name not in (TEXT, SIMILARITY)}
    card["scores"] = {**kept, kind: asdict(curve)}
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _unit(embeddings: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
