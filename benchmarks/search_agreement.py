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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cross_fit import FoldOutputs
from emoir.emotions import EKMAN, MIKELS, EmotionReading, EmotionReadings
from emoir.emotions.calibration import ScoreCurve
from emoir.emotions.lexicon import lexicon
from emoir.emotions.small_words import STRONG, WEAK
from emoir.images.palette import PALETTE_LENGTH
from emoir.index.layout import RowLayout
from emoir.search.compiled import compile_query
from emoir.search.component import QueryComponent
from emoir.search.grammar import parse_query
from emoir.search.terms import TermContext
from emoir.search.terms.example import example_component
from emoir.search.terms.point import point_component
from emoir.search.terms.words import concept_component, meant
from emoir.search.vocabulary import Vocabulary
from emoir.training.calibrate import fit_scores

LAYOUT = RowLayout({"mikels": MIKELS.names, "ekman": EKMAN.names})
VOCABULARY = Vocabulary.of(LAYOUT)
NEAR = 0.15
# Words of the lexicon that calibrate beside the class names.
WORDS = 60
INTENSITIES = {"": 1.0, "slightly": WEAK, "very": STRONG}


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
        embeddings=outputs.joined(name, "embedding"),
        distributions=distributions,
        class_names=LAYOUT.class_names,
        valence=point[:, 0],
        arousal=point[:, 1],
        confidence=zeros,
        monochrome=zeros > 0,
        model="out of fold",
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

    context = TermContext(LAYOUT, VOCABULARY, RowExamples(judged.readings))
    compiled = compile_query(parse_query(query), context)
    return compiled.mean(compiled.raw_scores(np.array([judged.rows @ part.vector for part in compiled.components])))


@dataclass(frozen=True)
class RowExamples:
    """Rows of a set as example images."""

    readings: EmotionReadings

    def of_image(self, id: int) -> EmotionReading:
        """The reading of a row."""
        return self.readings[id]

    def of_file(self, path: str) -> EmotionReading:
        """No files here."""
        raise FileNotFoundError(path)

    def of_code(self, code: str) -> EmotionReading:
        """No codes here."""
        raise ValueError(code)

    def of_phrase(self, phrase: str) -> NDArray[np.float32]:
        """No phrases here."""
        raise ValueError(phrase)

    def id_of_file(self, path: str) -> int | None:
        """No files here."""
        raise FileNotFoundError(path)


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


@dataclass(frozen=True)
class Question:
    """One query of one set: how well rows fit, and how far raters agree.

    Args:
        part: what is asked.
        fits: (n,) of the rows that may answer.
        agreement: (n,) of the same.
        intensity: "", "slightly" or "very".
    """

    part: QueryComponent
    raw_scores: NDArray[np.float32]
    agreement: NDArray[np.float64]
    intensity: str = ""

    def gains(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What calibration is fitted on: fits and agreement, of words as gains over a flat reading and chance."""
        x = self.part.lift(self.raw_scores).astype(np.float64)
        if self.part.flat is None or self.part.chance is None:
            return x, self.agreement
        return x, (self.agreement - self.part.chance) / (1 - self.part.chance)

    def weights(self) -> NDArray[np.float64]:
        """How much each pair counts in the fit: see ``fit_scores``."""
        left = 1.0 if self.part.flat is None or self.part.chance is None else 1 - self.part.chance
        return np.full(len(self.raw_scores), left**2)


def words_of(judged: Judged, generator: np.random.Generator) -> list[str]:
    """The classes of a set and words of the lexicon drawn at random."""
    known = [word for word, concept in lexicon().items() if judged.space in concept.distributions]
    return [*judged.names, *generator.choice(np.array(known), WORDS, replace=False).tolist()]


def questions(sets: dict[str, Judged], kind: str, folds: NDArray[np.int64] | None = None) -> Iterator[Question]:
    """Many questions of one kind, for calibration; only images of some folds if given.

    Words are asked as they are, weakened and strengthened.
    """
    generator = np.random.default_rng(0)
    for one in sets.values():
        allowed = np.ones(len(one.rows), bool) if folds is None else np.isin(one.folds, folds)
        if kind == "words by gain" and one.names:
            for word in words_of(one, generator):
                for intensity, factor in INTENSITIES.items():
                    concept = lexicon()[word].scaled(factor)
                    part = concept_component(concept, LAYOUT)
                    agreement = one.shares[allowed] @ meant(concept.distributions[one.space])
                    yield Question(part, _raw_scores(part, one.rows[allowed]), agreement, intensity)
        elif kind == "example" and one.names:
            everywhere = np.flatnonzero(allowed)
            for example in generator.choice(everywhere, min(200, len(everywhere)), replace=False):
                part = example_component(one.readings[int(example)], LAYOUT)
                # Embeddings of different networks cannot be compared.
                rows = np.flatnonzero(one.folds == one.folds[example])
                rows = rows[rows != example]
                yield Question(part, _raw_scores(part, one.rows[rows]), example_agreement(one, int(example))[rows])
        elif kind == "point" and one.points is not None:
            for valence in (0.1, 0.3, 0.5, 0.7, 0.9):
                for arousal in (0.2, 0.35, 0.5, 0.65, 0.8):
                    part = point_component(valence, arousal, LAYOUT)
                    agreement = point_agreement(one, valence, arousal)[allowed]
                    yield Question(part, _raw_scores(part, one.rows[allowed]), agreement)


def _raw_scores(part: QueryComponent, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows @ part.vector + np.float32(part.offset), np.float32)


def fit_curve(asked: Iterable[Question]) -> ScoreCurve:
    """The calibration of one kind of question."""
    pairs = [(*question.gains(), question.agreement, question.weights()) for question in asked]
    x, y, agreement, weights = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return fit_scores(x, y, float(agreement.mean()), weights)


KINDS = ("words by gain", "example", "point")
SETS = {"fi_subset": "mikels", "abstract_paintings": "mikels", "emotion6": "ekman", "oasis": ""}
