"""Changes single bytes of a large index and looks whether commands notice: ``python benchmarks/damaged_index.py``.

Every byte is changed in a copy of its own. Then everything that commands show is read: readings, what is known of the
images, files, folders, failures, catalogues, ratings. A change that shows in an answer, without an error, is a failure.

    python benchmarks/damaged_index.py [--flips 1000] [--images 3000]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.evaluate.provenance import provenance
from emoir.index import file as index_file
from emoir.index.store import SqliteStore

SEED, SIDE, RATED, DETAILED, BOARDS = 20261129, 16, 200, 50, 20


def make_index(folder: Path, images: int) -> Path:
    """An index that has rows in every table."""
    (folder / "photos").mkdir()
    for number in range(images):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{number:05}.png")
    (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    lines = [f"{number:05}.png,Title {number}\n" for number in range(0, images, 3)]
    (folder / "records.csv").write_text("file,title\n" + "".join(lines))
    with Collection(folder / "x.emoir") as photos:
        photos.index(folder / "photos", catalogue=folder / "records.csv")
        for image in range(1, RATED + 1):
            photos.ratings.add(image, "Ana", emotion="awe", valence=0.5, arousal=0.5)
            photos.marks.set(image, True)
        for board in range(BOARDS):
            photos.boards.create(f"board {board}", range(1 + board, RATED + 1, BOARDS))
            photos.boards.save_search(f"search {board}", "?q=awe")
    return folder / "x.emoir"


def shown(file: Path) -> dict[str, object]:
    """Everything that any command could show of an index, by what it is."""
    with SqliteStore(file) as store:
        metadata, rows = store.rows()
        status = store.status()
        few = metadata[:: max(1, len(metadata) // DETAILED)]
        return {
            "images": metadata,
            "rows": rows.tobytes(),
            "times": store.attributes(store.vectors().ids).moment.tolist(),
            "model": status.model,
            "folders": (status.roots, [store.directories(root) for root in status.roots]),
            "counts": (status.images, status.files),
            "failures": (status.failures, status.incomplete),
            "catalogues": status.catalogues,
            "ratings": store.ratings.all(),
            "boards": (store.boards.all(), store.boards.searches()),
            "files": [store.files_of(entry.id) for entry in few],
            "inside folders": [store.ids_below([root]).tolist() for root in status.roots],
            "by path": [store.id_of(entry.path) for entry in few],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--images", type=int, default=3000)
    chosen = parser.parse_args()
    # Smaller ones are read to their end when they are opened.
    index_file.SMALL_BYTES = 0
    random = np.random.default_rng(SEED)
    outcomes = Counter[str]()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.path.realpath(temporary))
        whole = make_index(folder, chosen.images)
        expected, content = shown(whole), whole.read_bytes()
        file = folder / "damaged" / "x.emoir"
        file.parent.mkdir()
        for _ in range(chosen.flips):
            damaged = bytearray(content)
            damaged[int(random.integers(len(content)))] ^= int(random.integers(1, 256))
            for left in file.parent.iterdir():
                left.unlink()
            file.write_bytes(damaged)
            try:
                seen = shown(file)
            except IndexFileError:
                outcomes["noticed"] += 1
            else:
                wrong = [name for name in expected if seen[name] != expected[name]]
                outcomes[f"shown without a word: {', '.join(wrong)}" if wrong else "without effect"] += 1
    print(f"{chosen.flips:,} bytes changed, one at a time, in an index of {len(content) / 1e6:.1f} MB:")
    for outcome, count in outcomes.most_common():
        print(f"{count:,} {outcome}")
    print("\n" + provenance(f"{chosen.images:,} images", f"seed {SEED}"))


if __name__ == "__main__":
    main()
