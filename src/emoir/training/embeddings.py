"""Embeddings of images, kept on disk by the images' content: an image is embedded once."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import platformdirs
from numpy.typing import NDArray

from emoir.errors import UndecodableImageError
from emoir.files import read_regular
from emoir.images.features import NUMBERS, colour_and_texture
from emoir.models.encoder import Encoder
from emoir.models.graph import Graph
from emoir.models.model import Model

# Images that are embedded before they are kept, at most.
BATCH = 64

MeasureFile: TypeAlias = Callable[[Path], "NDArray[np.float32]"]
"""What is kept of an image file."""
Done: TypeAlias = Callable[[int, int], None]
"""Called with the number of images done, and of all."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was measured of n images.

    Args:
        embeddings: (n, L) float32, as the encoder gives them.
        numbers: (n, 90) float32 of colour and texture (see ``emoir.images.features``), not scaled.
        logits: (n, 1000) float32, or None where the encoder gives none.
    """

    embeddings: NDArray[np.float32]
    numbers: NDArray[np.float32]
    logits: NDArray[np.float32] | None = None


def cache_folder() -> Path:
    """The default folder of embeddings."""
    return Path(platformdirs.user_cache_path("emoir", appauthor=False)) / "embeddings"


def embed_files(
    paths: Sequence[Path],
    encoder: Encoder,
    *,
    folder: Path | None = None,
    threads: int | None = None,
    report: Done | None = None,
) -> Embedded:
    """Embed images, each once: what was measured is found again by the image's content.

    Args:
        paths: n image files.
        encoder: see ``find_encoder``.
        folder: where embeddings are kept; default: ``cache_folder()``. Losing it costs time.
        threads: images at work at once; default: one per core.
        report: progress.

    Raises:
        UndecodableImageError: for the first image that cannot be decoded.
        ModelError: if the encoder fails.
    """

    def measure() -> MeasureFile:
        graph = encoder.graph
        return lambda path: _embed(path, encoder, graph)

    what = f"{encoder.digest} {encoder.preprocessing} {encoder.output} {encoder.logits}"
    rows = _kept(paths, folder or cache_folder(), what, measure, threads=threads, report=report)
    embeddings, numbers = rows[:, : encoder.length], rows[:, encoder.length : encoder.length + NUMBERS]
    return Embedded(embeddings, numbers, None if encoder.logits is None else rows[:, encoder.length + NUMBERS :])


def read_files(
    paths: Sequence[Path],
    model: Model,
    *,
    folder: Path | None = None,
    threads: int | None = None,
    report: Done | None = None,
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """A model's readings of images, kept as embeddings are; arguments and errors as for ``embed_files``.

    Returns:
        Space to (n, K) probabilities, and (n, 2) valence and arousal.
    """
    rows = _kept(paths, folder or cache_folder(), model.id, lambda: _reader(model), threads=threads, report=report)
    spaces, at = {}, 0
    for space, names in model.card.class_names.items():
        spaces[space] = rows[:, at : at + len(names)]
        at += len(names)
    return spaces, rows[:, at:]


def _reader(model: Model) -> MeasureFile:
    def read(path: Path) -> NDArray[np.float32]:
        reading = model.read(path)
        shares = [share for classes in reading.distributions.values() for share in classes.values()]
        return np.array([*shares, reading.valence, reading.arousal])

    return read


def _embed(path: Path, encoder: Encoder, graph: Graph) -> NDArray[np.float32]:
    image = encoder.preprocessing.prepare(path)
    answers = graph.run({encoder.input: encoder.preprocessing.tensor(image.pixels[None])})
    numbers = colour_and_texture(image.measured)
    return np.concatenate([answers[encoder.output][0], numbers, *answers.get(encoder.logits or "", ())])


def _kept(
    paths: Sequence[Path],
    folder: Path,
    what: str,
    measure: Callable[[], MeasureFile],
    *,
    threads: int | None,
    report: Done | None,
) -> NDArray[np.float32]:
    """One row per image: found by its content where ``what`` was measured of it before, else measured and kept."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[NDArray[np.float32]] = []
    measuring: list[MeasureFile] = []

    def one(path: Path) -> bytes:
        try:
            return measuring[0](path).astype("<f4").tobytes()
        except UndecodableImageError as error:
            raise UndecodableImageError(f"{path}: {error}") from error

    connection = sqlite3.connect(folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.sqlite", timeout=60)
    with closing(connection), ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        connection.execute("CREATE TABLE IF NOT EXISTS measured (digest BLOB PRIMARY KEY, numbers BLOB)")
        for start in range(0, len(paths), BATCH):
            part = paths[start : start + BATCH]
            digests = list(pool.map(lambda path: hashlib.sha256(read_regular(path)).digest(), part))
            marks = ", ".join("?" * len(digests))
            known = dict(connection.execute(f"SELECT digest, numbers FROM measured WHERE digest IN ({marks})", digests))
            missing = {digest: path for digest, path in zip(digests, part, strict=True) if digest not in known}
            if missing and not measuring:
                measuring.append(measure())
            made = dict(zip(missing, pool.map(one, missing.values()), strict=True))
            with connection:
                connection.executemany("INSERT OR REPLACE INTO measured VALUES (?, ?)", made.items())
            rows += [np.frombuffer((known | made)[digest], "<f4") for digest in digests]
            if report is not None:
                report(len(rows), len(paths))
    return np.stack(rows)
