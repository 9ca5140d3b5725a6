"""Image files to emotion readings through a model: here, or in worker processes."""

from emoir.extract.extraction import Extraction, Failure, extract, file_digest
from emoir.extract.pool import WorkerPool

__all__ = ["Extraction", "Failure", "WorkerPool", "extract", "file_digest"]
