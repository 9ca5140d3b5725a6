"""Options that say which images may be found at all."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.output import echo_err
from emoir.errors import QueryError

if TYPE_CHECKING:
    from emoir.collection import Collection

# typer reads these annotations at run time.
FromOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--from", help="Rank only the files listed here, one a line or NUL between; - reads standard input."),
]
ValenceOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--valence", help="Only images this pleasant, 0 to 1: 0.6.. or ..0.4 or 0.2..0.5."),
]
ArousalOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--arousal", help="Only images this exciting, 0 to 1."),
]
ConfidenceOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--confidence", help="Only images whose top emotion is this sure, 0 to 1."),
]
EmotionOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--emotion", help="Only images with so much of an emotion: 'fear<0.2', 'joy>0.5'; may be repeated."),
]
TakenOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--taken", help="Only images taken then: 2019..2021-06, 2020-05-01.. or 2020."),
]
SideOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--side", help="Only images whose shorter side has so many pixels: 1000.."),
]
OrientationOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--orientation", help="Only landscape, portrait or square images."),
]
MonochromeOption = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option("--monochrome/--colour", help="Only images without colours of their own, or only those with."),
]


def read_list(source: str | None) -> list[Path] | None:
    """The paths of a list: a file, or standard input for ``-``; NUL or line ends between them."""
    if source is None:
        return None
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise QueryError(f"--from {source}: {error.strerror}; name a list of files, or - for standard input") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    by_line = [line.rstrip(b"\r") for line in content.split(b"\n")]
    lines = content.split(b"\0") if b"\0" in content else by_line
    return [Path(line.decode(sys.getfilesystemencoding(), "surrogateescape")) for line in lines if line]


def say_what_is_not_indexed(photos: Collection, files: list[Path] | None) -> None:
    """Name the number of listed files that the index does not know."""
    from emoir.cells import spellings
    from emoir.index.base import as_file

    def is_known(file: Path) -> bool:
        return any(photos.images.id_of(name) is not None for name in spellings(as_file(file.expanduser())))

    missing = [file for file in files or [] if not is_known(file)]
    if files and missing:
        echo_err(f"{len(missing):,} of {len(files):,} listed files are not indexed, such as {missing[0]}")
