from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir.errors import ShapeError
from emoir.evaluate.out_of_fold import OutOfFold

RANDOM = np.random.default_rng(4)
DIGESTS = ("aa", "bb", "cc")
READINGS = OutOfFold(
    digests=DIGESTS,
    folds=np.array([0, 1, 0]),
    probabilities={"mikels": RANDOM.dirichlet(np.ones(8), 3), "mood": RANDOM.dirichlet(np.ones(2), 3)},
    points=RANDOM.uniform(size=(3, 2)),
    embeddings=RANDOM.normal(size=(3, 5)),
)


def test_readings_come_back_in_the_order_of_the_images(tmp_path: Path) -> None:
    # As a file keeps them.
    np.savez_compressed(tmp_path / "r.npz", allow_pickle=False, **READINGS.to_arrays())
    back = OutOfFold.from_arrays(dict(np.load(tmp_path / "r.npz")), ("cc", "aa", "bb"))
    order = [2, 0, 1]
    assert back.folds.tolist() == [0, 0, 1]
    assert list(back.probabilities) == ["mikels", "mood"]
    np.testing.assert_allclose(back.probabilities["mikels"], READINGS.probabilities["mikels"][order], atol=1e-6)
    assert back.points is not None
    assert READINGS.points is not None
    assert back.embeddings is not None
    assert READINGS.embeddings is not None
    np.testing.assert_allclose(back.points, READINGS.points[order], atol=1e-6)
    np.testing.assert_allclose(back.embeddings, READINGS.embeddings[order], atol=5e-3)


def test_what_is_absent_stays_absent() -> None:
    back = OutOfFold.from_arrays(OutOfFold(digests=DIGESTS, folds=np.zeros(3, np.int64)).to_arrays(), DIGESTS)
    assert (back.points, back.embeddings, dict(back.probabilities)) == (None, None, {})


def test_readings_of_other_images_are_refused() -> None:
    arrays = READINGS.to_arrays()
    for digests in (("aa", "bb"), ("aa", "bb", "dd")):
        with pytest.raises(ShapeError, match="readings of 3 images"):
            OutOfFold.from_arrays(arrays, digests)
    with pytest.raises(ShapeError, match=r"columns of \[2, 3\] rows for 3 images"):
        OutOfFold(digests=DIGESTS, folds=np.zeros(3, np.int64), probabilities={"mood": np.ones((2, 2))})
