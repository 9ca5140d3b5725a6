"""Content: what a picture shows, in the words that the model's classes know or in any that its text tower reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoir.emotions.content import CLASSES, CONTENT, TEXT, content_groups, content_words
from emoir.emotions.lexicon import Concept
from emoir.emotions.phrases import PhrasePart, parse_phrase
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext

NO_CONTENT = "this model does not see what pictures show; add one that does: emoir model add efficientnet-lite2"
NO_CONTENT_CHINESE = "当前模型看不出画面内容；可安装：emoir model add efficientnet-lite2"
# A tower finds what a phrase names, also behind a negation.
WITHOUT = re.compile(r"\b(?:no|without)\b|没有|没(?=人)", re.IGNORECASE)
# An image drawn at random shows any one thing seldom.
SELDOM = 0.01
# A word for very many classes, such as animal, must still gain something when the network is certain of one of them.
MOST_BY_CHANCE = 0.9
# Here ends what must not be there: 没有人的海滩 is a beach.
_END_OF_WITHOUT = re.compile(r"(?=[,;，；、])|的(?=.)")


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
        return f'"content:{self.text}"' if re.search(r"\s", self.text) else f"content:{self.text}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """The phrase as the text tower reads it, or one group per word: each must be there.

        Raises:
            QueryError: if the model does not see content, or no word names any.
        """
        if context.layout.text:
            return phrase_term(self.text, context)
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
        return CompiledTerm(groups=groups, unknown=parsed.unknown, content=signed_words(parsed.parts))


def signed_words(parts: Sequence[PhrasePart]) -> tuple[str, ...]:
    """The words of some parts, behind a minus sign where they must not be there."""
    return tuple(part.word if part.factor > 0 else f"- {part.word}" for part in parts)


def phrase_term(phrase: str, context: TermContext) -> CompiledTerm:
    """What a text tower reads: the phrase, and what stands behind *no* or *without* as not wanted, up to a comma.

    The cosine, from -1 to 1, is brought to 0 to 1 like all that is compared.

    Args:
        phrase: in any language that the tower knows; traditional characters are read as simplified ones.
        context: whose layout has text.

    Raises:
        QueryError: if the phrase is too long for the tower.
    """
    wanted, *others = WITHOUT.split(simplified(phrase))
    unwanted = []
    for other in others:
        denied, *behind = _END_OF_WITHOUT.split(other, maxsplit=1)
        unwanted.append(denied)
        wanted = wanted.rstrip() + "".join(behind)
    signed = ((wanted, 1.0), *((denied, -1.0) for denied in unwanted))
    parts = [(plain, sign) for part, sign in signed if (plain := part.strip(" ,;，；、"))]
    groups = []
    for part, sign in parts:
        vector = np.zeros(context.layout.length, np.float32)
        vector[context.layout.embedding] = context.examples.of_phrase(part) / 2
        groups.append((QueryComponent(vector=vector, offset=0.5, kind=TEXT, weight=sign),))
    return CompiledTerm(groups=tuple(groups), content=tuple(part if sign > 0 else f"- {part}" for part, sign in parts))


def content_component(concept: Concept, layout: RowLayout) -> QueryComponent:
    """What a picture shows: the sum of the square roots of the probabilities of all that the word names.

    A network that sees nothing in particular gives every class the same probability. A word for many classes, such as
    all breeds of dogs, then reaches a sum of ``flat`` by chance. Only the gain over ``flat`` counts. One thing alone
    reaches at most ``sqrt(1 + flat**2)``, while the other probabilities are spread evenly; this is a full score.
    """
    vector, named = np.zeros(layout.length, np.float32), concept.distributions[CONTENT] > 0
    sizes = np.array([len(classes) for classes in content_groups().values()])
    flat = min(float(np.sqrt(sizes[named] / CLASSES).sum()), MOST_BY_CHANCE)
    most = float(np.hypot(1, flat))
    vector[layout.distribution(CONTENT)] = named / most
    return QueryComponent(vector=vector, offset=0.0, kind=CONTENT, chance=SELDOM, flat=flat / most)
