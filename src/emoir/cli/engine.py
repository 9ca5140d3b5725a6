"""emoir engine: the replica of an index in a search engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import Exit, echo_err
from emoir.errors import EngineError

if TYPE_CHECKING:
    from emoir.index.vectors.choice import RememberedEngine

engine = typer.Typer(no_args_is_help=True, help="Keep a copy of the index in a search engine: fill, verify, delete.")

EngineOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--engine",
        metavar="URL",
        help="A search engine that keeps a replica of the rows, milvus://HOST:PORT/NAME; the index remembers it.",
        show_default=False,
    ),
]


@engine.callback()
def _engine() -> None:
    """Keep a copy of the index in a search engine: fill, verify, delete."""


@engine.command()
def sync(engine: EngineOption = None, index: IndexOption = None) -> None:
    """Send what the engine lacks; every search also does so.

    Ctrl-C or a power cut loses nothing that was sent: run the command again and it goes on.
    """
    with _remembered(index) as kept:
        send(kept, engine)


@engine.command()
def verify(index: IndexOption = None) -> None:
    """Compare the engine with the index, row by row, and repair it."""
    with _remembered(index) as kept:
        found = kept.verify()
    if found.whole:
        echo_err(f"the engine holds all {found.compared:,} images, as the index does.")
    else:
        echo_err(
            f"of {found.compared:,} images the engine lacked {len(found.missing):,} and held {len(found.stale):,} "
            f"outdated; {len(found.foreign):,} in it were not of the index. All of this is repaired."
        )
        raise typer.Exit(Exit.SOME_FAILED)


@engine.command()
def drop(index: IndexOption = None) -> None:
    """Delete the replica; searches read the index itself again.

    If the engine cannot be reached, the index only forgets it.
    """
    with _remembered(index) as kept:
        vectors = kept.forget()
        try:
            vectors.engine.drop()
        except EngineError as error:
            echo_err(f"{error}; the index forgets it, the replica stays there.")
        else:
            echo_err(f"{vectors.engine} is deleted.")


def send(kept: RememberedEngine, url: str | None) -> None:
    """Make an index remember an engine, if one is named, and bring the replica up to date."""
    for sent in kept.send(url):
        echo_err(f"sent the images up to number {sent:,}.")
    echo_err(f"{kept.vectors.engine} is in step with the index: {kept.count():,} images.")


def _remembered(index: IndexOption) -> RememberedEngine:
    from emoir.collection import Collection
    from emoir.index.vectors.choice import RememberedEngine

    return RememberedEngine(Collection(index).location)
