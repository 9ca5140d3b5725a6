from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions import EKMAN, MIKELS, PLUTCHIK, POLARITY, SPACES
from emoir.emotions.mappings import TABLES, convert, mapping
from emoir.errors import ShapeError


@pytest.mark.parametrize(("source", "target"), list(TABLES))
def test_every_row_is_a_distribution(source: str, target: str) -> None:
    matrix = mapping(source, target)
    assert matrix.shape == (len(SPACES[source]), len(SPACES[target]))
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    for name, row in zip(SPACES[source].names, matrix, strict=True):
        if name in SPACES[target].names and name != "joy":
            assert row.argmax() == SPACES[target].names.index(name)


@pytest.mark.parametrize("middle", [EKMAN.name, PLUTCHIK.name])
def test_polarity_is_nearly_the_same_by_any_way(middle: str) -> None:
    straight = mapping(MIKELS.name, POLARITY.name)
    detour = mapping(MIKELS.name, middle) @ mapping(middle, POLARITY.name)
    assert (straight.argmax(axis=1) == detour.argmax(axis=1)).all()


def test_conversion_by_hand() -> None:
    half = np.zeros(8)
    half[[MIKELS.names.index("contentment"), MIKELS.names.index("fear")]] = 0.5
    expected = dict.fromkeys(EKMAN.names, 0.0) | {"joy": 0.4, "neutral": 0.1, "fear": 0.5}
    assert dict(zip(EKMAN.names, convert(half, "mikels", "ekman").tolist(), strict=True)) == pytest.approx(expected)
    assert convert(half, "mikels", "mikels").tolist() == half.tolist()


def test_what_cannot_be_mapped() -> None:
    with pytest.raises(ShapeError, match="no mapping from polarity to mikels"):
        mapping("polarity", "mikels")
