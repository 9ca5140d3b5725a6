from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from emoir.images.decode import decode
from emoir.images.difference_hash import NEAR, difference_hash, hash_distance
from tests.pictures import save_photos


def test_by_hand() -> None:
    rising = np.tile(np.arange(0, 216, 24, dtype=np.uint8)[None, :, None], (8, 1, 3))
    assert difference_hash(rising) == 2**64 - 1
    assert difference_hash(rising[:, ::-1]) == 0
    half = rising.copy()
    half[4:] = half[4:, ::-1]
    assert difference_hash(half) == 0xFFFFFFFF00000000


def test_copies_are_near_and_others_far(tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 8)
    hashes = np.array([difference_hash(decode(path, size=96).pixels) for path in paths], np.uint64)
    for path, own in zip(paths, hashes, strict=True):
        smaller = io.BytesIO()
        Image.open(path).resize((200, 150)).save(smaller, "JPEG", quality=40)
        copy = np.uint64(difference_hash(decode(smaller.getvalue(), size=96).pixels))
        distances = hash_distance(hashes, copy)
        assert distances[hashes == own].max() <= NEAR
        assert distances[hashes != own].min() > NEAR
