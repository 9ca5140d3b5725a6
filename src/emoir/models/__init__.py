"""A model folder: its card, its checks, encoder and heads, and where models come from."""

from typing import TYPE_CHECKING

from emoir.lazy import lazily

if TYPE_CHECKING:
    from emoir.models.card import CARD, ModelCard
    from emoir.models.choice import ModelChoice
    from emoir.models.library import earlier_models, find_model, known_models, shipped_model_folder
    from emoir.models.model import Model, ModelFolder
    from emoir.models.preprocessing import Preprocessing
    from emoir.models.text_tower import TextTower

__all__ = [
    "CARD",
    "Model",
    "ModelCard",
    "ModelChoice",
    "ModelFolder",
    "Preprocessing",
    "TextTower",
    "earlier_models",
    "find_model",
    "known_models",
    "shipped_model_folder",
]

__getattr__ = lazily(
    __name__,
    {
        "CARD": "card",
        "Model": "model",
        "ModelCard": "card",
        "ModelChoice": "choice",
        "ModelFolder": "model",
        "Preprocessing": "preprocessing",
        "TextTower": "text_tower",
        "earlier_models": "library",
        "find_model": "library",
        "known_models": "library",
        "shipped_model_folder": "library",
    },
)
