"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.errors import QueryError

if TYPE_CHECKING:
    from emoir.collection import Collection

# typer reads these annotations at run time.
IndexOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--index", envvar="EMOIR_INDEX", help="The index file. Default: one per user.", show_default=False),
]
ModelOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--model", envvar="EMOIR_MODEL", help="A model folder. Default: the shipped model.", show_default=False
    ),
]
LexiconOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--lexicon",
        envvar="EMOIR_LEXICON",
        help="A file of emotion words of your own, or of NRC, DUTIR, CVAW, MEmoLon or DepecheMood.",
        show_default=False,
    ),
]
WithinOption = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option("--in", help="Only images in this folder or below; may be given several times.", show_default=False),
]
EverywhereOption = Annotated[
    bool, typer.Option("--everywhere", help="All indexed images, not only those below the current folder.")
]
SpaceOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--space", help="What to call your classes together. Default: the folder's name.", show_default=False),
]
LabelOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--label",
        help="The table's column that holds the class. Default: emotion, label, class ...",
        show_default=False,
    ),
]
ScaleOption = Annotated[str, typer.Option("--scale", help="The ratings that mean 0 and 1, such as 1,9.")]


def parse_scale(text: str) -> tuple[float, float]:
    """The ratings that mean 0 and 1, written ``1,9``.

    Raises:
        QueryError: saying what would be right.
    """
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError:
        raise QueryError(f"scale {text!r}: write the ratings that mean 0 and 1, such as 1,9") from None
    return low, high


def chosen_folders(within: list[Path] | None, everywhere: bool) -> list[Path] | None:
    """The folders that a command looks at: those named, all (None), or the current one."""
    if within:
        return within
    return None if everywhere else [Path.cwd()]


def require_model(photos: Collection, model: Path | None) -> None:
    """Make sure that a collection's index is of the model that was named, if one was.

    Raises:
        ModelError: if there is no model.
        ModelMismatchError: if the index is of another.
    """
    if model is not None:
        from emoir.extract.model import ModelFolder

        named = ModelFolder(model)
        photos.store.require(named.id, *named.card.earlier_ids)
