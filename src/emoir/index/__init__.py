"""Readings on disk: durable, incremental, searchable."""

from emoir.index.base import (
    FileOutcome,
    ImageMetadata,
    IndexedModel,
    IndexStatus,
    KnownImage,
    NotAnImage,
    VectorTable,
    as_path,
)
from emoir.index.contract import ImageReader, ImageStore
from emoir.index.layout import RowLayout
from emoir.index.store import SqliteStore

__all__ = [
    "FileOutcome",
    "ImageMetadata",
    "ImageReader",
    "ImageStore",
    "IndexStatus",
    "IndexedModel",
    "KnownImage",
    "NotAnImage",
    "RowLayout",
    "SqliteStore",
    "VectorTable",
    "as_path",
]
