"""What a top learns from: the trunk's statistics of rated and unrated views, and the teachers' embeddings; made once.

    cd benchmarks && python -m weights.kept_statistics --data DATA --passes PASSES --teachers TEACHERS --run RUN

The unrated views are those of pass 0 that ``embed_views.py`` has asked the teachers about; the same teachers are asked
about the rated images.
"""

from __future__ import annotations

import argparse
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import development
from emoir.files import atomic_write
from emoir.training.augmentation import Augmentation
from emoir.training.cache import cached_pixels
from weights.embed_views import Embeddings
from weights.pretrained import PRETRAINED, pretrained, statistics_of
from weights.teachers import Teacher
from weights.unrated import ViewPass

DRAWS, PART = 6, 512
CACHE_SIZE, TEACHER_SIZE = 144, 192
RATED = Augmentation(smallest_area=0.5, grey=0.1)
# Views are cut already.
OF_VIEWS = Augmentation(smallest_area=1.0, aspect=1.0, grey=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatistics:
    """Inputs and teachers' embeddings.

    Args:
        rated: set to (n, 2 + draws, d): of the whole picture, of its mirror image, of random crops.
        rated_embeddings: set to (n, 2560), of the whole picture.
        unrated: (m, d).
        unrated_embeddings: (m, 2560), of the same views.
    """

    rated: dict[str, NDArray[np.float16]]
    rated_embeddings: dict[str, NDArray[np.float32]]
    unrated: NDArray[np.float16]
    unrated_embeddings: NDArray[np.float16]

    @classmethod
    def load(cls, run: Path) -> KeptStatistics:
        """What ``main`` has kept."""
        sets = development.HUMAN_RATED
        return cls(
            rated={name: np.load(run / f"{name}.statistics.npy") for name in sets},
            rated_embeddings={name: np.load(run / f"{name}.embeddings.npy").astype(np.float32) for name in sets},
            unrated=np.load(run / "unrated.statistics.npy"),
            unrated_embeddings=np.load(run / "unrated.embeddings.npy"),
        )


def keep(file: Path, values: NDArray[Any]) -> None:
    """Write an array as a whole."""
    with atomic_write(file) as partial, partial.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)


def keep_rated(run: Path, trunk: Path, teachers: list[Teacher]) -> None:
    """Statistics and embeddings of the rated sets; embeddings that are there stay."""
    network = pretrained(trunk)
    for name in development.HUMAN_RATED:
        paths = development.load(name).paths
        whole, larger = (cached_pixels(paths, size, run / "cache") for size in (network.config.size, CACHE_SIZE))
        draws = torch.Generator().manual_seed(0)
        views = [statistics_of(network, side) for side in (whole, whole[:, :, ::-1])]
        views += [statistics_of(network, larger, RATED, draws) for _ in range(DRAWS)]
        keep(run / f"{name}.statistics.npy", np.stack(views, axis=1))
        if not (file := run / f"{name}.embeddings.npy").exists():
            pixels = cached_pixels(paths, TEACHER_SIZE, run / "cache")
            keep(file, np.concatenate([teacher.embed(pixels) for teacher in teachers], axis=1).astype(np.float16))
        print(name, flush=True)


def keep_part(trunk: Path, views: ViewPass, rows: range, file: Path) -> None:
    """Statistics of some unrated views, unless they are there."""
    if file.exists():
        return
    torch.set_num_threads(1)
    network, draws = pretrained(trunk), torch.Generator().manual_seed(rows.start)
    pixels = views.pixels(np.arange(rows.start, rows.stop), network.config.size)
    keep(file, statistics_of(network, pixels, OF_VIEWS, draws))


def keep_unrated(run: Path, trunk: Path, views: ViewPass, processes: int) -> None:
    """Statistics and embeddings of all views of a pass that the teachers have read; a stopped run goes on."""
    # Parts of another trunk are not taken up.
    embeddings, parts = Embeddings(views.folder), run / f"unrated-{sha256(trunk.read_bytes()).hexdigest()[:12]}"
    parts.mkdir(exist_ok=True)
    rows = [range(start, min(start + PART, len(embeddings))) for start in range(0, len(embeddings), PART)]
    files = [parts / f"{part.start}.npy" for part in rows]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(keep_part, repeat(trunk), repeat(views), rows, files):
            pass
    keep(run / "unrated.embeddings.npy", embeddings.rows(0, len(embeddings)).astype(np.float16))
    keep(run / "unrated.statistics.npy", np.concatenate([np.load(file) for file in files]))
    shutil.rmtree(parts)
    print(len(embeddings), "unrated views", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--teachers", type=Path, required=True, help="folder of ONNX files")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1, help="that read unrated views at once")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.run.mkdir(parents=True, exist_ok=True)
    keep_rated(arguments.run, arguments.trunk, [Teacher(path) for path in sorted(arguments.teachers.glob("*.onnx"))])
    views = ViewPass(arguments.data, arguments.passes, "0")
    keep_unrated(arguments.run, arguments.trunk, views, arguments.processes)


if __name__ == "__main__":
    main()
