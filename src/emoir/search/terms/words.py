"""Words: an emotion word or a phrase."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.content import CONTENT, content_words
from emoir.emotions.lexicon import Concept
from emoir.emotions.mappings import TABLES, convert
from emoir.emotions.phrases import ParsedPhrase, parse_phrase
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.names import shortened
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext
from emoir.search.terms.colours import colour_word, shades_component
from emoir.search.terms.content import NO_CONTENT, NO_CONTENT_CHINESE, content_component, phrase_term, signed_words
from emoir.search.terms.example import is_image_path
from emoir.search.terms.point import point_component
from emoir.search.vocabulary import Vocabulary

SIGNS = re.compile(r"[-+&–—]")
# A sign that stands before a word, or alone, but not as an operator: " - " was meant.
_STRAY_SIGN = re.compile(rf"(?:^|\s)({SIGNS.pattern}+)")
_LIKE_ANOTHER = re.compile(r"\S*:")
# A mistake costs little time however long it is: near words are looked for so few unknown words, so short ones alone.
SUGGEST_FOR, SUGGEST_LENGTH, NAMED, PHRASE_LENGTH = 3, 24, 8, 120


@dataclass(frozen=True, slots=True)
class Words:
    """An emotion word or phrase.

    Example:
        >>> str(Words.parse("quiet evening"))
        '"quiet evening"'
    """

    prefix: ClassVar[str] = "word"
    text: str

    @classmethod
    def parse(cls, text: str) -> Words:
        """From the phrase itself."""
        if not text:
            raise QueryError(
                "'word:': write an emotion word behind it, such as word:awe",
                chinese="“word:”：请在后面写一个表示情感的词，例如 word:敬畏",
            )
        if stray := _STRAY_SIGN.search(text):
            sign = f" {stray[1][0] if stray[1][0] in '+&' else '-'} "
            raise QueryError(
                f"{text!r}: write {sign!r} with a space on either side to join two terms",
                chinese=f"“{text}”：要连接两项，请写“{sign}”，符号两边各留一个空格",
                at=stray.start(1),
            )
        return cls(text)

    def __str__(self) -> str:
        # What begins like a weight, another kind of term or a picture would be read as one.
        plain = f"word:{self.text}" if _LIKE_ANOTHER.match(self.text) or is_image_path(self.text) else self.text
        return f'"{plain}"' if re.search(r"\s", plain) else plain

    def compile(self, context: TermContext) -> CompiledTerm:
        """The emotion words of the phrase, stronger ones counting more, negated ones counting against.

        What *and*, *but* and their like join must all be there; other words of one phrase are averaged. A colour's
        name asks for that colour, unless the vocabulary has the word. What is not understood is read by the text tower,
        where the model has one.

        Raises:
            QueryError: if the phrase holds no emotion word; near words are suggested.
        """
        layout, vocabulary = context.layout, context.vocabulary
        encoded = vocabulary.encoder.concept(self.text) if vocabulary.encoder is not None else None
        # A class of a user's own may be called what no word is called: very_happy, R&B.
        whole = encoded or vocabulary.words.get(simplified(self.text.strip().lower()))
        if whole is not None and CONTENT in whole.distributions:
            return CompiledTerm(groups=((content_component(whole, layout),),), content=(self.text,))
        if whole is not None:
            return CompiledTerm(groups=((concept_component(whole, layout),),))
        parsed = parse_phrase(self.text, vocabulary.words)
        _refuse_joined(self.text, vocabulary)
        shown = [part for part in parsed.parts if CONTENT in part.concept.distributions]
        felt = ([part for part in group if part not in shown] for group in parsed.groups)
        groups = [
            tuple(
                concept_component(part.concept.scaled(max(part.factor, 0) or 1), layout).scaled(part.factor)
                for part in group
            )
            for group in felt
            if group
        ]
        # What a picture shows must be there beside what it evokes.
        groups += [(content_component(part.concept, layout).scaled(float(np.sign(part.factor))),) for part in shown]
        colours = {word: colour for word in parsed.unknown if (colour := colour_word(word)) is not None}
        unknown = tuple(word for word in parsed.unknown if word not in colours)
        if unknown and layout.text:
            # A red car is no car in a red picture: the tower reads both words together.
            read = phrase_term(parsed.rest, context)
            return CompiledTerm(groups=(*groups, *read.groups), content=read.content)
        if colours:
            groups.append((shades_component(tuple(colours.values()), layout),))
        if not groups:
            raise _nothing_understood(self.text, parsed, vocabulary, layout)
        return CompiledTerm(groups=tuple(groups), unknown=unknown, content=signed_words(shown))


def _refuse_joined(phrase: str, vocabulary: Vocabulary) -> None:
    """Words with a sign between them and no space: a sum is meant."""
    for token in phrase.lower().split():
        if token in vocabulary.words or not SIGNS.search(token):
            continue
        sides = [parse_phrase(side, vocabulary.words) for side in SIGNS.split(token, maxsplit=3)]
        if all(side.groups and not side.unknown for side in sides):
            raise QueryError(
                f"{token!r}: write ' + ', ' - ' or ' & ' with a space on either side",
                chinese=f"“{token}”：请写“ + ”、“ - ”或“ & ”，符号两边各留一个空格",
            )


def _nothing_understood(phrase: str, parsed: ParsedPhrase, vocabulary: Vocabulary, layout: RowLayout) -> QueryError:
    # Only a mistake costs the import.
    import difflib

    asked = [word for word in parsed.unknown[:SUGGEST_FOR] if len(word) <= SUGGEST_LENGTH]
    near = [
        (given, word)
        for given in asked
        for word in difflib.get_close_matches(given, vocabulary.words, n=2, cutoff=0.75 if given.isascii() else 0.5)
    ]
    unknown = [shortened(word, SUGGEST_LENGTH) for word in parsed.unknown[:NAMED]]
    more, phrase = len(parsed.unknown) - NAMED, shortened(phrase, PHRASE_LENGTH)
    english = ", ".join(map(repr, unknown)) + (f" and {more} more" if more > 0 else "")
    chinese = "、".join(unknown) + (f"等 {len(parsed.unknown)} 个" if more > 0 else "")
    named = f": {english} not understood" if unknown else ""
    chinese_named = f"（不认识：{chinese}）" if unknown else ""
    if near:
        words = [word for _, word in near]
        hint, chinese_hint = f"Did you mean {' or '.join(words)}?", f"是不是想找：{'、'.join(words)}？"
    elif CONTENT not in layout.class_names and any(word in content_words() for word in parsed.unknown):
        hint, chinese_hint = f"{NO_CONTENT[0].upper()}{NO_CONTENT[1:]}", NO_CONTENT_CHINESE
    else:
        hint = "Ask for a feeling, such as awe, calm, lonely or 宁静."
        chinese_hint = "请写一种感受，例如 宁静、孤独、敬畏 或 awe。"
    return QueryError(
        f"no emotion word in {phrase!r}{named}. {hint}",
        chinese=f"“{phrase}”里没有表示情感的词{chinese_named}。{chinese_hint}",
        near=near,
    )


def concept_component(concept: Concept, layout: RowLayout) -> QueryComponent:
    """A concept: the mean over the heads that know something of it.

    A distribution is compared by the Bhattacharyya coefficient. A concept that says nothing in any space of
    the rows is carried over by the mappings; one that has only a place in the plane is compared there.

    Raises:
        QueryError: if the rows hold no space of the concept.
    """
    spaces = {space: p for space, p in concept.distributions.items() if space in layout.class_names}
    if not spaces:
        spaces = {
            target: convert(probabilities, source, target)
            for source, probabilities in concept.distributions.items()
            for target in layout.class_names
            if (source, target) in TABLES
        }
    if spaces:
        chance = float(np.mean([meant(probabilities).mean() for probabilities in spaces.values()]))
        flat = float(np.mean([np.sqrt(values / len(values)).sum() for values in spaces.values()]))
        vector = _distribution_vector(spaces, layout)
        return QueryComponent(vector=vector, offset=0.0, kind="words by gain", chance=chance, flat=flat)
    if concept.valence is None or concept.arousal is None:
        raise QueryError(
            f"this model knows nothing of {', '.join(concept.distributions)}",
            chinese=f"当前模型不了解{'、'.join(concept.distributions)}",
        )
    return point_component(concept.valence, concept.arousal, layout)


def meant(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far each class agrees with a concept: 1 for its main class, less for the others.

    A rater who names a class agrees with the concept to this degree.

    Example:
        >>> meant(np.array([0.5, 0.25, 0.25, 0.0])).tolist()
        [1.0, 0.5, 0.5, 0.0]
    """
    return np.asarray(probabilities / probabilities.max(), dtype=np.float64)


def _distribution_vector(spaces: Mapping[str, NDArray[np.floating]], layout: RowLayout) -> NDArray[np.float32]:
    """A vector whose product with a row is the mean Bhattacharyya coefficient over some spaces."""
    vector = np.zeros(layout.length, np.float32)
    for space, probabilities in spaces.items():
        vector[layout.distribution(space)] = np.sqrt(probabilities) / len(spaces)
    return vector
