"""SearchOptions and FilterOptions: how to search, declared once for Python, the command line and the service.

Nothing here needs numpy: the command line builds its options from these records before anything heavy is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from emoir.errors import QueryError
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.names import SomePaths
from emoir.search.option_text import (
    ORIENTATIONS,
    Control,
    EmotionBound,
    Range,
    parse_days,
    parse_emotion_bound,
    parse_id,
    parse_orientation,
    parse_range,
)

if TYPE_CHECKING:
    from emoir.search.query import Query

NEWEST, OLDEST = "newest", "oldest"


def as_paths(paths: SomePaths) -> list[Path]:
    """One path, or several, as a list."""
    return [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]


def _about(
    help: str,
    parse: Callable[[str], Any] | None = None,
    *,
    flags: str = "",
    given: Any = None,
    command_help: str = "",
    control: Control | None = None,
) -> dict[str, Any]:
    """Metadata of an option: its help on every surface, and how its text is parsed.

    Args:
        help: one sentence.
        parse: from one text; None where the value is no text.
        flags: what the command line calls it, if not by its name.
        given: the value when the command line's flag is given, for an option that takes no text there.
        command_help: the sentence of that flag, where it needs one of its own.
        control: how the gallery's form asks for it; every filter has one.
    """
    command_help = command_help or help
    return {
        "help": help,
        "parse": parse,
        "flags": flags,
        "given": given,
        "command_help": command_help,
        "control": control,
    }


def _read(option: Field[Any], given: Any) -> Any:
    """The value of an option from its text, from several texts, or as it is."""
    parse = option.metadata.get("parse")
    if parse is None:
        return given
    if isinstance(given, str):
        return parse(given)
    return tuple(parse(one) if isinstance(one, str) else one for one in given)


def _given(kind: type[Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a record that were given: None, no text and no texts mean that they were not."""
    named = {option.name: option for option in fields(kind) if texts.get(option.name) not in (None, "", [], ())}
    return {name: _read(option, texts[name]) for name, option in named.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """Conditions that every match must meet, all of them. None and empty mean no condition.

    Args:
        valence, arousal, confidence: ranges in [0, 1].
        emotion: bounds on single emotions.
        taken: days as YYYYMMDD; images without a date are left out.
        side: pixels of the shorter side.
        orientation: one of ``ORIENTATIONS``.
        monochrome: only pictures without colours (True) or with (False).

    Example:
        >>> FilterOptions(valence=Range(low=0.6)).valence
        Range(low=0.6, high=inf)
    """

    valence: Range | None = field(
        default=None,
        metadata=_about(
            "Only images this pleasant, 0 to 1: 0.6.. or ..0.4 or 0.2..0.5.",
            partial(parse_range, name="valence", most=1),
            control=Control(label=("Valence", "效价"), most=1),
        ),
    )
    arousal: Range | None = field(
        default=None,
        metadata=_about(
            "Only images this exciting, 0 to 1.",
            partial(parse_range, name="arousal", most=1),
            control=Control(label=("Arousal", "唤醒度"), most=1),
        ),
    )
    confidence: Range | None = field(
        default=None,
        metadata=_about(
            "Only images whose top emotion is this sure, 0 to 1.",
            partial(parse_range, name="confidence", most=1),
            control=Control(label=("Confidence", "置信度"), most=1),
        ),
    )
    emotion: tuple[EmotionBound, ...] = field(
        default=(),
        metadata=_about(
            "Only images with this much of an emotion: 'fear<0.2', 'joy>0.5'; may be repeated.",
            parse_emotion_bound,
            control=Control(label=("Single emotions", "单项情感"), example="joy>0.5, fear<0.2"),
        ),
    )
    taken: Range | None = field(
        default=None,
        metadata=_about(
            "Only images taken in this time: 2019..2021-06, 2020-05-01.. or 2020.",
            parse_days,
            control=Control(label=("Taken", "拍摄时间"), example="2019..2021-06"),
        ),
    )
    side: Range | None = field(
        default=None,
        metadata=_about(
            "Only images whose shorter side has this many pixels: 1000..",
            partial(parse_range, name="side"),
            control=Control(label=("Shorter side in pixels", "短边像素数"), example="1000.."),
        ),
    )
    orientation: str | None = field(
        default=None,
        metadata=_about(
            "Only landscape, portrait or square images.",
            parse_orientation,
            control=Control(label=("Orientation", "方向"), choices=ORIENTATIONS),
        ),
    )
    monochrome: bool | None = field(
        default=None,
        metadata=_about(
            "Only images without colours of their own, or only those with.",
            flags="--monochrome/--colour",
            given=True,
            control=Control(
                label=("Colours", "色彩"),
                choices={"false": ("in colour", "彩色"), "true": ("monochrome", "单色")},
            ),
        ),
    )

    @classmethod
    def parse(cls, texts: Mapping[str, Any]) -> FilterOptions:
        """Conditions as people write them, on the command line or over HTTP; None and empty mean no condition.

        Args:
            texts: name of the option to its text, several texts, or a truth value; other names are skipped.

        Raises:
            QueryError: saying what would be right.

        Example:
            >>> FilterOptions.parse({"arousal": "..0.4", "emotion": ["fear<0.2"]}).arousal
            Range(low=-inf, high=0.4)
        """
        return cls(**_given(cls, texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How to search, beside the query itself.

    Args:
        n: at most this many matches.
        start: number of best matches to skip, for a later page.
        folders: only images in these folders or below; None for all that are indexed.
        paths: only these files, such as another tool found; those not indexed are left out.
        filters: conditions that an image must meet.
        positive_ids: ids of indexed images to move the query towards (relevance feedback).
        negative_ids: ids of indexed images to move it away from.
        diverse: whether near duplicates collapse and the matches spread; their number is limited.
        min_score: only images that score at least this; None for that from which on an image fits.
        rater: whose ratings go before what the model predicts; filters go by the model.
        sort: ``newest``, ``oldest``, or a query whose score orders the matches; None for the best first.
        limits: for example images.

    Raises:
        QueryError: if n is below 1 or start below 0.
    """

    n: int = 20
    start: int = 0
    folders: SomePaths | None = None
    paths: SomePaths | None = None
    filters: FilterOptions = FilterOptions()
    positive_ids: Sequence[int] = field(
        default=(),
        metadata=_about("Move the query towards this image, such as id:17; may be repeated.", parse_id, flags="--like"),
    )
    negative_ids: Sequence[int] = field(
        default=(), metadata=_about("Move the query away from this image; may be repeated.", parse_id, flags="--unlike")
    )
    diverse: bool = field(
        default=False, metadata=_about("Fold near duplicates and spread the results.", flags="--diverse", given=True)
    )
    min_score: float | None = field(
        default=None,
        metadata=_about(
            "Only images that score at least this, 0 to 1. Default: hide those that fit weakly.",
            flags="--all",
            given=0.0,
            command_help="Also images that fit weakly.",
        ),
    )
    rater: str | None = field(
        default=None, metadata=_about("Rank the images that this person has rated by these ratings.")
    )
    sort: str | Query | None = field(
        default=None, metadata=_about("Order by newest, oldest, or another query such as awe or va:0.8,0.2.")
    )
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if self.n < 1:
            raise QueryError(f"n is {self.n}; ask for at least one image", chinese=f"n 是 {self.n}；至少要找一张图片")
        if self.start < 0:
            raise QueryError(
                f"start is {self.start}; the first match is 0", chinese=f"start 是 {self.start}；第一个结果是 0"
            )

    @property
    def stop(self) -> int:
        """How many matches must be put in order."""
        return self.start + self.n

    @classmethod
    def parse(cls, texts: Mapping[str, Any]) -> SearchOptions:
        """Options as people write them, on the command line or over HTTP.

        Args:
            texts: name of an option, or of a filter, to its text, several texts, or its value; None and empty mean the
                default.

        Raises:
            QueryError: saying what would be right.

        Example:
            >>> SearchOptions.parse({"n": 5, "valence": "0.6..", "positive_ids": ["id:17"]}).positive_ids
            (17,)
        """
        return cls(filters=FilterOptions.parse(texts), **_given(cls, texts))


class SearchKeywords(TypedDict, total=False):
    """Fields of ``SearchOptions`` as keywords of ``Collection.search``, for type checkers; a test holds them equal."""

    n: int
    start: int
    folders: SomePaths | None
    paths: SomePaths | None
    filters: FilterOptions
    positive_ids: Sequence[int]
    negative_ids: Sequence[int]
    diverse: bool
    min_score: float | None
    rater: str | None
    sort: str | Query | None
    limits: Limits
