"""emoir: find images by the emotion they evoke."""

import os
from typing import TYPE_CHECKING, Any

# ONNX Runtime reads this when it is imported; without it, it stores a device id and looks up a telemetry host.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.emotions.reading import EmotionReading, EmotionReadings
    from emoir.models.model import Model
    from emoir.search.matches import Match, Matches

__all__ = ["Collection", "EmotionReading", "EmotionReadings", "Match", "Matches", "Model"]
__version__ = "0.4.0"

_HOMES = {
    "Collection": "emoir.collection",
    "EmotionReading": "emoir.emotions.reading",
    "EmotionReadings": "emoir.emotions.reading",
    "Match": "emoir.search.matches",
    "Matches": "emoir.search.matches",
    "Model": "emoir.models",
}


def __getattr__(name: str) -> Any:
    # Imported when first used: `emoir --help` needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module 'emoir' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
