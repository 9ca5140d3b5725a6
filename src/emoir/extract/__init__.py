"""Image files to emotion readings through a model: here, or in worker processes."""

from typing import TYPE_CHECKING

from emoir.lazy import lazily

if TYPE_CHECKING:
    from emoir.extract.base import Extraction, Extractor, Failure
    from emoir.extract.extraction import extract
    from emoir.extract.local import LocalExtractor

__all__ = ["Extraction", "Extractor", "Failure", "LocalExtractor", "extract"]

__getattr__ = lazily(
    __name__,
    {
        "Extraction": "base",
        "Extractor": "base",
        "Failure": "base",
        "LocalExtractor": "local",
        "extract": "extraction",
    },
)
