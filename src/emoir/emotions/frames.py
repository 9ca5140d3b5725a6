"""Frames: readings as a table of pandas, polars or Arrow, whichever the caller has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from emoir.errors import EmoirError, ShapeError

if TYPE_CHECKING:
    from emoir.emotions.reading import EmotionReadings

MAKERS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}
"""Library to its function that takes columns by name."""


def reading_columns(readings: EmotionReadings, paths: Sequence[str | PathLike[str]] | None = None) -> dict[str, Any]:
    """Readings as columns, named as ``emoir export`` names them; without the embeddings.

    Args:
        readings: n of them.
        paths: n paths for a first column, or None for none.

    Returns:
        ``path``, ``SPACE.CLASS`` ..., ``valence``, ``arousal``, ``confidence``, ``monochrome``, ``model``.

    Raises:
        ShapeError: if there are not as many paths as readings.
    """
    if paths is not None and len(paths) != len(readings):
        raise ShapeError(f"{len(paths)} paths for {len(readings)} readings")
    columns: dict[str, Any] = {} if paths is None else {"path": [str(fspath(path)) for path in paths]}
    for space, values in readings.distributions.items():
        columns |= {f"{space}.{name}": values[:, place] for place, name in enumerate(readings.class_names[space])}
    columns |= {name: getattr(readings, name) for name in ("valence", "arousal", "confidence", "monochrome")}
    columns["model"] = np.full(len(readings), readings.model).tolist()
    return columns


def to_frame(columns: Mapping[str, Any], library: str) -> Any:
    """Columns as a table of a library, which is imported only now.

    Args:
        columns: name to values, all of one length.
        library: ``pandas``, ``polars`` or ``pyarrow``.

    Returns:
        Its DataFrame or Table.

    Raises:
        EmoirError: if it is not installed.

    Example:
        >>> to_frame({"valence": [0.25, 0.75]}, "pandas")["valence"].mean().item()
        0.5
    """
    try:
        module = import_module(library)
    except ModuleNotFoundError:
        raise EmoirError(f"{library} is not installed: pip install {library}") from None
    return getattr(module, MAKERS[library])(dict(columns))
