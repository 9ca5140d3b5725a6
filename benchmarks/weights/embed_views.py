"""Ask the teachers about the views of a pass, in the order in which pre-training will show them.

    cd benchmarks && python -m weights.embed_views --data DATA --passes PASSES --teachers TEACHERS held-out 0 1 …

Written per pass: ``embeddings.f16`` (one row a view, the teachers' embeddings of unit length, joined) and how many of
its leading rows are there. A stopped run goes on where it was. Pre-training may read the rows while this writes more.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.errors import TrainingError
from weights.teachers import Teacher
from weights.unrated import ViewPass

CHUNK = 64
# Of one embedding: two teachers of 1280 numbers.
LENGTH = 2560
GROUP = 16


class Embeddings:
    """The teachers' embeddings of the leading views of a pass, in a file that only grows.

    Args:
        folder: of the pass.
    """

    def __init__(self, folder: Path) -> None:
        self.file, self.length = folder / "embeddings.f16", LENGTH

    def __len__(self) -> int:
        return self.file.stat().st_size // (2 * self.length) if self.file.exists() else 0

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows; what a killed run left half written is cut off first."""
        whole = len(self) * 2 * self.length
        with self.file.open("r+b" if self.file.exists() else "wb") as stream:
            stream.truncate(whole)
            stream.seek(whole)
            stream.write(rows.astype(np.float16).tobytes())
            stream.flush()
            os.fsync(stream.fileno())

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """(stop - start, length) float32."""
        values = np.fromfile(self.file, np.float16, (stop - start) * self.length, offset=2 * start * self.length)
        return values.reshape(-1, self.length).astype(np.float32)


def embed(views: ViewPass, teachers: list[Teacher], most: int | None, threads: int = 2) -> None:
    """Fill the embeddings of a pass, or the first ``most`` of them, with some chunks at work at once."""
    count = min(most or len(views), len(views))
    if (length := sum(teacher.length for teacher in teachers)) != LENGTH:
        raise TrainingError(f"the teachers say {length} numbers together; the passes hold {LENGTH}")
    embeddings = Embeddings(views.folder)

    def embedded(start: int) -> NDArray[np.float32]:
        numbers = np.arange(start, min(start + CHUNK, count))
        pixels = {side: views.pixels(numbers, side) for side in {teacher.side for teacher in teachers}}
        return np.concatenate([teacher.embed(pixels[teacher.side]) for teacher in teachers], axis=1)

    with ThreadPoolExecutor(threads) as pool:
        # A few chunks at a time, so that what is done does not pile up in memory.
        while (done := len(embeddings)) < count:
            for rows in pool.map(embedded, range(done, count, CHUNK)[:GROUP]):
                embeddings.append(rows)
            print(f"{time.strftime('%H:%M:%S')} pass {views.name}: {len(embeddings)} of {count} views", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--teachers", type=Path, required=True, help="folder of ONNX files")
    parser.add_argument("--most", type=int, help="so many views of a pass at most")
    parser.add_argument("--threads", type=int, default=2, help="chunks at work at once")
    parser.add_argument("names", nargs="+", help="held-out, or numbers of passes")
    arguments = parser.parse_args()
    teachers = [Teacher(path) for path in sorted(arguments.teachers.glob("*.onnx"))]
    for name in arguments.names:
        embed(ViewPass(arguments.data, arguments.passes, name), teachers, arguments.most, arguments.threads)


if __name__ == "__main__":
    main()
