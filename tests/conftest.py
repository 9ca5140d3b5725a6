"""Fixtures that several folders of tests share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from emoir import Collection, Model
from emoir.models.card import CARD
from emoir.models.library import shipped_model_folder

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

# A busy machine is no fault of the code.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped model."""
    return Model()


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """A model folder with another id, and other confidences, than the shipped one's."""
    folder = tmp_path / "other_model"
    shutil.copytree(shipped_model_folder(), folder)
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    card["name"] = "other"
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    return folder


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """A collection whose index does not exist yet."""
    with Collection(tmp_path / "index" / "test.emoir") as photos:
        yield photos


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all folders, for a process can hold no second; imported here, as only tests in a browser need it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running
