"""emoir evaluate: judge a model on a labelled data set, beside other systems."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import LabelOption, ScaleOption, SpaceOption, parse_scale
from emoir.cli.output import Exit, put, say, shown
from emoir.limits import MAX_PIXELS, SECONDS_PER_FILE, Limits

if TYPE_CHECKING:
    from emoir.datasets import Layout, Table
    from emoir.evaluate.judgement import Judgement
    from emoir.evaluate.predictions import Predictions
    from emoir.extract import Model

SHIPPED = "shipped"
SUFFIXES = {"table": ".txt", "markdown": ".md", "csv": ".csv", "json": ".json", "latex": ".tex"}


class EvaluateFormat(str, Enum):
    """How figures are written."""

    table = "table"
    markdown = "markdown"
    csv = "csv"
    json = "json"
    latex = "latex"


def evaluate(
    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")],
    model: Annotated[
        str,
        typer.Option(
            "--model", envvar="EMOIR_MODEL", help="The system judged: a model folder, or a file as for --against."
        ),
    ] = SHIPPED,
    against: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--against",
            help="Another system on the same images: a model folder, 'shipped', a .csv of probabilities or an .npy of "
            "embeddings; may be repeated.",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--part", help="Only this part of the split that was published or the literature uses.", show_default=False
        ),
    ] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Leave out images that a model learnt from, instead of refusing.")
    ] = False,
    space: SpaceOption = None,
    label: LabelOption = None,
    scale: ScaleOption = "0,1",
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="A folder for the table in every format, the plots and the predictions."),
    ] = None,
    format: Annotated[
        EvaluateFormat, typer.Option("--format", help="How the figures are printed.")
    ] = EvaluateFormat.table,
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Processes that read images. Default: one per core.", show_default=False),
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, help="Images with more pixels are left out.")] = MAX_PIXELS,
    seconds_per_file: Annotated[float, typer.Option(min=0.1, help="Images that take longer are left out.")] = (
        SECONDS_PER_FILE
    ),
) -> None:
    """Judge a model on DATA: figures with floors, 95 % intervals and paired differences to other systems.

    A model is not judged on images that it learnt from. Needs: pip install "emoir[research]"
    """
    from emoir.errors import EmoirError

    limits = Limits(max_pixels=max_pixels, seconds_per_file=seconds_per_file)
    names = (model, *(against or []))
    try:
        failed = _evaluate(data.resolve(), names, part, unseen, (space, label, scale), out, format, workers, limits)
    except ModuleNotFoundError as error:
        raise EmoirError(f'evaluating needs more packages ({error.name}): pip install "emoir[research]"') from None
    if failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _evaluate(
    source: Path,
    names: Sequence[str],
    part: str | None,
    unseen: bool,
    labels: tuple[str | None, str | None, str],
    out: Path | None,
    format: EvaluateFormat,
    workers: int | None,
    limits: Limits,
) -> bool:
    """Read, judge, print and write; whether some images failed."""
    from emoir.datasets import layout_of, read_dataset
    from emoir.evaluate.formats import FORMATS
    from emoir.evaluate.judgement import judge
    from emoir.extract import Model, shipped_model_folder

    space, label, scale = labels
    table = read_dataset(source, space=space, label=label, scale=parse_scale(scale))
    if part is not None:
        table = _part(table, layout_of(source), part)
    # A model folder is opened, a file stays a file.
    systems = [
        Path(name) if _is_file(name) else Model(shipped_model_folder() if _is_shipped(name) else Path(name))
        for name in names
    ]
    whole = table
    table = _unseen(table, [system for system in systems if isinstance(system, Model)], leave_out=unseen)
    said: list[Predictions] = []
    failures: dict[Path, str] = {}
    for system in systems:
        if isinstance(system, Model):
            predictions, failed = _read(system, table, workers, limits)
            said.append(predictions)
            failures |= failed
        else:
            said.append(_from_file(system, whole, table))
    for path, cause in failures.items():
        say(f"{shown(path)}: {cause}")
    judgement = judge(table, said)
    _say_what_was_done(judgement)
    put(FORMATS[format.value](judgement))
    if out is not None:
        _write(judgement, out)
    return bool(failures)


def _is_file(name: str) -> bool:
    """Whether a system is a file of predictions; it must be there if its name says so."""
    from emoir.errors import DatasetError

    if Path(name).suffix in (".csv", ".npy") and not Path(name).exists():
        raise DatasetError(f"{shown(name)}: no such file")
    return Path(name).is_file()


def _is_shipped(name: str) -> bool:
    return name == SHIPPED and not Path(name).is_dir()


def _part(table: Table, layout: Layout | None, part: str) -> Table:
    """The rows of one part of the published split, or of the one that the literature uses."""
    import numpy as np

    from emoir.datasets.splits import make_parts
    from emoir.errors import DatasetError

    parts = layout.parts if layout is not None and table.split is None else {}
    known = list(parts) if table.split is None else sorted({name for name in table.split.tolist() if name})
    if part not in known:
        raise DatasetError(f"{table.name}: no part {part!r}; it has {', '.join(known) or 'no split'}")
    if table.split is not None:
        return table.take(np.flatnonzero(table.split == part))
    say(f"the literature's split of {table.name} is drawn anew by everyone; this one is stratified, with seed 0")
    return table.take(make_parts(table, tuple(parts.values())).test_rows(known.index(part)))


def _unseen(table: Table, models: Sequence[Model], *, leave_out: bool) -> Table:
    """The table without images that a model learnt from; an error, if they are not to be left out."""
    import numpy as np

    from emoir.datasets.splits import image_digests
    from emoir.errors import DatasetError, LeakageError
    from emoir.evaluate.out_of_fold import check_unseen
    from emoir.evaluate.reading import may_have_learnt_from

    if not models:
        return table
    there = [row for row, path in enumerate(table.paths) if path.is_file()]
    digests = np.array([""] * len(table), dtype=object)
    digests[there] = image_digests([table.paths[row] for row in there])
    for model in models:
        learnt = model.learnt_from()
        if not leave_out:
            try:
                check_unseen(digests[there].tolist(), learnt)
            except LeakageError as error:
                raise LeakageError(f"{model.id}: {error}; --unseen leaves these images out") from None
        keep = np.array([digest not in learnt for digest in digests.tolist()], dtype=bool)
        if not keep.any():
            raise DatasetError(f"{table.name}: {model.id} learnt from every one of its images")
        if not keep.all():
            say(f"left out: {int((~keep).sum()):,} images that {model.id} learnt from")
        table, digests = table.take(np.flatnonzero(keep)), digests[keep]
        if (name := may_have_learnt_from(model, table)) is not None:
            say(
                f"CAUTION: {model.id} learnt from images of {name}. An image is known again only byte for byte: "
                "if these are other copies of the same pictures, the figures flatter the model"
            )
    return table


def _read(model: Model, table: Table, workers: int | None, limits: Limits) -> tuple[Predictions, dict[Path, str]]:
    from emoir.cli.progress import progress
    from emoir.evaluate.reading import read_table_images

    with progress(f"reading images with {model.id}") as report:
        return read_table_images(table, model, workers=workers, limits=limits, report=report)


def _from_file(file: Path, whole: Table, table: Table) -> Predictions:
    """Another system's file; its embeddings are in the order of the whole table."""
    import numpy as np

    from emoir.evaluate.predictions import read_embeddings, read_predictions

    if file.suffix != ".npy":
        return read_predictions(file, table)
    place = {path: row for row, path in enumerate(whole.paths)}
    return read_embeddings(file, whole).take(np.array([place[path] for path in table.paths], dtype=np.intp))


