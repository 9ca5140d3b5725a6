"""Emotion spaces: named sets of classes, and the valence and polarity of each class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmotionSpace:
    """A named, ordered set of emotion classes.

    Args:
        name: key of the space in readings, indexes and model cards.
        names: the classes, in the order of every array over this space.
        chinese: the same classes in Chinese.
        reference: where the space comes from.
    """

    name: str
    names: tuple[str, ...]
    chinese: tuple[str, ...]
    reference: str

    def __len__(self) -> int:
        return len(self.names)


MIKELS = EmotionSpace(
    "mikels",
    ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness"),
    ("愉悦", "愤怒", "敬畏", "满足", "厌恶", "兴奋", "恐惧", "悲伤"),
    "Mikels, J. A. et al. (2005). Emotional category data on images from the International Affective Picture System. "
    "Behavior Research Methods 37, 626-630. DOI 10.3758/BF03192732",
)

EKMAN = EmotionSpace(
    "ekman",
    ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral"),
    ("愤怒", "厌恶", "恐惧", "快乐", "悲伤", "惊讶", "中性"),
    "Ekman, P. (1992). An argument for basic emotions. Cognition & Emotion 6, 169-200. "
    "DOI 10.1080/02699939208411068; with a neutral class as in Peng, K.-C. et al. (2015), CVPR, 860-868, "
    "DOI 10.1109/CVPR.2015.7298687",
)

PLUTCHIK = EmotionSpace(
    "plutchik",
    ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation"),
    ("快乐", "信任", "恐惧", "惊讶", "悲伤", "厌恶", "愤怒", "期待"),
    "Plutchik, R. (1980). A general psychoevolutionary theory of emotion. In: Emotion: Theory, Research, and "
    "Experience 1, 3-33. DOI 10.1016/B978-0-12-558701-3.50007-7",
)

POLARITY = EmotionSpace(
    "polarity",
    ("negative", "positive"),
    ("消极", "积极"),
    "The sign of valence, as in Osgood, C. E. et al. (1957). The Measurement of Meaning.",
)

SPACES: dict[str, EmotionSpace] = {space.name: space for space in (MIKELS, EKMAN, PLUTCHIK, POLARITY)}


def emotion_name(space: str, name: str, language: str) -> str:
    """The name of an emotion in English or Chinese; a model's own as it is called.

    Example:
        >>> emotion_name("mikels", "awe", "zh"), emotion_name("mine", "cosy", "zh")
        ('敬畏', 'cosy')
    """
    known = SPACES.get(space)
    return known.chinese[known.names.index(name)] if language == "zh" and known is not None else name


POSITIVE_MIKELS = frozenset({"amusement", "awe", "contentment", "excitement"})
