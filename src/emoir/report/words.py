"""Words of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from emoir.emotions.spaces import emotion_name
from emoir.texts import cause_in_chinese, texts


class PageText:
    """The words of one language.

    Args:
        language: ``en`` or ``zh``.

    Example:
        >>> PageText("zh")("of images", count=3), PageText("en").emotion("mikels", "awe")
        ('3 张', 'awe')
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key, with values put in."""
        return str(texts("report")[key][self.language == "zh"]).format(**values)

    def sentences(self, *texts: str) -> str:
        """Sentences after each other."""
        return ("" if self.language == "zh" else " ").join(text for text in texts if text)

    def cause(self, cause: str) -> str:
        """Why a file could not be read."""
        return cause_in_chinese(cause) if self.language == "zh" else cause

    def emotion(self, space: str, name: str) -> str:
        """The name of an emotion; a model's own as it is called."""
        return emotion_name(space, name, self.language)

    def emotions(self, space: str, names: Sequence[str]) -> list[str]:
        """The names of several."""
        return [self.emotion(space, name) for name in names]
