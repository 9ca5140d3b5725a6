"""LabelledImages: a data set as a sequence of pictures and labels, such as torch's DataLoader takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.errors import DatasetError
from emoir.images.decode import decode
from emoir.limits import DEFAULT_LIMITS, Limits

POINT = "valence_arousal"
Example: TypeAlias = tuple[Any, "np.int64 | NDArray[np.float32]"]


class LabelledImages(Sequence[Example]):
    """The images of a table that have one kind of label, decoded when asked for.

    It knows nothing of torch: ``torch.utils.data.DataLoader(LabelledImages(table))`` works because a DataLoader asks
    for ``len`` and for single items, and worker processes can be sent a copy.

    Args:
        table: the data set.
        target: a space of the table, or ``valence_arousal``; default: the first space with classes, else with
            distributions, else valence and arousal.
        size: side of the square to which pictures are resized, as the models do.
        transform: turns pixels into what the caller's network takes; default: as they are.
        limits: larger images are refused.

    Raises:
        DatasetError: if the table has no such label, or no image with it.

    Example:
        >>> import tempfile, pathlib
        >>> from PIL import Image
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "a.png"
        >>> Image.new("RGB", (30, 20), "red").save(file)
        >>> moods = {"mood": ("sad", "glad")}
        >>> table = Table(name="mine", paths=[file], classes={"mood": np.array([1])}, class_names=moods)
        >>> pixels, label = LabelledImages(table, size=8)[0]
        >>> pixels.shape, pixels.dtype, int(label)
        ((8, 8, 3), dtype('uint8'), 1)
    """

    def __init__(
        self,
        table: Table,
        target: str | None = None,
        *,
        size: int = 224,
        transform: Callable[[NDArray[np.uint8]], Any] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.target = target or next(iter([*table.classes, *table.distributions]), POINT)
        labels, known = _labels(table, self.target)
        rows = np.flatnonzero(known)
        if not len(rows):
            raise DatasetError(f"{table.name}: no image has a label of {self.target}")
        self.paths = [table.paths[row] for row in rows.tolist()]
        self.labels = labels[rows]
        self.size, self.transform, self.limits = size, transform, limits

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: Any) -> Any:
        """The pixels, (size, size, 3) uint8 sRGB or what the transform makes of them, and the label.

        A class is an int64, a distribution (K,) float32, a point (2,) float32 in [0, 1]. A slice gives a list.

        Raises:
            IndexError: if there is no such row.
            UndecodableImageError: if the file cannot be decoded.
        """
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        # A copy: what Pillow hands out cannot be written to, and torch asks for what can.
        pixels = np.array(decode(self.paths[row], size=self.size, limits=self.limits).pixels)
        return (pixels if self.transform is None else self.transform(pixels)), self.labels[row]


def _labels(table: Table, target: str) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """One label a row, and which rows have one."""
    if target in table.classes:
        return table.classes[target], np.asarray(table.classes[target] != ABSENT_CLASS, dtype=bool)
    if target in table.distributions:
        shares, known = table.shares(target)
        return shares.astype(np.float32), known
    if target == POINT and table.valence is not None and table.arousal is not None:
        points = np.stack([table.valence, table.arousal], axis=1).astype(np.float32)
        return points, np.asarray(~np.isnan(points).any(axis=1), dtype=bool)
    has = [*table.classes, *table.distributions, *([POINT] if table.valence is not None else [])]
    raise DatasetError(f"{table.name}: no label {target!r}; it has {', '.join(has)}")
