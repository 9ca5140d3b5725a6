"""Take the unrated pictures out of their git repositories: one file of pixels per source.

    cd benchmarks && python -m weights.pictures --mirrors MIRRORS --data DATA [SOURCE …]

MIRRORS holds a bare copy of each repository as ``OWNER+NAME/repo``. Left out is what nearly repeats a human-rated image
of the development sets, what repeats another picture, and what cannot be decoded. Written per source:
``DATA/SOURCE.pixels`` (n x side x side x 3 uint8, the whole picture squashed) and ``DATA/SOURCE.csv`` (object, path).
A source that is there is not taken again.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import development
from emoir.errors import EmoirError
from emoir.images.decode import decode
from weights.sources import SOURCES, Source

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SMALLEST = 60
CELLS = 16
# Of 256 bits: what two crops or re-encodings of one picture differ in.
NEAR = 20
WEB = {"web": "web_emotion16_weak", "tweets": "mvsa_single"}


def wide_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Difference hash of 16 x 16 cells: 256 bits, (4,) uint64.

    Example:
        >>> wide_hash(np.zeros((64, 64, 3), np.uint8)).tolist()
        [0, 0, 0, 0]
    """
    grey = Image.fromarray(pixels).convert("L").resize((CELLS + 1, CELLS), Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).view(np.uint64)


def repeats(hashed: NDArray[np.uint64], known: NDArray[np.uint64]) -> bool:
    """Whether a hash (4,), or its mirror image's, is near one of the known ones (n, 4)."""
    return bool(len(known)) and int(np.bitwise_count(known ^ hashed).sum(axis=1, dtype=np.int64).min()) <= NEAR


def rated_hashes() -> NDArray[np.uint64]:
    """Hashes of every human-rated image and of its mirror image, (n, 4)."""
    hashes = []
    for name in development.HUMAN_RATED:
        for path in development.load(name).paths:
            pixels = decode(path, size=64).pixels
            hashes += [wide_hash(pixels), wide_hash(np.ascontiguousarray(pixels[:, ::-1]))]
    return np.array(hashes)


def objects(repository: Path, source: Source) -> list[tuple[str, str]]:
    """Git objects that are pictures by name, with their paths, in the order of the objects: that is, at random."""
    command = ["git", f"--git-dir={repository}", "-c", "core.quotepath=off"]
    if source.history:
        command += ["rev-list", "--all", "HEAD", "--objects", "--missing=allow-any"]
    else:
        command += ["ls-tree", "-r", "HEAD", "--format=%(objectname) %(path)"]
    found: dict[str, str] = {}
    for line in subprocess.run(command, check=True, capture_output=True).stdout.decode(errors="replace").splitlines():
        name, _, path = line.partition(" ")
        if path.startswith(source.folders) and Path(path).suffix.lower() in ENDINGS:
            found.setdefault(name, path)
    return sorted(found.items())


def blobs(repository: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """The content of every object that the repository holds."""
    command = ["git", f"--git-dir={repository}", "cat-file", "--batch", "--buffer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked = process.stdin

        def ask() -> None:
            # Who has taken enough pictures stops reading, and git with it.
            with contextlib.suppress(BrokenPipeError), asked:
                asked.write("".join(f"{name}\n" for name in names).encode())

        threading.Thread(target=ask, daemon=True).start()
        while head := process.stdout.readline().split():
            if head[-1] != b"missing":
                content = process.stdout.read(int(head[2]))
                process.stdout.read(1)
                yield head[0].decode(), content


def take(
    pictures: Iterable[tuple[str, str, bytes]],
    into: Path,
    *,
    side: int,
    most: int | None,
    rated: NDArray[np.uint64],
    known: set[str],
) -> int:
    """Write the pixels of pictures that are neither broken, nor small, nor rated, nor known.

    Args:
        pictures: object, path, content.
        into: path without ending.
        side: of the square that is kept.
        most: where to stop.
        rated: hashes (n, 4) of what must not be taken.
        known: hashes of what was taken from other sources, in hexadecimal; learns those that are taken.

    Returns:
        How many were written.
    """
    count = 0
    partial = into.with_suffix(".partial")
    with partial.open("wb") as pixels, into.with_suffix(".csv").open("w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["object", "path", "hash"])
        for name, path, content in pictures:
            try:
                with Image.open(io.BytesIO(content)) as image:
                    if min(image.size) < SMALLEST:
                        continue
                picture = decode(content, size=side).pixels
            except (EmoirError, OSError, SyntaxError, ValueError):
                continue
            hashed = wide_hash(picture)
            text = hashed.tobytes().hex()
            if text in known or repeats(hashed, rated):
                continue
            known.add(text)
            pixels.write(picture.tobytes())
            rows.writerow([name, path, text])
            count += 1
            if count == most:
                break
    # Last: a source that has its pixels is complete.
    partial.rename(into.with_suffix(".pixels"))
    return count


def from_repository(source: Source, mirrors: Path) -> Iterator[tuple[str, str, bytes]]:
    """Object, path and content of a source's pictures."""
    repository = mirrors / source.repository.replace("/", "+") / "repo"
    repository = repository / ".git" if (repository / ".git").is_dir() else repository
    paths = dict(objects(repository, source))
    for name, content in blobs(repository, list(paths)):
        yield name, paths[name], content


def from_development(name: str) -> Iterator[tuple[str, str, bytes]]:
    """The same of a weakly labelled development set."""
    for path in development.load(name).paths:
        yield path.stem, path.name, path.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrors", type=Path, required=True, help="folder of git repositories")
    parser.add_argument("--data", type=Path, required=True, help="where the pixels go")
    parser.add_argument("sources", nargs="*", default=[*WEB, *SOURCES], help="default: all")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    rated, known = rated_hashes(), set[str]()
    for name in arguments.sources:
        into = arguments.data / name
        if into.with_suffix(".pixels").exists():
            with into.with_suffix(".csv").open(newline="") as table:
                known |= {row["hash"] for row in csv.DictReader(table)}
            continue
        source = SOURCES.get(name)
        pictures = from_development(WEB[name]) if source is None else from_repository(source, arguments.mirrors)
        side, most = (144, None) if source is None else (source.side, source.most)
        count = take(pictures, into, side=side, most=most, rated=rated, known=known)
        print(f"{name}: {count} pictures", flush=True)


if __name__ == "__main__":
    main()
