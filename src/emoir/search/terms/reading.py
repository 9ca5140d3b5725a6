"""EncodedReading: a reading that was written down, as example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from emoir.errors import QueryError
from emoir.search.terms.base import CompiledTerm, TermContext
from emoir.search.terms.example import example_component


@dataclass(frozen=True, slots=True)
class EncodedReading:
    """A reading as text (see ``emoir.emotions.code``): an example image that is not kept.

    Example:
        >>> str(EncodedReading.parse("AAEC"))
        'reading:AAEC'
    """

    prefix: ClassVar[str] = "reading"
    code: str

    @classmethod
    def parse(cls, text: str) -> EncodedReading:
        """From the code."""
        if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
            raise QueryError(
                "'reading:' stands before a code of letters, digits, - and _, as the gallery makes it of a picture",
                chinese="“reading:”后面是由字母、数字、- 和 _ 组成的代码，由画廊根据图片生成",
            )
        return cls(text)

    def __str__(self) -> str:
        return f"reading:{self.code}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """The reading as example."""
        return CompiledTerm(groups=((example_component(context.examples.of_code(self.code), context.layout),),))
