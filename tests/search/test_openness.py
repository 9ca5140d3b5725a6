"""A new kind of term is one class; what the documentation shows works."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from emoir import Collection
from emoir.errors import QueryError
from emoir.search import TERMS, parse_query
from tests.howto import code_of
from tests.search.conftest import ReadOnce


def three_sizes(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, side in (("small", 100), ("middle", 500), ("large", 1000)):
        Image.linear_gradient("L").resize((side, side + 10)).save(folder / f"{name}.png")


@pytest.fixture
def photos(collection: Collection, tmp_path: Path, read_once: ReadOnce) -> Collection:
    return read_once(collection, tmp_path / "photos", three_sizes)


def test_a_term_of_ones_own(photos: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    size = code_of("add-a-term.md").Size
    with pytest.raises(QueryError, match="no emotion word in 'size:large'"):
        photos.search("size:large")
    monkeypatch.setitem(TERMS, size.prefix, size)

    def names(query: str) -> set[str]:
        return {match.path.stem for match in photos.search(query, min_score=0)}

    assert names("size:large") == names("awe & size:large") == names("2:awe + SIZE：large") == {"large"}
    assert names("awe - size:large") == {"small", "middle"}
    assert names("awe and size:small") == {"small"}
    [best] = photos.search("awe + size:large", min_score=0)
    [plain] = [match for match in photos.search("awe", min_score=0) if match.id == best.id]
    assert best.score == pytest.approx(plain.score)
    assert best.parts["size:large"] == 1
    with pytest.raises(QueryError, match="write size:small or size:large") as caught:
        parse_query("awe + size:huge")
    assert caught.value.at == len("awe + ")


def test_a_term_prints_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    size = code_of("add-a-term.md").Size
    monkeypatch.setitem(TERMS, size.prefix, size)
    query = parse_query("2:awe & size:large - size:small")
    assert parse_query(str(query)) == query