def _say_what_was_done(judgement: Judgement) -> None:
    if judgement.left_out:
        say(f"{judgement.left_out:,} images are left out: not every system says something of them")
    for system in judgement.systems:
        for name, note in system.notes.items():
            say(f"{system.name}: {name} is read from {note}")
    say(f"{len(judgement.table):,} images; 95 % intervals by bootstrap, differences over the same resamples")


def _write(judgement: Judgement, folder: Path) -> None:
    """The table in every format, the predictions of the first system, the plots."""
    from emoir.evaluate.figures import provenance
    from emoir.evaluate.formats import FORMATS, predictions_csv
    from emoir.evaluate.plots import save_plots
    from emoir.evaluate.sheet import retrieval_sheet

    folder.mkdir(parents=True, exist_ok=True)
    names = " against ".join(system.name for system in judgement.systems)
    facts = provenance(f"{names} on {judgement.table.name} ({len(judgement.table)} images)", "bootstrap, seed 0")
    for name, function in FORMATS.items():
        text = function(judgement)
        if name in ("markdown", "table"):
            text += f"\n\n{facts}"
        elif name == "latex":
            text = f"% {facts}\n{text}"
        (folder / f"figures{SUFFIXES[name]}").write_text(text + "\n", encoding="utf-8")
    (folder / "predictions.csv").write_text(predictions_csv(judgement), encoding="utf-8", errors="backslashreplace")
    written = save_plots(judgement, folder)
    sheet = retrieval_sheet(judgement)
    if sheet is not None:
        sheet.save(folder / "retrievals.png")
        written.append(folder / "retrievals.png")
    say(f"figures, predictions and {len(written)} plots: {shown(folder)}")
