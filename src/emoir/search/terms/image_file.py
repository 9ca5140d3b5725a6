"""ImageFile: an image file as example."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import ClassVar

from emoir.errors import QueryError
from emoir.images.formats import SUFFIXES
from emoir.search.terms.base import CompiledTerm, TermContext
from emoir.search.terms.example import example_component


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file: its emotion is wanted, not what it shows.

    Example:
        >>> str(ImageFile.parse("./my cat.jpg"))
        '"./my cat.jpg"'
    """

    prefix: ClassVar[str] = "file"
    path: str

    @classmethod
    def parse(cls, text: str) -> ImageFile:
        """From a path."""
        if not text:
            raise QueryError(
                "'file:': write the path of an image behind it, such as file:cat.jpg",
                chinese="“file:”：请在后面写图片的路径，例如 file:cat.jpg",
            )
        return cls(text)

    def __str__(self) -> str:
        text = self.path if is_image_path(self.path) else f"{self.prefix}:{self.path}"
        return f'"{text}"' if re.search(r"\s", text) else text

    def compile(self, context: TermContext) -> CompiledTerm:
        """The image's reading as example; the image itself is no answer."""
        component = example_component(context.examples.of_file(self.path), context.layout)
        indexed = context.examples.id_of_file(self.path)
        return CompiledTerm(groups=((component,),), examples=() if indexed is None else (indexed,))


def is_image_path(text: str) -> bool:
    """Whether a text can only be meant as the path of an image, existing or not.

    Example:
        >>> is_image_path("./awe"), is_image_path("cat.jpg"), is_image_path("awe")
        (True, True, False)
    """
    starts = ("./", "../", "/", "~/", ".\\", "..\\")
    return text.startswith(starts) or os.path.splitext(text)[1].lower() in SUFFIXES
