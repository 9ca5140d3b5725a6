"""Condition: a named emotion that one set of stimuli should have."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from emoir.errors import QueryError
from emoir.search.filters import EmotionCondition, Filters, Range, parse_condition, parse_range

RANGES = ("valence", "arousal", "confidence")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of an experiment.

    Args:
        name: of the condition.
        filters: what its images must meet.
    """

    name: str
    filters: Filters

    def within(self, common: Filters) -> Filters:
        """The filters together with those that all conditions share; on the same thing, the condition's own hold."""
        own = {name: getattr(self.filters, name) for name in RANGES if getattr(self.filters, name) is not None}
        return replace(common, emotions=(*common.emotions, *self.filters.emotions), **own)


def parse_stimulus_condition(text: str) -> Condition:
    """Parse a condition such as ``calm: valence 0.6.., arousal ..0.4, fear<0.2``.

    Args:
        text: a name, a colon, and ranges of valence, arousal and confidence or bounds on emotions, with commas between.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_stimulus_condition("calm: arousal ..0.4, fear<0.2").filters.arousal
        Range(low=-inf, high=0.4)
    """
    name, colon, rest = text.partition(":")
    if not colon or not name.strip() or not rest.strip():
        raise QueryError(f"condition {text!r}: write such as 'calm: valence 0.6.., arousal ..0.4, fear<0.2'")
    ranges: dict[str, Range] = {}
    emotions: list[EmotionCondition] = []
    for part in rest.split(","):
        stated = re.fullmatch(rf"\s*({'|'.join(RANGES)})[\s=]+(.*)", part)
        if stated is None and not set(part) & set("<>"):
            raise QueryError(
                f"condition {text!r}: {part.strip()!r} is no range of {', '.join(RANGES)}, such as valence 0.6.., "
                "and no bound on an emotion, such as fear<0.2"
            )
        if stated is None:
            emotions.append(parse_condition(part))
        elif stated[1] in ranges:
            raise QueryError(f"condition {text!r}: {stated[1]} occurs twice")
        else:
            ranges[stated[1]] = parse_range(stated[2], stated[1], 1)
    chosen = Filters(
        valence=ranges.get("valence"),
        arousal=ranges.get("arousal"),
        confidence=ranges.get("confidence"),
        emotions=tuple(emotions),
    )
    return Condition(name.strip(), chosen)
