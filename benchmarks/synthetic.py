"""Indexes of made-up readings, for figures about searching and scanning that need no photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from emoir import EmotionReadings, Model
from emoir.extract import Extraction
from emoir.images.palette import PALETTE_LENGTH
from emoir.images.places import FileStat
from emoir.index import FileOutcome, SqliteStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import EMBEDDING_LENGTH
from emoir.limits import Limits

BATCH = 4096


def made_up_files(count: int) -> list[tuple[bytes, FileStat]]:
    """Names, sizes and times of files that do not exist, 500 in a folder."""
    return [(f"/photos/{n // 500:05}/{n:07}.jpg".encode(), FileStat(3_000_000 + n, n)) for n in range(count)]


def write_index(location: Path, root: bytes, files: Sequence[tuple[bytes, FileStat]], seed: int = 0) -> None:
    """Write an index that says of every file that it was read, each with another reading."""
    model = Model()
    with SqliteStore(location, model=IndexedModel.of(model)) as index:
        index.add_root(root)
        readings = _extractions(model, [stat for _, stat in files], seed)
        for start in range(0, len(files), BATCH):
            part = files[start : start + BATCH]
            index.record(
                [FileOutcome(path, stat, reading) for (path, stat), reading in zip(part, readings, strict=False)],
                Limits(),
            )
        index.compact()


def _extractions(model: Model, stats: Sequence[FileStat], seed: int) -> Iterator[Extraction]:
    random = np.random.default_rng(seed)
    for start in range(0, len(stats), BATCH):
        part = stats[start : start + BATCH]
        n = len(part)
        embeddings = random.standard_normal((n, EMBEDDING_LENGTH)).astype(np.float32)
        valence, arousal, confidence = random.random((3, n), dtype=np.float32)
        readings = EmotionReadings(
            embeddings=embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True),
            distributions={
                space: random.dirichlet(np.ones(len(names)), n).astype(np.float32)
                for space, names in model.card.class_names.items()
            },
            class_names=model.card.class_names,
            valence=valence,
            arousal=arousal,
            confidence=confidence,
            monochrome=random.random(n) < 0.1,
            model=model.id,
        )
        palettes = random.dirichlet(np.full(PALETTE_LENGTH, 0.1), n).astype(np.float32)
        hashes = random.integers(0, 2**63, n).tolist()
        for row, stat in enumerate(part):
            number = start + row
            taken = f"{2000 + number % 25}:06:{1 + number % 28:02} 12:00:00"
            yield Extraction(
                digest=number.to_bytes(32, "big"),
                stat=stat,
                reading=readings[row],
                palette=palettes[row],
                width=4000,
                height=3000,
                taken=taken,
                hash=hashes[row],
            )
