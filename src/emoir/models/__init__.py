"""A model folder: its card, its network, and where models come from."""

from emoir.models.model import Model, ModelCard, ModelFolder, shipped_model_folder

__all__ = ["Model", "ModelCard", "ModelFolder", "shipped_model_folder"]
