"""Training images of a model, written beside it: digests and picture hashes, by which they are recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoir.images.picture_hash import hash_files, is_telling
from emoir.models.card import TRAINING_DIGESTS, TRAINING_HASHES
from emoir.models.model import ModelFolder


def write_training_images(folder: Path, paths: Sequence[Path], began_with: ModelFolder | None) -> None:
    """Write the digests and the picture hashes of what a model learnt from into its folder.

    Args:
        folder: of the model.
        paths: every image that training has seen, labelled or not.
        began_with: the model that it began with; what that had learnt from counts as well.
    """
    digests = {hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths}
    hashes = hash_files(paths)
    if began_with is not None:
        digests |= began_with.training_digests()
        hashes = np.concatenate([began_with.training_hashes(), hashes])
    (folder / TRAINING_DIGESTS).write_text("\n".join(sorted(digests)) + "\n")
    (folder / TRAINING_HASHES).write_bytes(np.unique(hashes[is_telling(hashes)], axis=0).tobytes())
