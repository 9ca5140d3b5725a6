"""Emoji: faces and signs of feeling, as words of the lexicon."""

from __future__ import annotations

import re

# Feeling to the emoji that people use for it; the names are those of Unicode (CLDR short names), where one is a word.
_OF_WORDS = {
    "happy": "😀😃😄😁🙂😊🥳☺😺😸",
    "amusement": "😂🤣😆😹🤭",
    "smiling": "😇",
    "love": "❤♥💕💖💗💓💞💘💝🥰😍😻🧡💛💚💙💜🤎🖤🤍🩷🩵🩶",
    "tender": "🤗🫂",
    "relaxed": "😌😴🧘",
    "confident": "😎",
    "awe": "🤩😮😲🫢",
    "surprised": "😯🙀😳",
    "excited": "🎉🎊🤸",
    "proud": "🥹💪🏆",
    "hope": "🤞🌈🙏",
    "peaceful": "🕊☮",
    "playful": "😜😝😛🤪😋",
    "sad": "😢😞😔🙁☹😿🥺😟",
    "crying": "😭",
    "heartbroken": "💔",
    "lonely": "😶",
    "tired": "😩😫🥱😪",
    "bored": "😑😒🙄",
    "angry": "😠😡🤬👿😾😤",
    "disgust": "🤢🤮",
    "fear": "😱😨😰👻☠💀",
    "anxious": "😧😦😥😓😖",
    "confused": "😕🤔",
    "shy": "🙈😅",
    "neutral": "😐",
}
EMOJI = {sign: word for word, signs in _OF_WORDS.items() for sign in signs}
"""Emoji to the head word that means the same."""

# Presentation, skin tones, joiners: they change how an emoji looks, not what it feels.
_LOOKS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u200d]")
SYMBOL = "[\u2190-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
"""A regular expression of one emoji or pictograph."""


def plain_emoji(text: str) -> str:
    """A text whose emoji are single characters, without what only changes their look.

    Example:
        >>> plain_emoji("❤️") == "❤"
        True
    """
    return _LOOKS.sub("", text)
