"""Readings on disk: durable, incremental, searchable."""

from emoir.index.base import FileOutcome, ImageFacts, IndexStatus, KnownImage, Matrix, NotAnImage
from emoir.index.layout import RowLayout
from emoir.index.sqlite import SqliteIndex

__all__ = [
    "FileOutcome",
    "ImageFacts",
    "IndexStatus",
    "KnownImage",
    "Matrix",
    "NotAnImage",
    "RowLayout",
    "SqliteIndex",
]
