"""Every search test runs with emoir's own vector index and with the one of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emoir import Collection
from tests.howto import code_of


@pytest.fixture(params=["exact", "brute force"])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Collection]:
    """A collection whose index does not exist yet."""
    index = tmp_path / "index" / "test.emoir"
    if request.param == "exact":
        photos = Collection(index)
    else:
        photos = code_of("add-a-vector-index.md").open_with_brute_force(index)
    with photos:
        yield photos
