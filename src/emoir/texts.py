"""What people read in the gallery, the report and the terminal, English and Chinese: one catalogue, ``texts.json``."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("texts.json")
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def texts(part: str) -> dict[str, Any]:
    """The texts of one part of the interface, with those that all parts share.

    Args:
        part: ``gallery``, ``report`` or ``cli``.

    Returns:
        Key to ``[English, Chinese]``. A text that counts things is ``[singular, plural]`` in English.

    Example:
        >>> texts("gallery")["images"]
        [['%1 image', '%1 images'], '%1 张图片']
    """
    return {**_catalogue()["shared"], **_catalogue()[part]}


def terminal_language() -> str:
    """``zh`` where the terminal's locale is Chinese, else ``en``: the first of LC_ALL, LC_MESSAGES and LANG decides."""
    named = next((os.environ[name] for name in LOCALE if os.environ.get(name)), "")
    return "zh" if named.lower().startswith("zh") else "en"
