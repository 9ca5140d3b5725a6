"""emoir index: read the folders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.engine import EngineOption, send
from emoir.cli.options import IndexOption, LimitsOption, ModelOption, SecondsOption, record_options
from emoir.cli.output import Exit, cause_text, echo_err, listed, text
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.names import printable

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.extract import Extractor
    from emoir.index.catalogue import Joined
    from emoir.index.writer import IndexReport

SHOWN_NOTES = 5
SHOWN_LINKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """Options of ``emoir index``."""

    folders: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(
            help="Folders to read, or addresses such as s3://bucket/photos. Default: all that were indexed before.",
            show_default=False,
        ),
    ] = None
    prune: Annotated[bool, typer.Option("--prune", help="Also forget images of folders that are missing or empty.")] = (
        False
    )
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Read everything again, with the chosen model. Until it is done, searches find the old readings. "
            "Ids change.",
        ),
    ] = False
    repair: Annotated[
        bool, typer.Option("--repair", help="Salvage a damaged index first; what is lost is read again.")
    ] = False
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Processes that read images. Default: one per core.", show_default=False),
    ] = None
    ray: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Read on a Ray cluster: HOST:PORT, auto, or local for one on this machine. Needs: pip install ray",
            show_default=False,
        ),
    ] = None
    limits: LimitsOption = DEFAULT_LIMITS
    seconds_per_file: SecondsOption = DEFAULT_LIMITS.seconds_per_file
    catalogue: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--catalogue",
            help="A CSV of records (path or file name, id, title, URL, anything) to join to the files of FOLDERS.",
            show_default=False,
        ),
    ] = None
    exclude: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Skip matching files and folders, as in .gitignore; may be repeated. A file .emoirignore in "
            "a folder does so at every run.",
            show_default=False,
        ),
    ] = None
    engine: EngineOption = None
    index: IndexOption = None
    model: ModelOption = None


@record_options()
def index(
    options: IndexOptions,
) -> None:
    """Read new, changed and moved images of FOLDERS; forget deleted ones.

    Unchanged files are not read again. Ctrl-C or a power cut loses nothing that was read: run the command again and it
    continues. Without folders, all folders indexed before are read.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    from emoir.collection import Collection
    from emoir.index.location import index_option
    from emoir.index.vectors.choice import RememberedEngine
    from emoir.index.writer import Progress as Done

    class Rate(ProgressColumn):
        """Files a second; computed when the bar is drawn, not for every file."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    task = bar.add_task(text("looking"), total=None, failed="")

    def report(progress: Done, path: Path, failure: str | None) -> None:
        if console.is_terminal:
            bar.update(
                task,
                description=text("reading"),
                total=progress.total,
                completed=progress.done,
                failed=text("count failed", count=progress.failed) if progress.failed else "",
            )
        if failure is not None:
            console.print(printable(f"{path}: {cause_text(failure)}"), markup=False, highlight=False, soft_wrap=True)

    with Collection(options.index, model=options.model) as photos:
        new = not photos.location.exists()
        if options.repair:
            salvaged = photos.repair()
            if salvaged.kept_as is None:
                echo_err(text("undamaged"))
            else:
                echo_err(text("problems", problems="; ".join(salvaged.problems)))
                kept = salvaged.kept_as
                echo_err(text("salvaged", images=salvaged.images, ratings=salvaged.ratings, kept=kept))
                echo_err(text("reads again"))
        tell_of_newer_model(photos, rebuild=options.rebuild)
        try:
            with bar:
                done = photos.index(
                    *(options.folders or []),
                    prune=options.prune,
                    rebuild=options.rebuild,
                    workers=options.workers,
                    extractor=extractor_of(options, photos),
                    limits=limits_of(options),
                    catalogue=options.catalogue,
                    exclude=options.exclude or (),
                    report=report,
                )
        except KeyboardInterrupt:
            echo_err(text("stopped"))
            raise typer.Exit(Exit.INTERRUPTED) from None
        status = photos.status()
        if options.engine is not None or status.engine is not None:
            with RememberedEngine(photos.location) as remembered:
                send(remembered, options.engine)
    if new:
        echo_err(text("new index", path=photos.location))
    if status.rebuild is not None:
        echo_err(text("unfinished rebuild", options=index_option(photos.location), file=status.rebuild))
    for folder in done.kept:
        echo_err(text("missing", folder=folder))
    echo_err(text("holds", counts=counts(done), count=status.images))
    passed_over = skipped(done)
    if passed_over:
        echo_err(text("not looked at", what=passed_over))
    if done.catalogue is not None and options.catalogue is not None:
        _say_joined(options.catalogue, done.catalogue)
    if done.failed:
        raise typer.Exit(Exit.SOME_FAILED)


def tell_of_newer_model(photos: Collection, *, rebuild: bool = False) -> None:
    """Say that the index is of a model that emoir has shipped before, if it is."""
    from emoir.index.location import index_option

    if photos.has_newer_model:
        names = {"earlier": photos.model_folder.card.name, "shipped": photos.rebuild_model_folder.card.name}
        if rebuild:
            echo_err(text("newer model", **names))
        else:
            echo_err(text("earlier model", **names, options=index_option(photos.location)))


def limits_of(options: IndexOptions) -> Limits:
    """What one file may cost."""
    return replace(options.limits, seconds_per_file=options.seconds_per_file)


def extractor_of(options: IndexOptions, photos: Collection) -> Extractor | None:
    """What reads the files in place of this machine's worker processes, if anything does."""
    if options.ray is None:
        return None
    from emoir.extract.cluster import RayExtractor

    model = (photos.rebuild_model_folder if options.rebuild else photos.model_folder).folder
    return RayExtractor(model, address=options.ray, workers=options.workers, limits=limits_of(options))


