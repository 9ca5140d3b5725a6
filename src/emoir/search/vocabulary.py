"""Vocabulary: what words mean in a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emoir.emotions.content import CONTENT, content_words
from emoir.emotions.lexicon import Concept, lexicon
from emoir.emotions.spaces import SPACES
from emoir.emotions.traditional import simplified
from emoir.index.layout import RowLayout


class TextEncoder(Protocol):
    """A reader of phrases that the user plugs into a ``Collection``; emoir has none of its own.

    Example:
        >>> class Weather:
        ...     def concept(self, phrase: str) -> Concept | None:
        ...         return lexicon()["calm"] if "snow" in phrase else None
    """

    def concept(self, phrase: str) -> Concept | None:
        """What a whole phrase means, or None to leave it to the lexicon."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What words mean: head words and, where a user plugged one in, a text encoder.

    Args:
        words: head word to concept.
        encoder: asked first, for whole phrases.
    """

    words: Mapping[str, Concept]
    encoder: TextEncoder | None = None

    @classmethod
    def of(
        cls, layout: RowLayout, more: Mapping[str, Concept] | None = None, encoder: TextEncoder | None = None
    ) -> Vocabulary:
        """Our lexicon, a user's own words above it, and the class names of a model's own spaces.

        Args:
            layout: of the rows; its spaces that emoir does not know name their classes.
            more: words that go before ours.
            encoder: see ``TextEncoder``.
        """
        own = {
            simplified(name.lower()): Concept({space: np.eye(len(names))[place]}, None, None)
            for space, names in layout.class_names.items()
            if space not in (*SPACES, CONTENT)
            for place, name in enumerate(names)
        }
        # A word that means a feeling is not looked for in what pictures show; a text tower needs no list of words.
        shown = content_words() if CONTENT in layout.class_names and not layout.text else {}
        return cls({**shown, **lexicon(), **own, **(more or {})}, encoder)
