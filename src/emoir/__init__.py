"""emoir: find images by the emotion they evoke."""

import os
from typing import TYPE_CHECKING

from emoir.lazy import lazily

# ONNX Runtime reads this when it is imported; without it, it stores a device id and looks up a telemetry host.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.emotions.reading import EmotionReading, EmotionReadings
    from emoir.models.model import Model
    from emoir.search.matches import Match, Matches

__all__ = ["Collection", "EmotionReading", "EmotionReadings", "Match", "Matches", "Model"]
__version__ = "0.4.0"

__getattr__ = lazily(
    __name__,
    {
        "Collection": "collection",
        "EmotionReading": "emotions.reading",
        "EmotionReadings": "emotions.reading",
        "Match": "search.matches",
        "Matches": "search.matches",
        "Model": "models.model",
    },
)
