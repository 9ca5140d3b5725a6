"""Condition: a named emotion that one set of stimuli should have, by the model's reading or by norms of raters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from emoir.errors import QueryError
from emoir.index.base import ImageMetadata
from emoir.search.option_text import EmotionBound, Range, parse_emotion_bound, parse_range
from emoir.search.options import FilterOptions

RANGES = ("valence", "arousal", "confidence")
"""What the model reads; every other name is a column of a catalogue."""


def column_value(entry: ImageMetadata, name: str) -> float:
    """The number in a column of an image's catalogue record; NaN where it has none."""
    text = "" if entry.record is None else entry.record.columns.get(name, "")
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of an experiment.

    Args:
        name: of the condition.
        filters: what its images must meet.
        columns: ranges of numbers in the catalogue, such as raters' norms; an image without the number is left out.
    """

    name: str
    filters: FilterOptions
    columns: Mapping[str, Range] = field(default_factory=dict)

    def joined_to(self, common: FilterOptions) -> FilterOptions:
        """The filters together with those that all conditions share; on the same thing, the condition's own hold."""
        own = {name: getattr(self.filters, name) for name in RANGES if getattr(self.filters, name) is not None}
        return replace(common, emotion=(*common.emotion, *self.filters.emotion), **own)

    def meets_columns(self, entry: ImageMetadata) -> bool:
        """Whether an image's record has a number in range in every column."""
        return all(bounds.low <= column_value(entry, name) <= bounds.high for name, bounds in self.columns.items())


def parse_stimulus_condition(text: str) -> Condition:
    """Parse a condition such as ``calm: valence 0.6.., arousal ..0.4, fear<0.2``.

    Args:
        text: a name, a colon, and with commas between: ranges of valence, arousal and confidence, ranges of any
            other number as ``COLUMN LOW..HIGH``, where COLUMN is a header of the catalogue, or bounds on emotions.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_stimulus_condition("calm: arousal ..0.4, fear<0.2").filters.arousal
        Range(low=-inf, high=0.4)
        >>> parse_stimulus_condition("liked: valence_mean 5.5..").columns
        {'valence_mean': Range(low=5.5, high=inf)}
    """
    name, colon, rest = text.partition(":")
    if not colon or not name.strip() or not rest.strip():
        raise QueryError(
            f"condition {text!r}: write such as 'calm: valence 0.6.., arousal ..0.4, fear<0.2'",
            chinese=f"条件“{text}”：请写成 calm: valence 0.6.., arousal ..0.4, fear<0.2 这样",
        )
    ranges: dict[str, Range] = {}
    emotions: list[EmotionBound] = []
    for part in rest.split(","):
        if set(part) & set("<>"):
            emotions.append(parse_emotion_bound(part))
            continue
        stated = re.fullmatch(r"\s*(\S.*?)(?:\s*=\s*|\s+)(\S+)\s*", part)
        if stated is None or (stated[1] not in RANGES and ".." not in stated[2]):
            raise QueryError(
                f"condition {text!r}: {part.strip()!r} is no range such as valence 0.6.. or COLUMN 4.5.. and no bound "
                "on an emotion, such as fear<0.2",
                chinese=f"条件“{text}”：“{part.strip()}”既不是范围（如 valence 0.6..），"
                "也不是对情感的限制（如 fear<0.2）",
            )
        if stated[1] in ranges:
            raise QueryError(
                f"condition {text!r}: {stated[1]} occurs twice", chinese=f"条件“{text}”：{stated[1]} 出现了两次"
            )
        ranges[stated[1]] = _range(stated[1], stated[2])
    return Condition(name.strip(), *_split(ranges, tuple(emotions)))


def parse_factor(text: str) -> list[Condition]:
    """Parse a factor of a design, such as ``valence: negative ..0.4, positive 0.6..``.

    Args:
        text: what varies (valence, arousal, confidence or a column), a colon, and its levels, each a name and a range.

    Returns:
        A condition per level, named after it.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> [level.name for level in parse_factor("arousal: low ..0.3, high 0.5..")]
        ['low arousal', 'high arousal']
    """
    name, colon, rest = (part.strip() for part in text.partition(":"))
    levels = [re.fullmatch(r"\s*(\S.*?)\s+(\S*\.\.\S*)\s*", part) for part in rest.split(",")]
    stated = [level for level in levels if level is not None]
    if not colon or not name or len(stated) < 2 or len(stated) < len(levels):
        raise QueryError(
            f"factor {text!r}: write such as 'valence: negative ..0.4, positive 0.6..'",
            chinese=f"因素“{text}”：请写成 valence: negative ..0.4, positive 0.6.. 这样",
        )
    ranges = [(level[1], {name: _range(name, level[2])}) for level in stated]
    return [Condition(f"{level} {name}", *_split(bounds)) for level, bounds in ranges]


def cross_factors(factors: Sequence[Sequence[Condition]]) -> list[Condition]:
    """The conditions of a factorial design: every combination of one level of each factor.

    Example:
        >>> factors = [parse_factor("valence: low ..0.4, high 0.6.."), parse_factor("arousal: low ..0.3, high 0.5..")]
        >>> [condition.name for condition in cross_factors(factors)][:2]
        ['low valence, low arousal', 'low valence, high arousal']
    """
    crossed = []
    for levels in product(*factors):
        filters, columns = FilterOptions(), dict[str, Range]()
        for level in levels:
            filters = level.joined_to(filters)
            columns |= level.columns
        crossed.append(Condition(", ".join(level.name for level in levels), filters, columns))
    return crossed


def parse_validity(texts: Sequence[str]) -> dict[str, float]:
    """Parse how well the model's valence and arousal agree with raters, such as ``valence=0.47``.

    Raises:
        QueryError: unless each names valence or arousal and a correlation from 0 to 1.

    Example:
        >>> parse_validity(["valence=0.47"])
        {'valence': 0.47}
    """
    found: dict[str, float] = {}
    for text in texts:
        stated = re.fullmatch(r"\s*(valence|arousal)\s*=\s*(0?\.\d+|[01](?:\.0*)?)\s*", text)
        if stated is None:
            raise QueryError(
                f"--validity {text!r}: write a correlation from 0 to 1, such as valence=0.47",
                chinese=f"--validity“{text}”：请写 0 到 1 之间的相关系数，例如 valence=0.47",
            )
        found[stated[1]] = float(stated[2])
    return found


def _range(name: str, text: str) -> Range:
    """A range of a reading, from 0 to 1, or of any numbers in a column."""
    if name in RANGES:
        return parse_range(text, name, 1)
    low, separator, high = text.partition("..")
    try:
        bounds = Range(float(low or "-inf"), float(high or "inf"))
    except ValueError:
        bounds = Range(math.nan, math.nan)
    if not separator or not bounds.low <= bounds.high or not (low or high):
        raise QueryError(
            f"{name} {text!r}: write a range such as 4.5.. or ..3 or 2.5..4",
            chinese=f"{name}“{text}”：请写一个范围，例如 4.5..、..3 或 2.5..4",
        )
    return bounds


def _split(
    ranges: Mapping[str, Range], emotions: tuple[EmotionBound, ...] = ()
) -> tuple[FilterOptions, dict[str, Range]]:
    filters = FilterOptions(
        valence=ranges.get("valence"),
        arousal=ranges.get("arousal"),
        confidence=ranges.get("confidence"),
        emotion=emotions,
    )
    return filters, {name: bounds for name, bounds in ranges.items() if name not in RANGES}
