"""Image files to emotion readings through a model: here, or in worker processes."""

from emoir.extract.base import Extractor
from emoir.extract.extraction import Extraction, Failure, extract, file_digest
from emoir.extract.local import LocalExtractor

__all__ = ["Extraction", "Extractor", "Failure", "LocalExtractor", "extract", "file_digest"]
