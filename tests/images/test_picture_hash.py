from __future__ import annotations

from pathlib import Path

import numpy as np

from emoir.images.picture_hash import hash_files, is_telling, nearest, picture_hash, recognised
from tests.pictures import save_photos


def test_bits_by_hand() -> None:
    # Ever brighter to the right: every bit is set; to the left: none is.
    rising = np.repeat(np.tile(np.arange(0, 255, 15, dtype=np.uint8), (16, 1))[:, :, None], 3, axis=2)
    assert rising.shape == (16, 17, 3)
    assert picture_hash(rising).tolist() == [255] * 32
    assert picture_hash(rising[:, ::-1].copy()).tolist() == [0] * 32
    bump = np.zeros((16, 17, 3), np.uint8)
    bump[0, 3] = 200
    assert np.unpackbits(picture_hash(bump)).nonzero()[0].tolist() == [2]


def test_distances_by_plain_loops() -> None:
    random = np.random.default_rng(0)
    hashes, known = random.integers(0, 256, (30, 32), dtype=np.uint8), random.integers(0, 256, (40, 32), dtype=np.uint8)
    hashes[3] = known[7] ^ np.array([1] * 12 + [0] * 20, np.uint8)
    expected = [min(int(np.unpackbits(own ^ other).sum()) for other in known) for own in hashes]
    assert nearest(hashes, known).tolist() == expected
    assert recognised(hashes, known).nonzero()[0].tolist() == [3]
    assert nearest(hashes, known[:0]).tolist() == [256] * 30


def test_a_smooth_picture_is_nobody_s_copy() -> None:
    flat = np.zeros((2, 32), np.uint8)
    assert not is_telling(flat).any()
    assert not recognised(flat, flat).any()


def test_files(tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 3)
    (tmp_path / "broken.jpg").write_bytes(b"x")
    straight, mirrored = (hash_files([*paths, tmp_path / "broken.jpg"], mirrored=way) for way in (False, True))
    assert straight.shape == (4, 32)
    assert not straight[3].any()
    assert not recognised(straight[:3], mirrored[:3]).any()
    assert hash_files([]).shape == (0, 32)
