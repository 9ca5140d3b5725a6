"""Cut the views that pre-training learns from, and ask the teachers about each.

    PYTHONPATH=benchmarks python benchmarks/weights/cut_views.py --run runs/shipped

Only the weakly labelled and unlabelled sets, without any near-duplicate of a human-rated image: no fold's
test image is ever seen, not even unlabelled.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import development
from weights.views import Views, cached_views

CROPS = 2
CACHE_SIZE = 144


def unrated_paths() -> list[Path]:
    """The images of the weak sets that have no near-duplicate among the human-rated ones."""
    rated = {development.ROOT / name for name in development.HUMAN_RATED}
    taken = {path for pair in development.near_duplicates() for path in pair if {p.parents[1] for p in pair} & rated}
    return [path for name in development.WEAK for path in development.load(name).paths if path not in taken]


def report(done: int, total: int) -> None:
    if done % 640 == 0 or done == total:
        print(f"{time.strftime('%H:%M:%S')} views of {done} of {total} images", flush=True)


def views(run: Path, teachers: Path) -> Views:
    """The views of all unrated images; made on the first call."""
    models = sorted(teachers.glob("*.onnx"))
    return cached_views(unrated_paths(), models, run / "views", crops=CROPS, size=CACHE_SIZE, report=report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--teachers", type=Path, default=development.ROOT.parent / "teachers")
    arguments = parser.parse_args()
    views(arguments.run, arguments.teachers)


if __name__ == "__main__":
    main()
