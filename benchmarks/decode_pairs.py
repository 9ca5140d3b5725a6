"""Time to decode photographs, of this emoir and of an earlier one: ``python benchmarks/decode_pairs.py BEFORE``.

BEFORE is the folder ``src`` of the earlier one: ``git worktree add /tmp/before 22059e7`` makes that of version 0.4.
Two processes decode the same files in turns, one file at a time, each first at every second turn. Printed are, by
format, the ratio of computing time (the median over the pairs of one file, then over the files) and its range. With
``--index FOLDER``, both versions read the photographs of ``performance.py``, kept in the folder, with ``emoir index``
instead, and all of their processes count.

    python benchmarks/decode_pairs.py /tmp/before/src [--repeats 25] [--index runs/performance] [--photographs 1000]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

from emoir.evaluate.provenance import provenance
from photographs import photograph_folder

NAMES = ("astronaut", "chelsea", "coffee", "rocket")
# Longest sides; the side to which models have pictures decoded.
SIDES, SIZE = (800, 2400), 128
MOST = 1.03
# Decodes what it is told to and answers with the seconds.
DECODER = """
import sys, time
from pathlib import Path
from typing import Any
from emoir.images.decode import decode
for line in sys.stdin:
    began = time.process_time()
    decode(Path(line.rstrip()), size=int(sys.argv[1]))
    print(time.process_time() - began, flush=True)
"""


class Decoder:
    """A process that decodes with the emoir of one source folder."""

    def __init__(self, source: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", DECODER, str(SIZE)],
            env={**os.environ, "PYTHONPATH": str(source)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, file: Path) -> float:
        """Computing time of one file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{file}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def photographs(folder: Path) -> dict[str, list[Path]]:
    """Files by format, with what cameras write beside the pixels."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 1, "2019:06:01 12:00:00"
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "JPEG": ("jpg", {"quality": 90, "exif": exif}),
        "JPEG, progressive": ("jpg", {"quality": 90, "progressive": True}),
        "PNG": ("png", {"compress_level": 3}),
        "WebP": ("webp", {"quality": 85, "exif": exif}),
    }
    found: dict[str, list[Path]] = {}
    for name in NAMES:
        for side in SIDES:
            image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
            scale = side / max(image.size)
            image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
            for place, (kind, (suffix, options)) in enumerate(kinds.items()):
                file = folder / f"{name}-{side}-{place}.{suffix}"
                image.save(file, **options)
                found.setdefault(kind, []).append(file)
    return found


def ratio(file: Path, now: Decoder, before: Decoder, repeats: int) -> float:
    """The median over pairs of the time that is taken now by that which was taken before."""
    pairs = []
    for turn in range(repeats + 1):
        first, second = (now, before) if turn % 2 else (before, now)
        one, other = first.seconds(file), second.seconds(file)
        pairs.append(one / other if turn % 2 else other / one)
    # The first pair warms up.
    return float(np.median(pairs[1:]))


def index_seconds(source: Path, folder: Path, index: Path) -> float:
    """Computing time of ``emoir index`` of one source folder, from its start to the end of its last worker."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "emoir", "index", str(folder), "--index", str(index), "--workers=2"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(source)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare_indexing(now: Path, before: Path, photographs: Path, repeats: int) -> Iterator[str]:
    """Rows of the table: both versions read one photograph, and a folder of them, with two workers, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one"
        one.mkdir()
        shutil.copy(sorted(photographs.iterdir())[0], one)
        for what, pictures in (("one photograph", one), ("a folder", photographs)):
            pairs: list[tuple[float, float]] = []
            for turn in range(repeats):
                spent: dict[Path, float] = {}
                for source in (now, before) if turn % 2 else (before, now):
                    index = Path(folder) / f"{what}-{turn}-{len(spent)}.emoir"
                    spent[source] = index_seconds(source, pictures, index)
                pairs.append((spent[now], spent[before]))
            ratios = np.divide(*np.transpose(pairs))
            middle = float(np.median(ratios))
            seconds = " ÷ ".join(f"{value:.2f} s" for value in np.median(pairs, axis=0))
            kept = "yes" if middle <= MOST else "no"
            files, widest = len(list(pictures.iterdir())), f"{ratios.min():.3f} … {ratios.max():.3f}"
            must = kept if pictures == photographs else ""
            yield f"| {what} | {files:,} | {middle:.3f} | {widest} | {seconds} | {must} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before", type=Path, help="the folder src of the earlier version")
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--index", type=Path, metavar="FOLDER", help="the whole command; photographs are kept here")
    parser.add_argument("--photographs", type=int, default=1000)
    chosen = parser.parse_args()
    if chosen.index:
        pictures = chosen.index / f"{chosen.photographs}_photographs"
        photograph_folder(pictures, chosen.photographs)
        print(f"| emoir index | files | now ÷ before | from … to | seconds | at most {MOST} |\n" + "|---" * 6 + "|")
        source = Path(__file__).resolve().parents[1] / "src"
        for row in compare_indexing(source, chosen.before, pictures, chosen.repeats):
            print(row, flush=True)
        print("\n" + provenance(f"{chosen.repeats} pairs", "2 workers"))
        return
    now, before = Decoder(Path(__file__).resolve().parents[1] / "src"), Decoder(chosen.before)
    print(f"| format | files | now ÷ before | from … to | at most {MOST} |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind, files in photographs(Path(folder)).items():
            ratios = [ratio(file, now, before, chosen.repeats) for file in files]
            middle = float(np.median(ratios))
            kept = "yes" if middle <= MOST else "no"
            print(
                f"| {kind} | {len(files)} | {middle:.3f} | {min(ratios):.3f} … {max(ratios):.3f} | {kept} |", flush=True
            )
    now.close()
    before.close()
    print("\n" + provenance(f"sides {SIDES}", f"{chosen.repeats} repeats", f"to {SIZE} x {SIZE}"))


if __name__ == "__main__":
    main()
