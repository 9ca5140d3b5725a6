"""Views: a picture whole and in random crops, each beside what the teachers see in just that view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.images.decode import decode
from emoir.images.resize_square import resize_square
from weights.teachers import Teacher

CHUNK = 64
SMALLEST_AREA, LARGEST_AREA = 0.3, 0.8
ASPECT = 4 / 3


@dataclass(frozen=True, slots=True)
class Views:
    """Pixels and the teachers' answers, one row a view; the views of one image lie side by side.

    Args:
        pixels: (n, S, S, 3) uint8 sRGB, mapped from disk.
        embeddings: (n, D) float32, the teachers' joined embeddings of the same views.
    """

    pixels: NDArray[np.uint8]
    embeddings: NDArray[np.float32]


def random_boxes(crops: int, seed: Sequence[int]) -> list[tuple[float, float, float, float]]:
    """The whole picture, then ``crops`` random boxes with 0.3 to 0.8 of its area.

    Args:
        crops: how many boxes follow the whole.
        seed: of the draws.

    Returns:
        Left, top, right, bottom in [0, 1].

    Example:
        >>> random_boxes(0, [0])
        [(0.0, 0.0, 1.0, 1.0)]
    """
    generator = np.random.default_rng(seed)
    boxes = [(0.0, 0.0, 1.0, 1.0)]
    for _ in range(crops):
        side = np.sqrt(generator.uniform(SMALLEST_AREA, LARGEST_AREA))
        stretch = ASPECT ** generator.uniform(-0.5, 0.5)
        width, height = min(1.0, side * stretch), min(1.0, side / stretch)
        left, top = generator.uniform(0, 1 - width), generator.uniform(0, 1 - height)
        boxes.append((left, top, left + width, top + height))
    return boxes


def cut(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    """The part of a picture inside left, top, right, bottom in [0, 1], rounded to whole pixels.

    Example:
        >>> cut(Image.new("RGB", (10, 20)), (0.1, 0.5, 0.6, 1.0)).size
        (5, 10)
    """
    left, top, right, bottom = box
    edges = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    return image.crop(tuple(round(edge) for edge in edges))  # type: ignore[arg-type]


def cached_views(
    paths: Sequence[Path],
    teachers: Sequence[Path],
    folder: Path,
    *,
    crops: int,
    size: int,
    teacher_size: int = 224,
    threads: int = 2,
    report: Callable[[int, int], None] | None = None,
) -> Views:
    """Cut the views of all images, ask the teachers about each, and keep both; a stopped call goes on.

    A student that sees the very crop its teacher saw learns a consistent answer to every view.

    Args:
        paths: image files.
        teachers: ONNX files, see ``Teacher``.
        folder: of this cache; made if absent.
        crops: random crops beside the whole picture.
        size: side at which the student's pixels are kept.
        teacher_size: side that the teachers take.
        threads: images at work at once.
        report: called with images done and images in all.

    Returns:
        (1 + crops) views per image, in the order of the paths.

    Raises:
        TrainingError: if the folder holds views of other images or settings.
        UndecodableImageError: for an image that cannot be decoded.

    References:
        Beyer, L. et al. (2022). Knowledge distillation: a good teacher is patient and consistent. CVPR,
        10915-10924.
    """
    folder.mkdir(parents=True, exist_ok=True)
    learners = [Teacher(path) for path in teachers]
    count, views = len(paths), 1 + crops
    identity = f"{size} {teacher_size} {crops}\n" + "\n".join(map(str, [*teachers, *paths]))
    _check_identity(folder / "views.txt", identity)
    pixels = _array(folder / "pixels.npy", (count * views, size, size, 3), np.uint8)
    embeddings = _array(folder / "embeddings.npy", (count * views, sum(one.length for one in learners)), np.float32)
    done = _array(folder / "done.npy", (-(-count // CHUNK),), np.uint8)

    def work(chunk: int) -> None:
        if done[chunk]:
            return
        start = chunk * CHUNK
        large = np.empty((len(paths[start : start + CHUNK]) * views, teacher_size, teacher_size, 3), dtype=np.uint8)
        for at, path in enumerate(paths[start : start + CHUNK]):
            image = Image.fromarray(decode(path).pixels)
            for view, box in enumerate(random_boxes(crops, [start + at])):
                part = cut(image, box)
                large[at * views + view] = np.asarray(resize_square(part, teacher_size))
                pixels[(start + at) * views + view] = np.asarray(resize_square(part, size))
        rows = slice(start * views, start * views + len(large))
        embeddings[rows] = np.concatenate([learner.embed(large) for learner in learners], axis=1)
        done[chunk] = 1

    with ThreadPoolExecutor(threads) as pool:
        for number, _ in enumerate(pool.map(work, range(len(done)))):
            if report is not None:
                report(min(count, (number + 1) * CHUNK), count)
    return Views(pixels, embeddings)


def _check_identity(file: Path, identity: str) -> None:
    # Written once, by renaming: another process may be reading it.
    if not file.exists():
        with atomic_write(file) as partial:
            partial.write_text(identity, errors="surrogateescape")
    elif file.read_text(errors="surrogateescape") != identity:
        raise TrainingError(f"{file.parent} holds views of other images or settings; choose another folder")


def _array(file: Path, shape: tuple[int, ...], dtype: type) -> Any:
    """A numpy array on disk that can be written, made on first use."""
    if file.exists():
        return np.lib.format.open_memmap(file, mode="r+")
    return np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)
