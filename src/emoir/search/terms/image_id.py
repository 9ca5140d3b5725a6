"""ImageId: an indexed image as example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from emoir.errors import QueryError
from emoir.search.terms.base import CompiledTerm, TermContext
from emoir.search.terms.example import example_component


@dataclass(frozen=True, slots=True)
class ImageId:
    """An indexed image: its emotion is wanted, not what it shows.

    Example:
        >>> str(ImageId.parse("17"))
        'id:17'
    """

    prefix: ClassVar[str] = "id"
    id: int

    @classmethod
    def parse(cls, text: str) -> ImageId:
        """From the image's number."""
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
            raise QueryError(
                f"'id:{text}': write id:NUMBER as the search shows it",
                chinese=f"“id:{text}”：请写 id:编号，编号如搜索结果所示",
            )
        return cls(int(text))

    def __str__(self) -> str:
        return f"id:{self.id}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """The image's reading as example; the image itself is no answer."""
        component = example_component(context.examples.of_image(self.id), context.layout)
        return CompiledTerm(groups=((component,),), examples=(self.id,))
