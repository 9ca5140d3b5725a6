"""The text of options as people write them, and how forms ask for it. Nothing here needs numpy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from emoir.errors import QueryError

ORIENTATIONS = {"landscape": ("landscape", "横向"), "portrait": ("portrait", "纵向"), "square": ("square", "方形")}
"""Every orientation, with its name in English and Chinese."""


# U+FF01 to U+FF5E are the printing characters of ASCII, each as wide as a Chinese character.
_FULL_WIDTH: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_TWINS: dict[int, int | str] = {**_FULL_WIDTH, 0x3000: " ", ord("“"): '"', ord("”"): '"', ord("−"): "-"}


def halfwidth(text: str) -> str:
    """A text of the same length with ASCII in place of full-width signs, letters and digits, and of Chinese quotes.

    Example:
        >>> halfwidth("va：０.8，０.2")
        'va:0.8,0.2'
    """
    return text.translate(_TWINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How a form asks for an option, in English and Chinese.

    Args:
        label: what the option is called.
        most: the largest number of a range, whose smallest is 0.
        choices: the values to choose from, each with its names; none: text, or a range where ``most`` is given.
        example: of a text.
    """

    label: tuple[str, str]
    most: float | None = None
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both included."""

    low: float = float("-inf")
    high: float = float("inf")


def parse_range(text: str, name: str, most: float = float("inf")) -> Range:
    """Parse ``0.6..``, ``..0.4``, ``0.2..0.5`` or a single number.

    Args:
        text: as written.
        name: of what is bounded.
        most: the largest value possible; the smallest is 0.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_range("0.2..0.5", "valence")
        Range(low=0.2, high=0.5)
    """
    low, separator, high = (part.strip() for part in halfwidth(text).partition(".."))
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
    low, separator, high = halfwidth(text).partition("..")
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
class EmotionBound:
    """A bound on the probability of one class, such as ``fear<0.2`` or ``ekman.joy>0.5``.

    Args:
        name: of the class; ``space.class`` where several spaces have it.
        below: whether the probability must stay below the bound, not above.
        bound: in [0, 1].
    """

    name: str
    below: bool
    bound: float


def parse_emotion_bound(text: str) -> EmotionBound:
    """Parse a bound on one emotion, in English or Chinese.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_emotion_bound("fear<0.2")
        EmotionBound(name='fear', below=True, bound=0.2)
    """
    match = re.fullmatch(r"\s*([\w.\- ]+?)\s*([<>])=?\s*(\d*\.?\d+)\s*", halfwidth(text))
    if not match or not 0 <= float(match[3]) <= 1:
        raise QueryError(
            f"emotion {text!r}: write such as 'fear<0.2' or 'joy>0.5', with a number from 0 to 1",
            chinese=f"情感“{text}”：请写成 fear<0.2 或 joy>0.5，数字在 0 到 1 之间",
        )
    return EmotionBound(match[1].lower(), match[2] == "<", float(match[3]))


def parse_orientation(text: str) -> str:
    """Check an orientation.

    Raises:
        QueryError: naming the orientations.
    """
    if text not in ORIENTATIONS:
        choices = ", ".join(ORIENTATIONS)
        raise QueryError(f"orientation {text!r}: write {choices}", chinese=f"方向“{text}”：请写 {choices} 之一")
    return text


def parse_id(text: str) -> int:
    """The id of an indexed image, written ``id:17`` or ``17``.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_id("id:17")
        17
    """
    match = re.fullmatch(r"\s*(?:id:)?\s*(\d{1,18})\s*", halfwidth(text), re.IGNORECASE | re.ASCII)
    if not match:
        raise QueryError(
            f"{text!r} is no image of the index; write id:NUMBER as the search shows it",
            chinese=f"“{text}”不是索引中的图片；请写 id:编号，编号如搜索结果所示",
        )
    return int(match[1])
