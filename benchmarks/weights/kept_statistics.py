"""What heads learn from when the trunk is frozen: its statistics of rated and unrated views, made once.

    cd benchmarks && python -m weights.kept_statistics --data DATA --passes PASSES --teachers TEACHERS --run RUN

The unrated views are the first ones of pass 0, which ``embed_views.py`` has asked the teachers about; the same teachers
are asked about the rated images.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import development
from emoir.files import atomic_write
from emoir.training.cache import cached_pixels
from weights.embed_views import Embeddings
from weights.fine_tune import SETS
from weights.head_ablation import drawn, statistics_of
from weights.pretrain import SIZE, pretrained
from weights.teachers import Teacher
from weights.unrated import ViewPass

DRAWS, UNRATED = 2, 8192
CACHE_SIZE, TEACHER_SIZE = 144, 192


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatistics:
    """Inputs and teachers' embeddings.

    Args:
        rated: set to (n, 2 + draws, 1096): of the whole picture, of its mirror image, of random crops.
        rated_embeddings: set to (n, 2560), of the whole picture.
        unrated: (m, 1096).
        unrated_embeddings: (m, 2560), of the same views.
        sources: (m,), of the unrated views.
    """

    rated: dict[str, NDArray[np.float16]]
    rated_embeddings: dict[str, NDArray[np.float32]]
    unrated: NDArray[np.float16]
    unrated_embeddings: NDArray[np.float32]
    sources: NDArray[np.str_]

    @classmethod
    def load(cls, run: Path) -> KeptStatistics:
        """What ``main`` has kept."""
        return cls(
            rated={name: np.load(run / f"{name}.statistics.npy") for name in SETS},
            rated_embeddings={name: np.load(run / f"{name}.embeddings.npy").astype(np.float32) for name in SETS},
            unrated=np.load(run / "unrated.statistics.npy"),
            unrated_embeddings=np.load(run / "unrated.embeddings.npy").astype(np.float32),
            sources=np.load(run / "unrated.sources.npy"),
        )


def keep(file: Path, values: NDArray[Any]) -> None:
    """Write an array as a whole."""
    with atomic_write(file) as partial, partial.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--teachers", type=Path, required=True, help="folder of ONNX files")
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run = arguments.run
    run.mkdir(parents=True, exist_ok=True)
    trunk = pretrained()
    teachers = [Teacher(path) for path in sorted(arguments.teachers.glob("*.onnx"))]
    for name in SETS:
        paths = development.load(name).paths
        if not (file := run / f"{name}.statistics.npy").exists():
            whole, larger = (cached_pixels(paths, size, run / "cache") for size in (SIZE, CACHE_SIZE))
            sides = [statistics_of(trunk, side) for side in (whole, whole[:, :, ::-1])]
            keep(file, np.stack(sides + drawn(trunk, larger, DRAWS, seed=0), axis=1))
        if not (file := run / f"{name}.embeddings.npy").exists():
            pixels = cached_pixels(paths, TEACHER_SIZE, run / "cache")
            keep(file, np.concatenate([teacher.embed(pixels) for teacher in teachers], axis=1).astype(np.float16))
        print(name, flush=True)
    views = ViewPass(arguments.data, arguments.passes, "0")
    embeddings = Embeddings(views.folder)
    count = min(UNRATED, len(embeddings))
    numbers = np.arange(count)
    parts = [statistics_of(trunk, views.pixels(part, SIZE)) for part in np.array_split(numbers, max(1, count // 512))]
    keep(run / "unrated.sources.npy", np.array([views.view(int(number)).source for number in numbers]))
    keep(run / "unrated.embeddings.npy", embeddings.rows(0, count).astype(np.float16))
    keep(run / "unrated.statistics.npy", np.concatenate(parts))
    print(count, "unrated views", flush=True)


if __name__ == "__main__":
    main()
