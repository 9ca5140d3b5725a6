"""Filters: the conditions of a search as bounds on numbers that every index keeps."""

from __future__ import annotations

import numpy as np

from emoir.emotions.spaces import SPACES
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.index.vectors import RowCondition
from emoir.index.vectors.base import class_sums
from emoir.search.options import FilterOptions

# Sides that differ by less than this are a square to the eye.
SQUARE = 1.05
_ASPECTS = {
    "landscape": RowCondition({"aspect": 1.0}, low=float(np.nextafter(SQUARE, np.inf))),
    "portrait": RowCondition({"aspect": 1.0}, high=float(np.nextafter(1 / SQUARE, 0))),
    "square": RowCondition({"aspect": 1.0}, low=1 / SQUARE, high=SQUARE),
}


def filter_conditions(options: FilterOptions, layout: RowLayout) -> tuple[RowCondition, ...]:
    """The conditions that an image must meet, all of them.

    Args:
        options: as asked.
        layout: of the rows.

    Raises:
        QueryError: for an emotion that no space knows.

    Example:
        >>> from emoir.search.option_text import Range
        >>> filter_conditions(FilterOptions(side=Range(low=1000)), RowLayout({}))
        (RowCondition(columns={'side': 1.0}, low=1000, high=inf, negated=False),)
    """
    ranges = {
        "valence": options.valence,
        "arousal": options.arousal,
        "confidence": options.confidence,
        "day": options.taken,
        "side": options.side,
    }
    found = [RowCondition({name: 1.0}, range.low, range.high) for name, range in ranges.items() if range is not None]
    for bound in options.emotion:
        columns = class_columns(bound.name, layout)
        # The bound itself is excluded: a probability equals it only by rounding.
        limit = np.float32(bound.bound)
        if bound.below:
            found.append(RowCondition(columns, high=float(np.nextafter(limit, np.float32(-1)))))
        else:
            found.append(RowCondition(columns, low=float(np.nextafter(limit, np.float32(2)))))
    if options.orientation is not None:
        found.append(_ASPECTS[options.orientation])
    if options.monochrome is not None:
        value = float(options.monochrome)
        found.append(RowCondition({"monochrome": 1.0}, value, value))
    return tuple(found)


def class_columns(name: str, layout: RowLayout) -> dict[str, float]:
    """The probability of one class as a sum of the rows' own: by its own space or carried over from another.

    Args:
        name: a class of any space, in English or Chinese; ``space.class`` to choose the space. Otherwise the
            rows' own spaces go first, in their order, then the spaces that they map to.
        layout: of the rows.

    Returns:
        ``space.class`` of the rows to its factor.

    Raises:
        QueryError: if no space has it, naming all classes.

    Example:
        >>> class_columns("joy", RowLayout({"polarity": ("joy", "grief")}))
        {'polarity.joy': 1.0}
    """
    chosen, _, bare = name.rpartition(".")
    for known, columns in class_sums(layout).items():
        space, _, own = known.partition(".")
        if chosen in ("", space.lower()) and _is_called(bare, space, own):
            return columns
    classes = [own for names in layout.class_names.values() for own in names]
    classes += [own for space in SPACES.values() for own in space.names]
    choices = list(dict.fromkeys(classes))
    raise QueryError(
        f"no emotion {name!r} to filter by; there are {', '.join(choices)}",
        chinese=f"不能按“{name}”筛选；可用的情感有：{'、'.join(choices)}",
    )


def _is_called(name: str, space: str, own: str) -> bool:
    """Whether a class is meant, by its own name or in Chinese."""
    name, known = simplified(name), SPACES.get(space)
    chinese = known.chinese[known.names.index(own)] if known is not None and own in known.names else None
    return name in (simplified(own.lower()), chinese)
