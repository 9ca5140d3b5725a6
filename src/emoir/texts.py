"""What people read in the gallery, the report and the terminal, English and Chinese: one catalogue, ``texts.json``."""

from __future__ import annotations

import json
import os
import re
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


@lru_cache(maxsize=1)
def _causes() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(re.sub(r"\\{\d\\}", "(.+)", re.escape(english)), re.DOTALL), chinese)
        for english, chinese in _catalogue()["causes"].values()
    ]


def cause_in_chinese(cause: str) -> str:
    """Why a file could not be read, in Chinese; the cause itself where the catalogue does not have it.

    Args:
        cause: in English, as the index keeps it.

    Example:
        >>> cause_in_chinese("damaged: only 40% of the picture is there"), cause_in_chinese("sunspots")
        ('文件已损坏：只有 40% 的画面', 'sunspots')
    """
    found = ((pattern.fullmatch(cause), chinese) for pattern, chinese in _causes())
    return next((chinese.format(*match.groups()) for match, chinese in found if match), cause)


def terminal_language() -> str:
    """``zh`` where the terminal's locale is Chinese, else ``en``: the first of LC_ALL, LC_MESSAGES and LANG decides."""
    named = next((os.environ[name] for name in LOCALE if os.environ.get(name)), "")
    return "zh" if named.lower().startswith("zh") else "en"
