"""Half-width: signs as Chinese and Japanese keyboards write them, as their ASCII twins."""

from __future__ import annotations

# U+FF01 to U+FF5E are the printing characters of ASCII, each as wide as a Chinese character.
_FULL_WIDTH: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_TWINS: dict[int, int | str] = {**_FULL_WIDTH, 0x3000: " ", ord("“"): '"', ord("”"): '"', ord("−"): "-"}


def halfwidth(text: str) -> str:
    """A text of the same length with ASCII in place of full-width signs, letters and digits, and of Chinese quotes.

    Example:
        >>> halfwidth("va：０.8，０.2")
        'va:0.8,0.2'
    """
    return text.translate(_TWINS)
