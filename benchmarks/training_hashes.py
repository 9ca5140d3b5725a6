"""The hashes by which the shipped model's training images are recognised, and how well.

    python benchmarks/training_hashes.py make       # writes src/emoir/weights/training_hashes.bin
    python benchmarks/training_hashes.py measure    # prints hits and false alarms

Hits: training images re-encoded, resized, mirrored. False alarms: photographs of the web, Intel and Caltech sets
against the images of the rated sets and of MVSA, which show other pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.stats import binomtest

import development
from emoir.datasets.splits import image_digests
from emoir.evaluate.provenance import provenance
from emoir.images.picture_hash import SAME, hash_files, is_telling, nearest, recognised
from emoir.models.card import TRAINING_HASHES
from emoir.models.model import ModelFolder

SUFFIXES = (".jpg", ".jpeg", ".png")
UNRELATED = ("web_emotion16_weak", "photos_intel_scenes", "photos_caltech101")
OTHERS = (*development.HUMAN_RATED, "mvsa_single")
SAMPLE = 600
CHANGES: dict[str, Callable[[Image.Image], tuple[Image.Image, str, int]]] = {
    "JPEG, quality 40": lambda picture: (picture, "JPEG", 40),
    "PNG": lambda picture: (picture, "PNG", 0),
    "WebP, quality 60": lambda picture: (picture, "WEBP", 60),
    "half the size": lambda picture: (picture.reduce(2), "JPEG", 85),
    "128 pixels wide": lambda picture: (ImageOps.contain(picture, (128, 4096)), "JPEG", 85),
    "twice the size": lambda picture: (picture.resize((picture.width * 2, picture.height * 2)), "JPEG", 85),
    "squashed to 224 x 224": lambda picture: (picture.resize((224, 224)), "JPEG", 85),
    "mirrored, JPEG, quality 75": lambda picture: (ImageOps.mirror(picture), "JPEG", 75),
    "grey": lambda picture: (picture.convert("L"), "JPEG", 85),
    "trimmed by 2 % on every side": lambda picture: (ImageOps.crop(picture, picture.width // 50), "JPEG", 85),
}


def images_of(*sets: str) -> list[Path]:
    return sorted(
        path for name in sets for path in (development.ROOT / name).rglob("*") if path.suffix.lower() in SUFFIXES
    )


def training_images() -> list[Path]:
    """The files whose digests the shipped model lists."""
    learnt = ModelFolder().training_digests()
    paths = images_of(*OTHERS, *UNRELATED)
    return [path for path, digest in zip(paths, image_digests(paths), strict=True) if digest in learnt]


def make() -> None:
    paths = training_images()
    hashes = hash_files(paths)
    kept = np.unique(hashes[is_telling(hashes)], axis=0)
    file = ModelFolder().folder / TRAINING_HASHES
    file.write_bytes(kept.tobytes())
    print(f"{len(kept):,} hashes of {len(paths):,} images, {file.stat().st_size:,} bytes: {file.name}")


def both_ways(paths: list[Path], known: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each picture, or its mirror image, is recognised: as emoir.evaluate.leakage asks."""
    straight, mirrored = (recognised(hash_files(paths, mirrored=way), known) for way in (False, True))
    return np.asarray(straight | mirrored)


def measure() -> None:
    known = ModelFolder().training_hashes()
    random = np.random.default_rng(0)
    paths = training_images()
    sample = [paths[row] for row in np.sort(random.choice(len(paths), SAMPLE, replace=False))]
    print(f"| {SAMPLE} training images, changed | recognised |\n|---|---|")
    for name, change in CHANGES.items():
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, path in enumerate(sample):
                picture, kind, quality = change(Image.open(path).convert("RGB"))
                files.append(Path(folder) / f"{number}.{kind.lower()}")
                picture.save(files[-1], kind, quality=quality)
            print(f"| {name} | {both_ways(files, known).mean():.1%} |", flush=True)
    unrelated, others = images_of(*UNRELATED), hash_files(images_of(*OTHERS))
    hashes = [hash_files(unrelated, mirrored=mirrored) for mirrored in (False, True)]
    closest = np.minimum(*(nearest(each, others) for each in hashes))
    alarms = closest <= SAME
    print(f"\n| {len(unrelated):,} other photographs against {len(others):,} | |\n|---|---|")
    # So few cases need the exact interval (Clopper & Pearson 1934, DOI 10.1093/biomet/26.4.404).
    exact = binomtest(int(alarms.sum()), len(alarms)).proportion_ci(method="exact")
    found = f"{alarms.sum()} ({alarms.mean():.3%}) [{exact.low:.3%}, {exact.high:.3%}]"
    print(f"| taken for one of them (at most {SAME} of 256 bits differ) | {found} |")
    print(f"| bits that differ from the closest, 1st and 10th in a thousand | {np.quantile(closest, [0.001, 0.01])} |")
    silent = 1 - is_telling(hashes[0]).mean()
    print(f"| too smooth to have a telling hash | {silent:.2%} |")
    print("\n" + provenance("development parts", f"sample of {SAMPLE}, seed 0"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "measure"))
    if parser.parse_args().what == "make":
        make()
    else:
        measure()


if __name__ == "__main__":
    main()
