"""Detect: a published data set by its layout, or one's own: a folder per class, or a table with known column names."""

from __future__ import annotations

from pathlib import Path

from emoir.datasets.delimited import Columns, header_of, read_table
from emoir.datasets.folders import read_folders
from emoir.datasets.published import PUBLISHED, Layout
from emoir.datasets.table import Table
from emoir.emotions.spaces import SPACES
from emoir.errors import DatasetError

TABLES = ("labels.csv", "labels.tsv", "labels.jsonl", "labels.parquet")
PATHS = ("path", "file", "filename", "image", "image_path")
CLASSES = ("emotion", "label", "class", "mood", "category")
PROBABILITY, VOTES = "p_", "votes_"
RATINGS = ("valence", "arousal")


def layout_of(source: Path) -> Layout | None:
    """The published layout that a folder has; None for a set of one's own.

    A folder with a ``labels.csv`` (``.jsonl``, ``.parquet``) is always one's own.
    """
    if not source.is_dir() or _tables(source):
        return None
    return next((layout for layout in PUBLISHED.values() if layout.matches(source)), None)


def sets_in(folder: Path) -> list[str]:
    """The sub-folders that are data sets, with what they are.

    Empty for a folder of classes: none of them has a published layout, and few have a table.
    """
    found: dict[str, str] = {}
    children = sorted(child for child in folder.iterdir() if not child.name.startswith(".") and child.is_dir())
    published = False
    for child in children:
        try:
            layout = layout_of(child)
            if layout is not None or _tables(child):
                found[child.name] = "a table of one's own" if layout is None else layout.title
            published |= layout is not None
        except PermissionError:
            continue
    certain = published or 2 * len(found) > len(children)
    return [f"{name} ({what})" for name, what in found.items()] if certain else []


def _tables(folder: Path) -> list[Path]:
    return [folder / name for name in TABLES if (folder / name).is_file()]


def read_dataset(
    source: Path, *, space: str | None = None, label: str | None = None, scale: tuple[float, float] = (0.0, 1.0)
) -> Table:
    r"""Read a labelled data set.

    A folder with a ``labels.csv`` (or ``.jsonl``, ``.parquet``), or such a file itself, is read as a table: the
    image's path stands in a column ``path``, ``file``, ``filename`` or ``image``; its class in ``emotion``, ``label``,
    ``class``, ``mood`` or ``category``; probabilities in columns ``p_NAME``, votes in ``votes_NAME``; ratings
    in ``valence`` and ``arousal``, their deviation and number of raters in ``valence_sd`` and ``valence_n`` (and so for
    arousal);
    ``group`` and ``split`` as they are. Without a table, a published set is known by its layout (see ``PUBLISHED``);
    any other folder holds a sub-folder per class.

    Args:
        source: folder or table.
        space: name of the label space. Default: a known space if the columns ``p_NAME`` are exactly its classes, else
            the folder's name. A published set has its own.
        label: the column of the class, if it has another name.
        scale: the ratings that mean 0 and 1.

    Returns:
        The table.

    Raises:
        DatasetError: naming what was looked for and not found.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "labels.csv").write_text("file,mood,valence\n1.jpg,calm,0.8\n")
        >>> read_dataset(folder, space="mine").class_names["mine"]
        ('calm',)
    """
    source = source.resolve()
    if source.is_dir():
        layout = layout_of(source)
        if layout is not None:
            return layout.read(source)
        tables = _tables(source)
        if not tables:
            if sets := sets_in(source):
                raise DatasetError(f"{source} holds one data set per folder; name one of them: {', '.join(sets)}")
            return read_folders(source, space=space)
        source = tables[0]
    elif not source.is_file():
        raise DatasetError(f"{source} is neither a folder nor a table")
    columns = header_of(source)
    path = next((name for name in PATHS if name in columns), None)
    if path is None:
        raise DatasetError(
            f"{source}: no column names the image; call it one of {', '.join(PATHS)}; it has {', '.join(columns)}"
        )
    if label is not None and label not in columns:
        raise DatasetError(f"{source}: no column {label!r}; it has {', '.join(columns)}")
    chosen = label or next((name for name in CLASSES if name in columns), None)
    prefix = PROBABILITY if any(name.startswith(PROBABILITY) for name in columns) else VOTES
    shares = {name.removeprefix(prefix): name for name in columns if name.startswith(prefix)}
    # A table of ratings that the gallery wrote is about emoir's own emotions.
    known = next((name for name, one in SPACES.items() if set(one.names) == shares.keys()), None)
    space = space or known or source.parent.name
    rated = all(name in columns for name in RATINGS)
    if not (chosen or shares or rated):
        raise DatasetError(
            f"{source}: no labels; name a class column with --label, or have columns p_NAME, votes_NAME, "
            "or valence and arousal"
        )
    return read_table(
        source,
        Columns(
            path=path,
            distributions={space: shares} if shares else {},
            classes={space: chosen} if chosen and not shares else {},
            valence="valence" if rated else None,
            arousal="arousal" if rated else None,
            scale=scale,
            group="group" if "group" in columns else None,
            split="split" if "split" in columns else None,
            std={name: f"{name}_sd" for name in RATINGS if rated and f"{name}_sd" in columns},
            raters={name: f"{name}_n" for name in RATINGS if rated and f"{name}_n" in columns},
        ),
    )
