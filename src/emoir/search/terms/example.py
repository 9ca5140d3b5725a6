"""Examples: images whose emotion is searched for, by number, by file, or as an encoded reading."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoir.emotions.reading import EmotionReading
from emoir.errors import QueryError
from emoir.images.formats import SUFFIXES
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext
from emoir.search.terms.point import point_component

# How much the classes, the place in the plane and the embedding of an example image count.
CLASSES_COUNT, POINT_COUNTS, EMBEDDING_COUNTS = 4 / 6, 1 / 6, 1 / 6
# Its classes count by this power of their probabilities: what it mostly evokes is what is looked for.
EXAMPLE_POWER = 2


def example_component(reading: EmotionReading, layout: RowLayout) -> QueryComponent:
    """An example image: the classes that it evokes most, a place in the plane and an embedding like its own.

    The classes count by the squares of their probabilities, so that what it mostly evokes is found where it is
    strongest; comparing whole distributions finds images as undecided as the example instead (figures of both are in
    docs/search-scores.md).
    """
    point = point_component(reading.valence, reading.arousal, layout)
    vector = point.vector * np.float32(POINT_COUNTS)
    for space, classes in reading.distributions.items():
        powers = np.array(list(classes.values()), np.float32) ** EXAMPLE_POWER
        vector[layout.distribution(space)] = CLASSES_COUNT * powers / powers.sum() / len(reading.distributions)
    # The cosine, from -1 to 1, brought to 0 to 1 like the others.
    vector[layout.embedding] = EMBEDDING_COUNTS * reading.embedding / 2
    return QueryComponent(vector=vector, offset=point.offset * POINT_COUNTS + EMBEDDING_COUNTS / 2, kind="example")


@dataclass(frozen=True, slots=True)
class ImageId:
    """An indexed image: its emotion is searched for, not what it shows.

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
        """The image's reading as example; the image itself is never a match."""
        component = example_component(context.examples.of_image(self.id), context.layout)
        return CompiledTerm(groups=((component,),), examples=(self.id,))


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file: its emotion is searched for, not what it shows.

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
        """The image's reading as example; the image itself is never a match."""
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
