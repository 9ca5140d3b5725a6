from __future__ import annotations

import numpy as np

from emoir.images.difference_hash import NEAR
from emoir.images.near_duplicates import SAME_PALETTE, near_duplicate_pairs, near_duplicates_of


def test_hash_and_colours_must_both_agree() -> None:
    hashes = np.array([(1 << NEAR) - 1, (1 << NEAR + 1) - 1, 0, 0], np.uint64)
    alike = [SAME_PALETTE, np.sqrt(1 - SAME_PALETTE**2)]
    palettes = np.array([[1.0, 0.0], [1.0, 0.0], alike, [0.0, 1.0]])
    found = near_duplicates_of(hashes, palettes, np.uint64(0), np.array([1.0, 0.0]))
    assert found.tolist() == [True, False, True, False]


def test_pairs_are_those_of_a_double_loop() -> None:
    random = np.random.default_rng(3)
    hashes = random.integers(0, 2**8, 60, dtype=np.uint64)
    palettes = np.sqrt(random.dirichlet(np.full(3, 0.5), 60))
    slow = [
        [one, other]
        for one in range(60)
        for other in range(one + 1, 60)
        if int(hashes[one] ^ hashes[other]).bit_count() <= NEAR and palettes[one] @ palettes[other] >= SAME_PALETTE
    ]
    assert 100 < len(slow) < 60 * 59 / 2
    assert near_duplicate_pairs(hashes, palettes).tolist() == slow


def test_nothing_to_compare() -> None:
    assert near_duplicate_pairs(np.empty(0, np.uint64), np.empty((0, 64))).shape == (0, 2)
