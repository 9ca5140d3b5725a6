"""Readings as an index takes them."""

from __future__ import annotations

from emoir.extract import Extraction
from emoir.index import FileOutcome


def outcomes(extractions: list[tuple[bytes, Extraction]]) -> list[FileOutcome]:
    return [FileOutcome(path, extraction.stat, extraction) for path, extraction in extractions]