def counts(done: IndexReport) -> str:
    """What a run did, in numbers."""
    known = {"read": done.read, "moved": done.moved, "unchanged": done.unchanged, "gone": done.removed}
    known |= {"vanished": done.vanished, "see status": done.failed}
    return ", ".join(text(key, count=count) for key, count in known.items() if count or key in ("read", "unchanged"))


def skipped(done: IndexReport) -> str:
    """What a run skipped, by kind and with the remedy; empty if nothing."""
    from emoir.images.exclusion import SkipReason
    from emoir.images.formats import REMEDIES

    unread = [f"{count:,} {kind} ({cause_text(REMEDIES[kind])})" for kind, count in sorted(done.unread.items())]
    folders = [
        text(f"skipped {reason.name.lower()}", count=count)
        for reason, count in sorted(done.skipped.items())
        if reason is not SkipReason.LINK
    ]
    names = ", ".join(str(printable(link)) for link in done.links[:SHOWN_LINKS])
    more = ", ..." if len(done.links) > SHOWN_LINKS else ""
    links = [text("links", names=names + more)] if done.links else []
    return listed([*unread, *folders, *links])


def _say_joined(file: Path, joined: Joined) -> None:
    """How a catalogue fits the files."""
    echo_err(text("joined", file=file, records=joined.records, joined=joined.joined))
    for name, near in joined.near.items():
        echo_err(text("mean", name=name, near=text("or").join(near)))
    if others := [name for name in joined.unmatched if name not in joined.near]:
        more = ", ..." if joined.records - joined.joined > len(joined.unmatched) else ""
        echo_err(text("not called", names=", ".join(others) + more))
    if joined.several:
        echo_err(text("several", count=joined.several))
    for note in joined.notes[:SHOWN_NOTES]:
        echo_err(f"{file}: {note}")
    if len(joined.notes) > SHOWN_NOTES:
        echo_err(text("more records", count=len(joined.notes) - SHOWN_NOTES))
