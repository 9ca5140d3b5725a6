"""A model folder: its card, its checks, encoder and heads, and where models come from."""

from emoir.models.card import ModelCard
from emoir.models.library import find_model, known_models, shipped_model_folder
from emoir.models.model import Model, ModelFolder
from emoir.models.preprocessing import Preprocessing

__all__ = [
    "Model",
    "ModelCard",
    "ModelFolder",
    "Preprocessing",
    "find_model",
    "known_models",
    "shipped_model_folder",
]
