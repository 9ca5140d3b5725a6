"""Filters: conditions that an image must meet to be ranked at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.mappings import TABLES, mapping
from emoir.emotions.spaces import SPACES
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.index.attributes import Attributes
from emoir.index.layout import RowLayout

ORIENTATIONS = ("landscape", "portrait", "square")
# Sides that differ by less than this are a square to the eye.
SQUARE = 1.05


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both included."""

    low: float = float("-inf")
    high: float = float("inf")

    def holds(self, values: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which values lie inside; NaN does not."""
        return (values >= self.low) & (values <= self.high)


def parse_range(text: str, name: str, most: float = np.inf) -> Range:
    """Parse ``0.6..``, ``..0.4``, ``0.2..0.5`` or a single number.

    Args:
        text: as written.
        name: of what is bounded.
        most: what it can be at most; it begins at 0.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_range("0.2..0.5", "valence")
        Range(low=0.2, high=0.5)
    """
    low, separator, high = (part.strip() for part in text.partition(".."))
    if not separator:
        high = low
    try:
        if not (low or high) or "nan" in (low + high).lower():
            raise ValueError
        result = Range(float(low or "-inf"), float(high or "inf"))
    except ValueError:
        raise QueryError(
            f"{name} {text!r}: write a range such as 0.6.. or ..0.4 or 0.2..0.5",
            chinese=f"{name}“{text}”：请写一个范围，例如 0.6..、..0.4 或 0.2..0.5",
        ) from None
    if result.low > result.high:
        raise QueryError(
            f"{name} {text!r}: the range is empty; write the smaller number first",
            chinese=f"{name}“{text}”：范围是空的，请先写较小的数",
        )
    if result.low > most or result.high < 0:
        raise QueryError(
            f"{name} {text!r}: no value lies there; it goes from 0 to {most:g}",
            chinese=f"{name}“{text}”：没有这样的值；范围是 0 到 {most:g}",
        )
    return result


def parse_days(text: str) -> Range:
    """Parse a time as ``2019..2021-06``, ``2020-05-01..`` or one year, month or day, into days as YYYYMMDD.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_days("2019..2021-06")
        Range(low=20190101, high=20210699)
    """
    low, separator, high = text.partition("..")
    try:
        first = _day(low, "01") if low.strip() else float("-inf")
        last = _day(high if separator else low, "99") if (high if separator else low).strip() else float("inf")
    except ValueError:
        raise QueryError(
            f"taken {text!r}: write such as 2019..2021-06, 2020-05-01.. or 2020",
            chinese=f"拍摄时间“{text}”：请写成 2019..2021-06、2020-05-01.. 或 2020",
        ) from None
    if first > last or not text.strip(" ."):
        raise QueryError(
            f"taken {text!r}: write the earlier time first, such as 2019..2021-06",
            chinese=f"拍摄时间“{text}”：请先写较早的时间，例如 2019..2021-06",
        )
    return Range(first, last)


def _day(text: str, rest: str) -> int:
    match = re.fullmatch(r"(\d{4})(?:[-:.](\d\d))?(?:[-:.](\d\d))?", text.strip())
    if not match:
        raise ValueError
    date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    return int(match[1] + (match[2] or rest) + (match[3] or rest))


@dataclass(frozen=True, slots=True)
class EmotionCondition:
    """A bound on the probability of one class, such as ``fear<0.2`` or ``ekman.joy>0.5``.

    Args:
        name: of the class; ``space.class`` where several spaces have it.
        below: whether the probability must stay below the bound, not above.
        bound: in [0, 1].
    """

    name: str
    below: bool
    bound: float


def parse_condition(text: str) -> EmotionCondition:
    """Parse a bound on one emotion, in English or Chinese.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_condition("fear<0.2")
        EmotionCondition(name='fear', below=True, bound=0.2)
    """
    match = re.fullmatch(r"\s*([\w.\- ]+?)\s*([<>])=?\s*(\d*\.?\d+)\s*", text)
    if not match or not 0 <= float(match[3]) <= 1:
        raise QueryError(
            f"emotion {text!r}: write such as 'fear<0.2' or 'joy>0.5', with a number from 0 to 1",
            chinese=f"情感“{text}”：请写成 fear<0.2 或 joy>0.5，数字在 0 到 1 之间",
        )
    return EmotionCondition(match[1].lower(), match[2] == "<", float(match[3]))


def parse_orientation(text: str) -> str:
    """Check an orientation.

    Raises:
        QueryError: naming the orientations.
    """
    if text not in ORIENTATIONS:
        raise QueryError(f"orientation {text!r}: write {', '.join(ORIENTATIONS)}")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All conditions together; None and empty mean no condition.

    Args:
        valence, arousal, confidence: ranges in [0, 1].
        emotions: bounds on single emotions.
        taken: days as YYYYMMDD; images without a date are left out.
        side: pixels of the shorter side.
        orientation: one of ``ORIENTATIONS``.
        monochrome: only pictures without colours (True) or with (False).
    """

    valence: Range | None = None
    arousal: Range | None = None
    confidence: Range | None = None
    emotions: tuple[EmotionCondition, ...] = ()
    taken: Range | None = None
    side: Range | None = None
    orientation: str | None = None
    monochrome: bool | None = None

    def mask(
        self, rows: NDArray[np.floating], layout: RowLayout, attributes: Callable[[], Attributes]
    ) -> NDArray[np.bool_]:
        """Which rows meet every condition.

        Args:
            rows: (n, d).
            layout: of the rows.
            attributes: gives those of the same n images; asked only if a condition needs them.

        Returns:
            (n,) bool.

        Raises:
            QueryError: for an emotion that no space knows.
        """
        kept = np.ones(len(rows), dtype=bool)
        for bounds, column in ((self.valence, layout.point.start), (self.arousal, layout.point.start + 1)):
            if bounds is not None:
                kept &= bounds.holds(rows[:, column].astype(np.float32))
        for condition in self.emotions:
            shares = class_probability(condition.name, rows, layout)
            kept &= shares < condition.bound if condition.below else shares > condition.bound
        if self.confidence is not None:
            kept &= self.confidence.holds(attributes().confidence)
        if self.taken is not None:
            kept &= self.taken.holds(attributes().day)
        if self.side is not None:
            kept &= self.side.holds(np.minimum(attributes().width, attributes().height))
        if self.orientation is not None:
            kept &= _orientation(attributes()) == ORIENTATIONS.index(self.orientation)
        if self.monochrome is not None:
            kept &= attributes().monochrome == self.monochrome
        return kept


def class_probability(name: str, rows: NDArray[np.floating], layout: RowLayout) -> NDArray[np.float32]:
    """The probability of one class in every row, by its own space or carried over from another.

    Args:
        name: a class of any space, in English or Chinese; ``space.class`` to choose the space. Otherwise the
            rows' own spaces go first, in their order, then the spaces that they map to.
        rows: (n, d).
        layout: of the rows.

    Raises:
        QueryError: if no space has it, naming all classes.
    """
    chosen, _, bare = name.rpartition(".")
    for space, names in layout.class_names.items():
        if chosen in ("", space.lower()) and (place := _place(bare, space, names)) is not None:
            return rows[:, layout.distribution(space)][:, place].astype(np.float32) ** 2
    for source in layout.class_names:
        for target, known in SPACES.items():
            place = _place(bare, target, known.names)
            if chosen in ("", target) and place is not None and (source, target) in TABLES:
                shares = rows[:, layout.distribution(source)].astype(np.float32) ** 2
                return np.asarray(shares @ mapping(source, target)[:, place].astype(np.float32))
    classes = [name for names in layout.class_names.values() for name in names]
    classes += [name for space in SPACES.values() for name in space.names]
    choices = list(dict.fromkeys(classes))
    raise QueryError(
        f"no emotion {name!r} to filter by; there are {', '.join(choices)}",
        chinese=f"不能按“{name}”筛选；可用的情感有：{'、'.join(choices)}",
    )


def _place(name: str, space: str, names: tuple[str, ...]) -> int | None:
    name = simplified(name)
    lower = [simplified(other.lower()) for other in names]
    if name in lower:
        return lower.index(name)
    chinese = SPACES[space].chinese if space in SPACES else ()
    return chinese.index(name) if name in chinese else None


def _orientation(attributes: Attributes) -> NDArray[np.intp]:
    """0 landscape, 1 portrait, 2 square."""
    aspect = attributes.width / np.maximum(attributes.height, 1)
    return np.where(aspect > SQUARE, 0, np.where(aspect < 1 / SQUARE, 1, 2))


def parse_filters(
    *,
    valence: str | None,
    arousal: str | None,
    confidence: str | None,
    emotion: Sequence[str] | None,
    taken: str | None,
    side: str | None,
    orientation: str | None,
    monochrome: bool | None,
) -> Filters:
    """Conditions as people write them, on the command line or over HTTP; None and empty mean no condition.

    Raises:
        QueryError: saying what would be right.
    """
    return Filters(
        valence=parse_range(valence, "valence", 1) if valence else None,
        arousal=parse_range(arousal, "arousal", 1) if arousal else None,
        confidence=parse_range(confidence, "confidence", 1) if confidence else None,
        emotions=tuple(parse_condition(text) for text in emotion or []),
        taken=parse_days(taken) if taken else None,
        side=parse_range(side, "side") if side else None,
        orientation=parse_orientation(orientation) if orientation else None,
        monochrome=monochrome,
    )
