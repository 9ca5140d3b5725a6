"""emoir board: images that a person put together, in the order that the person chose."""

from __future__ import annotations

import os
import shlex
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import Exit, echo, echo_aligned, echo_err, number_of, text

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.index.boards import Board

board = typer.Typer(no_args_is_help=True, help="Put images together on boards; show and export them.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a board.")]
ImagesArgument = Annotated[list[str], typer.Argument(metavar="IMAGE", help="Indexed files, or id:NUMBER.")]


class BoardFormat(str, Enum):
    """How a board is exported."""

    html = "html"
    jpg = "jpg"
    zip = "zip"
    csv = "csv"


@board.callback()
def _board() -> None:
    """Put images together on boards; show and export them."""


@board.command("list")
def list_boards(index: IndexOption = None) -> None:
    """List the boards and the saved searches of the gallery."""
    from emoir.collection import Collection

    with Collection(index) as photos:
        found, searches = photos.boards.all(), photos.boards.searches()
    if not found and not searches:
        echo_err(text("no board"))
        raise typer.Exit(Exit.NOTHING_FOUND)
    if found:
        echo_aligned([[text("images"), text("board")], *([str(len(one.images)), one.name] for one in found)])
    for search in searches:
        echo(text("saved search", name=search.name, address=search.address))


@board.command("show")
def show(name: NameArgument, index: IndexOption = None) -> None:
    """Show the notes of a board, and its images in their order."""
    from emoir.collection import Collection
    from emoir.index.base import as_path

    with Collection(index) as photos:
        found = photos.boards.get(name)
        metadata = photos.images.metadata(found.images)
    if found.notes:
        echo_err(found.notes)
    echo_aligned([[text("id"), text("path")], *([str(entry.id), str(as_path(entry.path))] for entry in metadata)])


@board.command("add")
def add(
    name: NameArgument,
    images: ImagesArgument,
    notes: Annotated[Optional[str], typer.Option("--notes", help="Replace the board's notes.")] = None,  # noqa: UP045
    index: IndexOption = None,
) -> None:
    """Put images at the end of a board; a new name makes a board."""
    from emoir.collection import Collection

    with Collection(index) as photos:
        ids = [_id(photos, image) for image in images]
        boards = photos.boards
        known = any(one.name == name for one in boards.all())
        found = boards.add(name, ids) if known else boards.create(name, ids)
        if notes is not None:
            boards.change(name, notes=notes)
    echo_err(text("board holds", name=name, what=number_of(len(found.images), "image")))


@board.command("remove")
def remove(
    name: NameArgument,
    images: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="IMAGE", help="Indexed files, or id:NUMBER. Default: the board."),
    ] = None,
    index: IndexOption = None,
) -> None:
    """Take images off a board, or delete the board. Files and readings stay."""
    from emoir.collection import Collection

    with Collection(index) as photos:
        if not images:
            photos.boards.remove(name)
            echo_err(text("removed", name=name))
            return
        off = {_id(photos, image) for image in images}
        left = [id for id in photos.boards.get(name).images if id not in off]
        photos.boards.change(name, images=left)
    echo_err(text("board holds", name=name, what=number_of(len(left), "image")))


@board.command("export")
def export(
    name: NameArgument,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The file to write: .html, .jpg (contact sheet), .zip or .csv."),
    ] = None,
    xmp: Annotated[bool, typer.Option("--xmp", help="Write a sidecar (.xmp) beside every image instead.")] = False,
    index: IndexOption = None,
) -> None:
    """Export a board: page, contact sheet, ZIP, table or sidecars."""
    from emoir.cli.export import write_sidecars
    from emoir.collection import Collection

    if (output is None) != xmp:
        raise typer.BadParameter("name a file with --output, or write sidecars with --xmp")
    with Collection(index) as photos:
        found = photos.boards.get(name)
        if not found.images:
            echo_err(text("board empty", name=name))
            raise typer.Exit(Exit.NOTHING_FOUND)
        if output is None:
            metadata, rows = photos.images.rows(found.images)
            write_sidecars(photos, metadata, photos.images.readings(metadata, rows))
            return
        _write(photos, found, output)
    echo_err(text("written", what=number_of(len(found.images), "image"), file=output))


def _write(photos: Collection, board: Board, output: Path) -> None:
    import zipfile

    from emoir.export import image_table, write_csv
    from emoir.export.board import THUMBNAIL, board_page, contact_sheet
    from emoir.files import atomic_write
    from emoir.images.thumbnail import thumbnail
    from emoir.index.base import as_path

    try:
        format = BoardFormat(output.suffix.removeprefix("."))
    except ValueError:
        known = ", ".join(f".{one.value}" for one in BoardFormat)
        raise typer.BadParameter(f"{output.name}: end it in {known}") from None
    metadata, rows = photos.images.rows(board.images)
    paths = [as_path(entry.path) for entry in metadata]
    if format is BoardFormat.csv:
        write_csv(image_table(metadata, photos.images.readings(metadata, rows)), output)
        return
    with atomic_write(output) as partial:
        if format is BoardFormat.zip:
            with zipfile.ZipFile(partial, "w") as archive:
                for number, path in enumerate(paths, start=1):
                    archive.write(path, f"{number:0{len(str(len(paths)))}} {path.name}")
            return
        pictures = [(path.name, thumbnail(path, THUMBNAIL)) for path in paths]
        if format is BoardFormat.html:
            partial.write_text(board_page(board.name, board.notes, pictures), encoding="utf-8")
        else:
            partial.write_bytes(contact_sheet(pictures))


def _id(photos: Collection, image: str) -> int:
    """The id of an indexed image, by its number or by a file that holds it."""
    from emoir.errors import QueryError
    from emoir.index.base import as_file
    from emoir.index.location import index_option
    from emoir.search.option_text import parse_id

    if image.startswith("id:"):
        return parse_id(image)
    found = photos.images.id_of(as_file(os.path.expanduser(image)))
    if found is None:
        command = f"emoir index {shlex.quote(str(Path(image).parent))}{index_option(photos.location)}"
        raise QueryError(
            f"{image} is not indexed; begin with: {command}",
            chinese=f"{image} 尚未索引；请先运行：{command}",
        )
    return found
