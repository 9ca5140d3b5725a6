"""emoir watch: index folders as they change."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from emoir.cli.index import counts, tell_of_newer_model
from emoir.cli.options import IndexOption, ModelOption
from emoir.cli.output import Exit, echo_err, spoken, text


def watch(
    folders: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="More folders to index and watch. Default: those indexed before.", show_default=False),
    ] = None,
    index: IndexOption = None,
    model: ModelOption = None,
) -> None:
    """Index all folders, then whatever changes in them, until Ctrl-C.

    A change is indexed about a second after the last one. While changes keep coming, or where runs take long, it
    waits longer. Needs: pip install watchfiles
    """
    from emoir.collection import Collection
    from emoir.errors import IndexFileError
    from emoir.watch import watch as watched

    with Collection(index, model=model) as photos:
        tell_of_newer_model(photos)
        try:
            if folders:
                photos.index(*folders)
            for number, report in enumerate(watched(photos)):
                moment = f"{datetime.now():%H:%M:%S}"
                if isinstance(report, IndexFileError):
                    echo_err(f"{moment} {spoken(report)}")
                    continue
                for folder in report.kept:
                    echo_err(" ".join([moment, text("kept folder", folder=folder)]))
                echo_err(" ".join([moment, text("holds", counts=counts(report), count=photos.status().images)]))
                if number == 0:
                    echo_err(text("watching"))
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
