"""emoir report: one page about a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from emoir.cli.options import FoldersOption, IndexOption, LimitsOption, OutputLanguageOption, language_of
from emoir.cli.output import Exit, echo, echo_err, number_of, text
from emoir.cli.progress import counted
from emoir.errors import EmoirError
from emoir.limits import DEFAULT_LIMITS


def report(
    out: Annotated[Path, typer.Option("--out", help="A folder, or one page that ends in .html.")] = Path("report"),
    language: OutputLanguageOption = None,
    title: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--title", help="Title of the page. Default: What these images evoke.", show_default=False),
    ] = None,
    limits: LimitsOption = DEFAULT_LIMITS,
    folders: FoldersOption = None,
    index: IndexOption = None,
) -> None:
    """Make one self-contained page about all indexed images, or those of --in.

    Emotions by folder and month, the valence-arousal plane, palettes, the most typical, extreme and uncertain images,
    and what could not be read and why. The page holds everything it shows; a folder also gets the figures as SVG.
    """
    from datetime import UTC, datetime

    from emoir import __version__
    from emoir.collection import Collection
    from emoir.index.base import as_folder, as_path, below
    from emoir.report import Contents, is_page, page, read_pictures, write_report
    from emoir.summary import summarise

    if is_page(out):
        if out.is_dir() or not out.absolute().parent.is_dir():
            raise EmoirError(f"{out}: name a page in a folder that is there, or a folder, with --out")
    elif out.exists() and not out.is_dir():
        raise EmoirError(f"{out} is a file; name a folder, or a page that ends in .html, with --out")
    with Collection(index) as photos:
        metadata, readings, vectors = photos.rows(folders=folders)
        status = photos.status()
    if not metadata:
        echo_err(text("nothing there"))
        raise typer.Exit(Exit.NOTHING_FOUND)
    roots = None if folders is None else [as_folder(folder) for folder in folders]
    failures = [
        failure for failure in status.failures if roots is None or any(below(failure.path, root) for root in roots)
    ]
    summary = summarise(metadata, readings, vectors)
    rows = summary.pictured
    read = read_pictures([as_path(metadata[row].path) for row in rows], limits=limits)
    found = zip(rows, counted(read, text("reading"), len(rows)), strict=True)
    pictures = {row: picture for row, picture in found if picture is not None}
    today = datetime.now(tz=UTC).astimezone().date()
    contents = Contents(
        metadata=metadata,
        readings=readings,
        summary=summary,
        pictures=pictures,
        failures=failures,
        model=status.model,
        version=__version__,
        day=today,
        title=title,
    )
    html, figures = page(contents, language_of(language))
    file = write_report(html, figures, out)
    if len(pictures) < len(rows):
        echo_err(text("unreadable", count=len(rows) - len(pictures)))
    echo_err(number_of(len(metadata), "image"))
    if not is_page(out):
        echo_err(text("figures in", what=number_of(len(figures), "figure"), folder=out / "figures"))
    echo(str(file))
