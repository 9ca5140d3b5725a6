"""An empty index, and six readings to put into it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from emoir import Model
from emoir.extract import Extraction, extract
from emoir.index import SqliteStore
from emoir.index.indexed_model import IndexedModel
from emoir.limits import DEFAULT_LIMITS
from tests.pictures import save_photos


@pytest.fixture
def indexed(model: Model) -> IndexedModel:
    # Without calibration, as older indexes are.
    return replace(IndexedModel.of(model), scores={})


@pytest.fixture
def index(tmp_path: Path, indexed: IndexedModel) -> SqliteStore:
    return SqliteStore(tmp_path / "test.emoir", model=indexed)


@pytest.fixture
def extractions(model: Model, tmp_path: Path) -> list[tuple[bytes, Extraction]]:
    paths = save_photos(tmp_path / "photos", 6)
    return [(os.fsencode(path), extract(path, model, limits=DEFAULT_LIMITS)) for path in paths]
