"""Lexicons of others, read from a file that the user has the right to use; none of them is shipped."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.cells import parse_number, read_cells, read_text
from emoir.emotions.lexicon import Concept, read_lexicon_lines
from emoir.emotions.spaces import EKMAN, MIKELS, PLUTCHIK, POLARITY, EmotionSpace
from emoir.emotions.traditional import simplified
from emoir.errors import ModelError

Lines = Sequence[str]
Concepts = Iterator[tuple[str, Concept]]

# The 21 classes of DUTIR as shares of Mikels' classes; None where a class is a judgement, not a feeling.
_DUTIR: dict[str, dict[str, float] | None] = {
    "PA": {"amusement": 0.5, "contentment": 0.2, "excitement": 0.3},
    "PE": {"contentment": 1},
    "PD": {"awe": 0.8, "contentment": 0.2},
    "PH": None,
    "PG": {"contentment": 1},
    "PB": {"contentment": 0.7, "excitement": 0.3},
    "PK": {"contentment": 0.6, "excitement": 0.4},
    "PC": {"awe": 0.6, "excitement": 0.4},
    "PF": {"sadness": 0.7, "contentment": 0.3},
    "NA": {"anger": 1},
    "NB": {"sadness": 1},
    "NJ": {"sadness": 0.9, "anger": 0.1},
    "NH": {"sadness": 1},
    "NI": {"fear": 1},
    "NC": {"fear": 1},
    "NG": {"sadness": 0.5, "fear": 0.5},
    "NE": {"anger": 0.5, "sadness": 0.5},
    "ND": {"disgust": 0.8, "anger": 0.2},
    "NN": None,
    "NK": {"anger": 0.7, "sadness": 0.3},
    "NL": {"fear": 0.6, "anger": 0.4},
}

_DEPECHE_MOOD: dict[str, dict[str, float]] = {
    "AFRAID": {"fear": 1},
    "AMUSED": {"amusement": 1},
    "ANGRY": {"anger": 1},
    "ANNOYED": {"anger": 0.6, "disgust": 0.4},
    "HAPPY": {"contentment": 0.5, "excitement": 0.3, "amusement": 0.2},
    "INSPIRED": {"awe": 0.7, "excitement": 0.3},
    "SAD": {"sadness": 1},
}


def read_lexicon(file: Path) -> dict[str, Concept]:
    """Read a lexicon, whichever of the known layouts it has.

    - our own: see ``read_lexicon_lines``
    - NRC EmoLex, word level: word, emotion, 0 or 1, separated by tabs, no header. Layout: its README, part
      "Forms of the lexicon". Mohammad & Turney (2013), Computational Intelligence 29(3), 436-465.
    - NRC VAD 1 and 2: ``Word`` or ``term``, valence, arousal, dominance in [0, 1] or [-1, 1]. Layout: its
      README. Mohammad (2018), ACL, 174-184. DOI 10.18653/v1/P18-1017
    - MEmoLon: ``word``, valence, arousal, dominance (1 to 9), joy, anger, sadness, fear, disgust (1 to 5).
      Layout: README of github.com/JULIELab/MEmoLon. Buechel et al. (2020), ACL, 1202-1217.
      DOI 10.18653/v1/2020.acl-main.112
    - CVAW: columns ``Word``, ``Valence_Mean``, ``Arousal_Mean``, 1 to 9. Layout: Yu et al. (2016), NAACL-HLT,
      540-545. DOI 10.18653/v1/N16-1066
    - DUTIR, saved from its spreadsheet as CSV: columns 词语, 情感分类, 强度. Layout: the note that comes with it, as
      shown at chengjun.github.io/mybook/11-2-emotion-dict.html. 徐琳宏等 (2008), 情报学报 27(2), 180-185.
    - DepecheMood++ (English): a word, then AFRAID, AMUSED, ANGRY, ANNOYED, DONT_CARE, HAPPY, INSPIRED, SAD.
      Layout: README of github.com/marcoguerini/DepecheMood. Araque et al. (2019), IEEE Trans. Affective
      Computing 13(1), 496-507. DOI 10.1109/TAFFC.2019.2934444

    Args:
        file: text as ``read_text`` takes it; columns may be separated by tabs, commas or semicolons.

    Returns:
        Words, lower case, in simplified characters, to concepts. Words without numbers are left out.

    Raises:
        ModelError: if it cannot be read or has none of these layouts; the message names what was expected.
    """
    try:
        text = read_text(file)
    except OSError as error:
        raise ModelError(f"lexicon {file}: {error.strerror}; name another with --lexicon") from error
    except ValueError as error:
        raise ModelError(f"lexicon {file}: {error}") from error
    lines = text.splitlines()
    try:
        return {simplified(word.strip().lower()): concept for word, concept in _layout(lines, file)(lines)}
    except (ValueError, KeyError, IndexError) as error:
        raise ModelError(f"lexicon {file}: a line does not fit its layout: {error}") from error


def _layout(lines: Lines, file: Path) -> Callable[[Lines], Concepts]:
    first = lines[0] if lines else ""
    header = {name.strip(' "').lower() for name in re.split(r"[\t,;]", first)}
    if {"word", "valence", "arousal", "joy", "disgust"} <= header:
        return _memolon
    if {"valence", "arousal", "dominance"} <= header:
        return _vad
    if {"word", "valence_mean", "arousal_mean"} <= header:
        return _cvaw
    if {"词语", "情感分类", "强度"} <= header:
        return _dutir
    if {"afraid", "amused", "dont_care", "inspired"} <= header:
        return _depeche_mood
    fields = first.split("\t")
    if len(fields) == 3 and fields[1] in (*PLUTCHIK.names, *POLARITY.names):
        return _emolex
    if len(fields) == 5:
        return lambda rows: read_lexicon_lines(list(rows), file.name)
    raise ModelError(
        f"lexicon {file}: unknown layout; expected NRC EmoLex, NRC VAD, MEmoLon, CVAW, DUTIR (as CSV), DepecheMood++ "
        "or emoir's own (word, Mikels, Ekman, valence, arousal)"
    )


def _rows(lines: Lines) -> list[dict[str, str]]:
    """Lines with a header; of columns of one name the first counts. Between tabs, a quote is a word like others."""
    header, table = read_cells("\n".join(lines), quotes="\t" not in lines[0])
    first = {name: place for place, name in reversed(list(enumerate(header)))}
    return [{name: row[first[name]] for name in header} for _, row in table]


def _number(cell: str) -> float:
    """A number that must be there."""
    value = parse_number(cell)
    if math.isnan(value):
        raise ValueError(f"{cell!r} is no number")
    return value


def _normalised(space: EmotionSpace, shares: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
    values = np.array([max(0.0, shares.get(name, 0.0)) for name in space.names])
    return {space.name: values / values.sum()} if values.sum() > 0 else {}


def _emolex(lines: Lines) -> Concepts:
    found: dict[str, set[str]] = {}
    for line in lines:
        if line.strip():
            word, emotion, associated = line.split("\t")
            found.setdefault(word, set()).update([emotion] if associated.strip() == "1" else [])
    for word, emotions in found.items():
        even = dict.fromkeys(emotions, 1.0)
        distributions = _normalised(PLUTCHIK, even)
        polarity = _normalised(POLARITY, even)
        if distributions:
            yield word, Concept(distributions, None, None)
        elif polarity:
            # A polarity alone is a place in the plane: half way to the pleasant or the unpleasant side.
            yield word, Concept(polarity, 0.25 + float(polarity["polarity"][1]) / 2, 0.5)


def _vad(lines: Lines) -> Concepts:
    names = {name.lower(): name for name in _rows(lines)[0]}
    word = names.get("word") or names["term"]
    points = [(row[word], _number(row[names["valence"]]), _number(row[names["arousal"]])) for row in _rows(lines)]
    # Version 2 goes from -1 to 1.
    signed = any(value < 0 for _, *pair in points for value in pair)
    for text, valence, arousal in points:
        yield text, Concept({}, (valence + 1) / 2, (arousal + 1) / 2) if signed else Concept({}, valence, arousal)


def _memolon(lines: Lines) -> Concepts:
    for row in _rows(lines):
        shares = {name: _number(row[name]) - 1 for name in ("joy", "anger", "sadness", "fear", "disgust")}
        yield row["word"], Concept(_normalised(EKMAN, shares), *(_nine(row[name]) for name in ("valence", "arousal")))


def _cvaw(lines: Lines) -> Concepts:
    for row in _rows(lines):
        yield row["Word"], Concept({}, _nine(row["Valence_Mean"]), _nine(row["Arousal_Mean"]))


def _nine(value: str) -> float:
    """A rating from 1 to 9 in [0, 1]."""
    return min(1.0, max(0.0, (_number(value) - 1) / 8))


def _dutir(lines: Lines) -> Concepts:
    for row in _rows(lines):
        shares = _DUTIR[row["情感分类"].strip()]
        if shares is not None:
            # Strengths are 1, 3, 5, 7 or 9; 5 is plain.
            yield row["词语"], Concept(_normalised(MIKELS, shares), None, None).scaled(0.5 + _number(row["强度"]) / 10)


def _depeche_mood(lines: Lines) -> Concepts:
    for row in _rows(lines):
        shares: dict[str, float] = {}
        for column, classes in _DEPECHE_MOOD.items():
            for name, share in classes.items():
                shares[name] = shares.get(name, 0.0) + share * _number(row[column])
        distributions = _normalised(MIKELS, shares)
        if distributions:
            # The column of the words has no name.
            yield next(iter(row.values())), Concept(distributions, None, None)
