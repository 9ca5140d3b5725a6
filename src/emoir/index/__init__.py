"""Readings on disk: durable, incremental, searchable."""

from emoir.index.base import FileOutcome, ImageMetadata, IndexStatus, KnownImage, NotAnImage, VectorTable, as_path
from emoir.index.boards import Boards
from emoir.index.contract import ImageReader, ImageStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import RowLayout
from emoir.index.marks import Marks
from emoir.index.ratings import Ratings
from emoir.index.store import SqliteStore

__all__ = [
    "Boards",
    "FileOutcome",
    "ImageMetadata",
    "ImageReader",
    "ImageStore",
    "IndexStatus",
    "IndexedModel",
    "KnownImage",
    "Marks",
    "NotAnImage",
    "Ratings",
    "RowLayout",
    "SqliteStore",
    "VectorTable",
    "as_path",
]
