"""Point: a place in the plane of valence and arousal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the plane, each of its numbers in [0, 1].

    Example:
        >>> str(Point.parse("0.8, 0.2"))
        'va:0.8,0.2'
    """

    prefix: ClassVar[str] = "va"
    valence: float
    arousal: float

    @classmethod
    def parse(cls, text: str) -> Point:
        """From ``VALENCE,AROUSAL``."""
        try:
            valence, arousal = map(float, re.split("[,、]", text))
        except ValueError:
            raise QueryError(
                f"'va:{text}': write va:VALENCE,AROUSAL, for example va:0.8,0.2",
                chinese=f"“va:{text}”：请写 va:效价,唤醒度，例如 va:0.8,0.2",
            ) from None
        if not (0 <= valence <= 1 and 0 <= arousal <= 1):
            raise QueryError(
                f"'va:{text}': valence and arousal go from 0 to 1",
                chinese=f"“va:{text}”：效价和唤醒度都在 0 到 1 之间",
            )
        return cls(valence, arousal)

    def __str__(self) -> str:
        return f"va:{self.valence:g},{self.arousal:g}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """One minus half the squared distance to the point."""
        return CompiledTerm(groups=((point_component(self.valence, self.arousal, context.layout),),))


def point_component(valence: float, arousal: float, layout: RowLayout) -> QueryComponent:
    """A point of the plane: one minus half the squared distance to it."""
    vector = np.zeros(layout.length, np.float32)
    vector[layout.point] = valence, arousal, -0.5
    return QueryComponent(vector=vector, offset=1 - (valence**2 + arousal**2) / 2, kind="point")
