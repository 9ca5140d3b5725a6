"""Queries put to out-of-fold readings, and how far human raters agree with what comes back.

One search is one query against the images of a set. A rater agrees

- with a word, if she names an emotion that it means (to the degree that the word means it): FI's label; the raters'
  shares for Emotion6 and abstract paintings;
- with an example, if she names for the result what the example's rater named: the chance that two raters coincide;
- with a point, if the result's mean rating lies within 0.15 of it on both axes (scale 0 to 1).

A sum is agreed with by the mean of its terms, a negated term by one minus its own, so calibrating the three kinds of
question calibrates every query.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions import EKMAN, MIKELS, EmotionReading, EmotionReadings
from emoir.emotions.lexicon import lexicon
from emoir.images.palette import PALETTE_LENGTH
from emoir.index.layout import RowLayout
from emoir.search.parse import parse_query
from emoir.search.query import ImageId, Subject
from emoir.search.target import Language, meant, query_target
from shipped import FoldOutputs

LAYOUT = RowLayout({"mikels": MIKELS.names, "ekman": EKMAN.names})
LANGUAGE = Language.of(LAYOUT)
NEAR = 0.15
# Words of the lexicon that calibrate beside the class names.
WORDS = 60


@dataclass(frozen=True)
class Judged:
    """A set's rows as an index would hold them, and what raters said.

    Args:
        rows: (n, d), by networks that had not learnt from the images.
        folds: (n,).
        shares: (n, K) raters' shares over ``names``.
        names: classes.
        points: (n, 2) human valence and arousal, or None.
        readings: of the same images.
        space: of the shares.
    """

    rows: NDArray[np.float32]
    folds: NDArray[np.int64]
    shares: NDArray[np.float64]
    names: tuple[str, ...]
    points: NDArray[np.float64] | None
    readings: EmotionReadings
    space: str


def judged(outputs: FoldOutputs, name: str, space: str) -> Judged:
    """A set with its out-of-fold rows; a fold's temperatures come from the other folds."""

    import development
    from probes import shares_of

    table, folds = development.folds(name)
    distributions = {head: outputs.calibrated(name, head).astype(np.float32) for head in LAYOUT.class_names}
    point = outputs.joined(name, "valence_arousal")
    zeros = np.zeros(len(table), np.float32)
    readings = EmotionReadings(
        outputs.joined(name, "embedding"),
        distributions,
        LAYOUT.class_names,
        point[:, 0],
        point[:, 1],
        zeros,
        zeros > 0,
        "out of fold",
    )
    packed = LAYOUT.pack(readings, np.full((len(table), PALETTE_LENGTH), 1 / PALETTE_LENGTH, np.float32))
    if space:
        shares, known = shares_of(table, space, np.arange(len(table)))
        names = table.class_names[space]
    else:
        shares, known, names = np.zeros((len(table), 0)), np.ones(len(table), bool), ()
    points = None
    if table.valence is not None and table.arousal is not None:
        points = np.stack([table.valence, table.arousal], axis=1)[known]
    index = np.flatnonzero(known)
    chosen = packed[index].astype(np.float32)
    return Judged(chosen, folds.folds[index], shares[index], names, points, _take(readings, index), space)


def _take(readings: EmotionReadings, rows: NDArray[np.intp]) -> EmotionReadings:
    return EmotionReadings.stack([readings[int(row)] for row in rows])


def products(judged: Judged, query: str) -> NDArray[np.float32]:
    """A query's uncalibrated score of every row; ``id:N`` is row N."""

    def read_example(subject: Subject) -> EmotionReading:
        assert isinstance(subject, ImageId)
        return judged.readings[subject.id]

    target = query_target(parse_query(query), LAYOUT, read_example, LANGUAGE)
    return target.mean(target.fits(judged.rows))


def word_agreement(judged: Judged, word: str) -> NDArray[np.float64]:
    """The share of raters who name what a word means; classes that it means less count less."""
    return np.asarray(judged.shares @ meant(lexicon()[word].distributions[judged.space]))


def example_agreement(judged: Judged, example: int) -> NDArray[np.float64]:
    """The chance that a rater of the example and one of the result name the same."""
    return np.asarray(judged.shares @ judged.shares[example])


def point_agreement(judged: Judged, valence: float, arousal: float) -> NDArray[np.float64]:
    """Whether the human mean rating lies near the point."""
    assert judged.points is not None
    return (abs(judged.points - [valence, arousal]) <= NEAR).all(axis=1).astype(float)


def words_of(judged: Judged, generator: np.random.Generator) -> list[str]:
    """The classes of a set and words of the lexicon drawn at random."""
    known = [word for word, concept in lexicon().items() if judged.space in concept.distributions]
    return [*judged.names, *generator.choice(np.array(known), WORDS, replace=False).tolist()]


def training_pairs(
    sets: dict[str, Judged], kind: str, folds: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fits and agreements of many questions of one kind, for calibration; only images of some folds if given."""
    generator = np.random.default_rng(0)
    x: list[NDArray[np.floating]] = []
    y: list[NDArray[np.floating]] = []

    def add(one: Judged, query: str, agreement: NDArray[np.float64], leave: int | None = None) -> None:
        kept = np.ones(len(one.rows), bool) if folds is None else np.isin(one.folds, folds)
        if leave is not None:
            # Embeddings of different networks cannot be compared.
            kept &= one.folds == one.folds[leave]
            kept[leave] = False
        x.append(products(one, query)[kept])
        y.append(agreement[kept])

    for one in sets.values():
        allowed = np.arange(len(one.rows)) if folds is None else np.flatnonzero(np.isin(one.folds, folds))
        if kind == "words" and one.names:
            for word in words_of(one, generator):
                add(one, f'"{word}"', word_agreement(one, word))
        elif kind == "example" and one.names:
            for example in generator.choice(allowed, min(200, len(allowed)), replace=False):
                add(one, f"id:{example}", example_agreement(one, example), int(example))
        elif kind == "point" and one.points is not None:
            for valence in (0.1, 0.3, 0.5, 0.7, 0.9):
                for arousal in (0.2, 0.35, 0.5, 0.65, 0.8):
                    add(one, f"va:{valence},{arousal}", point_agreement(one, valence, arousal))
    return np.concatenate(x).astype(np.float64), np.concatenate(y)


KINDS = ("words", "example", "point")
SETS = {"fi_subset": "mikels", "abstract_paintings": "mikels", "emotion6": "ekman", "oasis": ""}
