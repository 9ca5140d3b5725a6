"""What people read in the gallery and the report, English and Chinese: one catalogue, ``texts.json``."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("texts.json")


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def texts(part: str) -> dict[str, Any]:
    """The texts of one part of the interface.

    Args:
        part: ``gallery`` or ``report``.

    Returns:
        Key to ``[English, Chinese]``. A text that counts things is ``[singular, plural]`` in English.

    Example:
        >>> texts("gallery")["images"]
        [['%1 image', '%1 images'], '%1 张图片']
    """
    return _catalogue()[part]
