"""Readings on disk: durable, incremental, searchable."""

from emoir.index.base import FileOutcome, ImageMetadata, IndexStatus, KnownImage, NotAnImage, VectorTable
from emoir.index.layout import RowLayout
from emoir.index.store import SqliteStore

__all__ = [
    "FileOutcome",
    "ImageMetadata",
    "IndexStatus",
    "KnownImage",
    "NotAnImage",
    "RowLayout",
    "SqliteStore",
    "VectorTable",
]
