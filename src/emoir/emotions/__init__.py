"""Emotion spaces, the words for emotions, and the record of what an image evokes."""

from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.emotions.spaces import EKMAN, MIKELS, PLUTCHIK, POLARITY, SPACES, EmotionSpace

__all__ = ["EKMAN", "MIKELS", "PLUTCHIK", "POLARITY", "SPACES", "EmotionReading", "EmotionReadings", "EmotionSpace"]
