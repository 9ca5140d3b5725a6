"""Indexing: against its own two halves, against other networks, against looking at files, and in memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.errors import ModelError
from emoir.images.walk import walk
from emoir.index.writer import Progress
from emoir.models import ModelFolder
from photographs import photograph_folder
from synthetic import write_index
from timing import Ratio, milliseconds, python, time_ratio, together
from worker_throughput import ENCODER

HERE = Path(__file__).parent
# The least that a look at every file can cost, run in this process and in one of its own.
LOOK = """
import os
def look(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            look(entry.path)
        else:
            entry.stat()
"""
# The slow networks read part of the photographs: a rate needs no more.
FEW = 160


def pipeline(folder: Path, repeats: int, workers: int, count: int) -> list[Ratio]:
    """Time per photograph from the first answer to the last commit, against decoding and forward pass alone."""
    paths = photograph_folder(folder / f"{count}_photographs", count)
    whole, halves = [], []
    for _ in range(repeats):
        whole.append(_seconds_each(paths, workers))
        halves.append(sum(_alone(name, paths, workers, folder) for name in ("decode", "forward")))
    return [
        Ratio(
            f"time per image end to end, {workers} workers ÷ (decode and resize alone + forward alone, same workers)",
            statistics.median(whole) / statistics.median(halves),
            "≤ 1.15",
            "≤ 1.05",
            milliseconds(statistics.median(whole)),
            milliseconds(statistics.median(halves)),
        )
    ]


def networks(folder: Path, repeats: int, workers: int, count: int) -> list[Ratio]:
    """Indexing rate against those of larger networks in the simplest loop over the same photographs and cores."""
    from reference_networks import ClipImageTower, ResNet50, write_graph

    paths = photograph_folder(folder / f"{count}_photographs", count)
    for name, network in (("clip.onnx", ClipImageTower), ("resnet50.onnx", ResNet50)):
        if not (folder / name).exists():
            write_graph(network(), folder / name)
    wanted = {
        "clip.onnx": ("CLIP ViT-B/32 image tower in ONNX Runtime", "≥ 6", "≥ 10"),
        "resnet50.onnx": ("ResNet-50 in ONNX Runtime", "≥ 3", ""),
        "resnet50": ("ResNet-50 in torch", "≥ 5", ""),
    }
    times: dict[str, list[float]] = {name: [] for name in ("emoir", *wanted)}
    for _ in range(repeats):
        times["emoir"].append(_seconds_each(paths, workers))
        for name in wanted:
            times[name].append(_alone(name, paths[:FEW], workers, folder))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return [
        Ratio(
            f"indexing rate of emoir ÷ {title}, {workers} processes",
            medians[name] / medians["emoir"],
            must,
            aim,
            f"{1 / medians['emoir']:.1f} images/s",
            f"{1 / medians[name]:.1f} images/s",
        )
        for name, (title, must, aim) in wanted.items()
    ]


def encoder(folder: Path, repeats: int, workers: int, count: int) -> list[Ratio]:
    """Indexing rate with EfficientNet-Lite2 against its forward pass alone, on photographs and on small copies."""
    try:
        ModelFolder(ENCODER)
    except ModelError as error:
        sys.exit(f"{error}\nAdd it first: emoir model add {ENCODER}")
    photographs = photograph_folder(folder / f"{count}_photographs", count)[:FEW]
    ratios = []
    for title, paths in (
        ("photographs", copies(photographs, folder, None)),
        ("512 px", copies(photographs, folder, 512)),
    ):
        whole, alone = [], []
        for _ in range(repeats):
            whole.append(_seconds_each(paths, workers, ENCODER))
            alone.append(_alone(ENCODER, paths, workers, folder))
        ratios.append(
            Ratio(
                f"indexing rate with EfficientNet-Lite2 ÷ its forward pass alone, {workers} processes, {title}",
                statistics.median(alone) / statistics.median(whole),
                "≥ 0.85",
                "",
                f"{1 / statistics.median(whole):.1f} images/s",
                f"{1 / statistics.median(alone):.1f} images/s",
            )
        )
    return ratios


def copies(paths: Sequence[Path], folder: Path, longest: int | None) -> list[Path]:
    """Some photographs in a folder of their own, the longest side as long as is said; made once."""
    place = folder / f"{len(paths)}_of_{longest or 'all'}_px"
    made = [place / path.name for path in paths]
    if not all(path.exists() for path in made):
        place.mkdir(exist_ok=True)
        for path, copy in zip(paths, made, strict=True):
            if longest is None:
                shutil.copyfile(path, copy)
                continue
            with Image.open(path) as image:
                image.thumbnail((longest, longest))
                image.save(copy, quality=85)
    return made


def _seconds_each(paths: Sequence[Path], workers: int, model: str | None = None) -> float:
    """Seconds per photograph of a whole new index, from the first answer on: starting costs the same for any number."""
    moments: list[float] = []

    def note(progress: Progress, path: Path, failure: str | None) -> None:
        moments.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as temporary, Collection(Path(temporary) / "new.emoir", model=model) as photos:
        photos.index(paths[0].parent, workers=workers, report=note)
        ended = time.perf_counter()
    return (ended - moments[workers]) / (len(moments) - workers)


def _alone(name: str, paths: Sequence[Path], workers: int, folder: Path) -> float:
    """Seconds per photograph of one kind of work in several processes at once, each with its share."""
    lists = [folder / f"share_{worker}.txt" for worker in range(workers)]
    for worker, file in enumerate(lists):
        file.write_text("\n".join(map(str, paths[worker::workers])))
    each = together([[HERE / "worker_throughput.py", name, file] for file in lists])
    # All shares are as long: the slowest process ends the work.
    return max(each) / workers


def scan(folder: Path, repeats: int, count: int) -> list[Ratio]:
    """Indexing again when nothing has changed, against the least that a look at every file can cost."""
    root = tiny_pictures(folder / f"{count}_tiny", count)
    location = folder / f"{count}_tiny.emoir"
    if not location.exists():
        stats = [
            (os.path.join(listing.path, name), stat)
            for listing in walk(os.fsencode(root), _unexpected)
            for name, stat in listing.files.items()
        ]
        write_index(location, os.fsencode(root), stats)
    namespace: dict[str, Callable[[str], None]] = {}
    exec(LOOK, namespace)
    look = namespace["look"]
    with Collection(location) as photos:
        report = photos.index(root)
        if (report.read, report.unchanged) != (0, count):
            sys.exit(f"{report} is not what {count} unchanged files give; remove {location} and run again")
        inside = time_ratio(
            f"re-indexing {count:,} unchanged files ÷ bare recursive scandir + stat, in one process",
            lambda: photos.index(root),
            lambda: look(str(root)),
            repeats=repeats,
            must="≤ 2",
            aim="≤ 1.3",
        )
    outside = time_ratio(
        "the same as commands: emoir index ÷ python -c 'scandir + stat', starting included",
        python("-m", "emoir", "index", root, "--index", location),
        python("-c", f"{LOOK}\nlook({str(root)!r})"),
        repeats=repeats,
    )
    return [inside, outside]


def _unexpected(path: bytes, error: OSError) -> None:
    raise error


def tiny_pictures(root: Path, count: int) -> Path:
    """Pictures of 24 x 24 pixels that all differ in their content, 500 in a folder; made once."""
    if not root.exists():
        part = root.with_name(f"{root.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(part / "first.jpg")
        content = (part / "first.jpg").read_bytes()
        (part / "first.jpg").unlink()
        for number in range(count):
            file = part / f"{number // 500:05}" / f"{number:07}.jpg"
            if number % 500 == 0:
                file.parent.mkdir()
            # What follows the end of a JPEG is part of its content, not of its picture.
            file.write_bytes(content + number.to_bytes(4, "big"))
        part.rename(root)
    return root.resolve()


def memory(folder: Path, few: int, many: int) -> list[Ratio]:
    """Peak memory of ``emoir index``, workers included, for many pictures against few."""
    peaks = []
    for count in (few, many):
        root = tiny_pictures(folder / f"{count}_tiny", count)
        with tempfile.TemporaryDirectory() as temporary:
            command = ["-m", "emoir", "index", str(root), "--index", str(Path(temporary) / "new.emoir")]
            peaks.append(_peak([sys.executable, *command]))
    return [
        Ratio(
            f"peak memory of indexing {many:,} images ÷ {few:,}",
            peaks[1] / peaks[0],
            "≤ 1.3",
            "",
            f"{peaks[1] / 1e6:.0f} MB",
            f"{peaks[0] / 1e6:.0f} MB",
        )
    ]


def _peak(command: Sequence[str]) -> int:
    """Sum over a process and its children of the most memory that each held, in bytes; by Linux's /proc."""
    peaks: dict[str, int] = {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            # A process's own high-water mark: that it is looked at now and then loses nothing but its last moments.
            time.sleep(0.05)
            listing = f"/proc/{process.pid}/task/{process.pid}/children"
            with suppress(OSError, StopIteration):
                for number in (str(process.pid), *Path(listing).read_text().split()):
                    lines = Path(f"/proc/{number}/status").read_text().splitlines()
                    mark = next(line for line in lines if line.startswith("VmHWM:"))
                    peaks[number] = int(mark.split()[1]) * 1024
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return sum(peaks.values())
