"""Content: what a picture shows, in everyday words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoir.emotions.content import CONTENT, content_words
from emoir.emotions.lexicon import Concept
from emoir.emotions.phrases import parse_phrase
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext

NO_CONTENT = "this model does not see what pictures show; add one that does: emoir model add efficientnet-lite2"
NO_CONTENT_CHINESE = "当前模型看不出画面内容；可安装：emoir model add efficientnet-lite2"


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture shows; all words of the phrase must be there.

    Example:
        >>> str(Content.parse("dog on a beach"))
        '"content:dog on a beach"'
    """

    prefix: ClassVar[str] = "content"
    text: str

    @classmethod
    def parse(cls, text: str) -> Content:
        """From the phrase; quotes around it are left out."""
        plain = text.strip().strip('"').strip()
        if not plain:
            raise QueryError(
                "'content:': write what the picture shows behind it, such as content:dog",
                chinese="“content:”：请在后面写画面里有什么，例如 content:狗",
            )
        return cls(plain)

    def __str__(self) -> str:
        return f'"content:{self.text}"' if " " in self.text else f"content:{self.text}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """One group per word: each must be there.

        Raises:
            QueryError: if the model does not see content, or no word names any.
        """
        if CONTENT not in context.layout.class_names:
            raise QueryError(
                f"{self}: {NO_CONTENT}",
                chinese=f"“{self}”：{NO_CONTENT_CHINESE}",
            )
        parsed = parse_phrase(self.text, content_words())
        if not parsed.parts:
            raise QueryError(
                f"{self}: none of these words is known; everyday words are, such as dog, beach, church or cake",
                chinese=f"“{self}”：没有认识的词；请用日常词语，例如 狗、海滩、教堂、蛋糕",
            )
        components = [
            content_component(part.concept, context.layout).scaled(float(np.sign(part.factor))) for part in parsed.parts
        ]
        groups = tuple((component,) for component in components)
        return CompiledTerm(groups=groups, unknown=parsed.unknown, content=tuple(part.word for part in parsed.parts))


def content_component(concept: Concept, layout: RowLayout) -> QueryComponent:
    """What a picture shows: the sum of the square roots of the probabilities of all that the word names."""
    vector = np.zeros(layout.length, np.float32)
    vector[layout.distribution(CONTENT)] = concept.distributions[CONTENT] > 0
    return QueryComponent(vector=vector, offset=0.0, kind=CONTENT)
