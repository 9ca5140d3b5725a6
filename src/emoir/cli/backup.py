"""emoir backup and emoir restore: a complete copy of the index, and its way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import echo_err, listed, number_of, text

if TYPE_CHECKING:
    from emoir.index.backup import BackupReport


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes. An earlier backup of that name is replaced.")],
    index: IndexOption = None,
) -> None:
    """Copy the index, with every rating, to FILE and verify the copy.

    The index may be in use meanwhile: FILE holds what it held at one moment.
    """
    from emoir.collection import Collection

    with Collection(index) as photos:
        done = photos.backup(file)
    echo_err(text("backup", file=done.file, what=_counted(done)))


def restore(
    file: Annotated[Path, typer.Argument(help="A file that emoir backup made.")],
    index: IndexOption = None,
) -> None:
    """Put a backup in the place of the index; the index that was there is kept beside it.

    A running emoir serve continues with the restored content.
    """
    from emoir.collection import Collection

    with Collection(index) as photos:
        done = photos.restore(file)
    if done.kept_as is None:
        echo_err(text("restored", file=done.file, what=_counted(done)))
    else:
        echo_err(text("restored kept", file=done.file, what=_counted(done), kept=done.kept_as))


def _counted(done: BackupReport) -> str:
    others = {"rating": done.ratings, "record": done.records, "board": done.boards}
    held = [number_of(count, noun) for noun, count in others.items() if count]
    return listed([text("images in files", what=number_of(done.images, "image"), count=done.files), *held])
