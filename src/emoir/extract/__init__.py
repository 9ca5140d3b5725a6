"""Images to emotion readings through an ONNX model: here, or in worker processes."""

from emoir.extract.extraction import Extraction, Failure, extract, file_digest
from emoir.extract.model import Model, ModelCard, ModelFolder, shipped_model_folder
from emoir.extract.pool import WorkerPool

__all__ = [
    "Extraction",
    "Failure",
    "Model",
    "ModelCard",
    "ModelFolder",
    "WorkerPool",
    "extract",
    "file_digest",
    "shipped_model_folder",
]
