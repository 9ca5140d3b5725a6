"""emoir forget: take a folder or a file out of the index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import echo_err, number_of, text


def forget(
    folder: Annotated[Path, typer.Argument(help="A folder, with everything below it, or one file.")],
    index: IndexOption = None,
) -> None:
    """Forget what is indexed below FOLDER; files and ratings stay."""
    from emoir.collection import Collection

    with Collection(index) as photos:
        done = photos.forget(folder)
    echo_err(text("forgotten", what=number_of(done.files, "file")))
    if done.inside is not None:
        echo_err(text("read again", folder=done.inside))
