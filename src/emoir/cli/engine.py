"""emoir engine: the replica of an index in a search engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import IndexOption
from emoir.cli.output import Exit, echo_err
from emoir.errors import EngineError

if TYPE_CHECKING:
    from emoir.index.store import SqliteStore
    from emoir.index.vectors.engine_vectors import EngineVectors

engine = typer.Typer(no_args_is_help=True, help="Fill, verify and drop the replica of an index in a search engine.")

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
    """Fill, verify and drop the replica of an index in a search engine."""


@engine.command()
def sync(engine: EngineOption = None, index: IndexOption = None) -> None:
    """Send what the engine lacks; every search does so, too.

    Ctrl-C or a power cut loses nothing that was sent: run the command again and it goes on.
    """
    with _open(index) as store:
        send(store, engine)


@engine.command()
def verify(index: IndexOption = None) -> None:
    """Compare every row in the engine with the index, and send again what differs."""
    with _open(index) as store:
        found = _remembered(store).replica.verify(store)
    if found.whole:
        echo_err(f"the engine holds all {found.compared:,} images, as the index does.")
    else:
        echo_err(
            f"of {found.compared:,} images the engine lacked {len(found.missing):,} and held {len(found.stale):,} "
            f"otherwise; {len(found.foreign):,} in it were not of the index. All of this is mended."
        )
        raise typer.Exit(Exit.SOME_FAILED)


@engine.command()
def drop(index: IndexOption = None) -> None:
    """Delete the replica; searches read the index itself again. If the engine is away, only forget it."""
    with _open(index) as store:
        vectors = _remembered(store)
        store.use_engine(None)
        try:
            vectors.engine.drop()
        except EngineError as error:
            echo_err(f"{error}; the index forgets it, the replica stays there.")
        else:
            echo_err(f"{vectors.engine} is deleted.")


def send(store: SqliteStore, url: str | None) -> None:
    """Make a store remember an engine, if one is named, and bring the replica up to date."""
    from emoir.index.vectors.engine_vectors import EngineVectors
    from emoir.index.vectors.milvus import MilvusEngine

    vectors = _remembered(store) if url is None else EngineVectors(MilvusEngine(url))
    for state in vectors.replica.steps(store):
        if not state.whole:
            echo_err(f"sent the images up to number {state.filled:,}.")
    if url is not None:
        store.use_engine(url)
    vectors.sync(store)
    echo_err(f"{vectors.engine} is in step with the index: {store.count():,} images.")


def _open(index: IndexOption) -> SqliteStore:
    from emoir.collection import Collection
    from emoir.index.store import SqliteStore

    return SqliteStore(Collection(index).location)


def _remembered(store: SqliteStore) -> EngineVectors:
    from emoir.index.vectors.choice import VectorChoice
    from emoir.index.vectors.engine_vectors import EngineVectors

    vectors = VectorChoice().of(store)
    if not isinstance(vectors, EngineVectors):
        raise EngineError("this index has no engine; name one: emoir engine sync --engine milvus://HOST:PORT/NAME")
    return vectors
