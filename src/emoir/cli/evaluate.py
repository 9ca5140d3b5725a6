"""emoir evaluate: a model on a labelled data set, compared with other systems."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import (
    LabelOption,
    LimitsOption,
    ScaleOption,
    SecondsOption,
    SpaceOption,
    parse_scale,
    record_options,
    share_cache_with_matplotlib,
)
from emoir.cli.output import Exit, echo_block, echo_err
from emoir.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from emoir.datasets import Layout, Table
    from emoir.evaluate.predictions import Predictions
    from emoir.evaluate.systems import SystemComparison
    from emoir.models import Model

SHIPPED = "shipped"


class EvaluateFormat(str, Enum):
    """How metrics are written."""

    table = "table"
    markdown = "markdown"
    csv = "csv"
    json = "json"
    latex = "latex"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """Options of ``emoir evaluate``."""

    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")]
    model: Annotated[
        str,
        typer.Option(
            "--model", envvar="EMOIR_MODEL", help="The system to evaluate: a model folder, or a file as for --against."
        ),
    ] = SHIPPED
    against: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--against",
            help="Another system on the same images: a model folder, 'shipped', a table of probabilities (- reads "
            "standard input) or an .npy of embeddings; may be repeated.",
            show_default=False,
        ),
    ] = None
    part: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--part", help="Only this part of the published split, or of the one that papers use.", show_default=False
        ),
    ] = None
    skip_training_images: Annotated[
        bool,
        typer.Option("--skip-training-images", help="Leave out images that a model learnt from, instead of refusing."),
    ] = False
    space: SpaceOption = None
    label: LabelOption = None
    scale: ScaleOption = "0,1"
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="A folder for the table in every format, the plots and the predictions."),
    ] = None
    format: Annotated[EvaluateFormat, typer.Option("--format", help="How to print the metrics.")] = EvaluateFormat.table
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Processes that read images. Default: one per core.", show_default=False),
    ] = None
    limits: LimitsOption = DEFAULT_LIMITS
    seconds_per_file: SecondsOption = DEFAULT_LIMITS.seconds_per_file


@record_options()
def evaluate(
    options: EvaluateOptions,
) -> None:
    """Evaluate a model on DATA: metrics, baselines, intervals, differences.

    A model is not evaluated on images that it learnt from. Retrieval marked (a) ranks by the readings over the whole
    set; marked (b), by embeddings inside each fold. Intervals are 95 %; differences are paired. Some metrics need:
    pip install "emoir[research]"
    """
    share_cache_with_matplotlib()
    from emoir.errors import EmoirError

    try:
        failed = _evaluate(options)
    except ModuleNotFoundError as error:
        raise EmoirError(f'evaluating needs more packages ({error.name}): pip install "emoir[research]"') from None
    if failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _evaluate(options: EvaluateOptions) -> bool:
    """Read, evaluate, print and write; returns whether some images failed."""
    import numpy as np

    from emoir.cli.progress import progress
    from emoir.datasets import layout_of, read_dataset
    from emoir.errors import DatasetError
    from emoir.evaluate.formats import FORMATS
    from emoir.evaluate.predict import predict
    from emoir.evaluate.predictions import read_embeddings, read_predictions
    from emoir.evaluate.systems import evaluate_systems
    from emoir.models import Model, shipped_model_folder

    source = options.data.resolve()
    limits = replace(options.limits, seconds_per_file=options.seconds_per_file)
    whole = read_dataset(source, space=options.space, label=options.label, scale=parse_scale(options.scale))
    # A model folder is opened, a file stays a file.
    systems = [
        Path(name) if _is_file(name) else Model(shipped_model_folder() if _is_shipped(name) else Path(name))
        for name in (options.model, *(options.against or []))
    ]
    models = [system for system in systems if isinstance(system, Model)]
    for place, model in enumerate(models):
        if model.id in {other.id for other in models[:place]}:
            raise DatasetError(f"{model.id} would be compared with itself: name another system with --against")
    rows = np.arange(len(whole)) if options.part is None else _part(whole, layout_of(source), options.part)
    for model in models:
        rows = _not_trained_on(whole, rows, model, leave_out=options.skip_training_images)
    table = whole.take(rows)
    predictions: list[Predictions] = []
    failures: dict[Path, str] = {}
    for system in systems:
        if isinstance(system, Model):
            with progress(f"reading images with {system.id}") as report:
                found, failed = predict(table, system, workers=options.workers, limits=limits, report=report)
            failures |= failed
        elif system.suffix == ".npy":
            found = read_embeddings(system, whole).take(rows)
        else:
            found = read_predictions(system, whole).take(rows)
        predictions.append(found)
    for path, cause in failures.items():
        echo_err(f"{path}: {cause}")
    comparison = evaluate_systems(table, predictions)
    _say_what_was_done(comparison)
    echo_block(FORMATS[options.format.value](comparison))
    if options.out is not None:
        from emoir.evaluate.files import write_comparison

        echo_err(f"{len(write_comparison(comparison, options.out))} files: {options.out}")
    return bool(failures)


def _is_file(name: str) -> bool:
    """Whether a system is a file of predictions, or standard input; it must be there if its name says so."""
    from emoir.cells import STANDARD_INPUT
    from emoir.errors import DatasetError

    if Path(name) == STANDARD_INPUT:
        return True
    if Path(name).suffix in (".csv", ".tsv", ".jsonl", ".parquet", ".npy") and not Path(name).exists():
        raise DatasetError(f"{name}: no such file")
    return Path(name).is_file()


def _is_shipped(name: str) -> bool:
    return name == SHIPPED and not Path(name).is_dir()


def _part(table: Table, layout: Layout | None, part: str) -> NDArray[np.intp]:
    from emoir.datasets.splits import part_rows

    rows = part_rows(table, part, layout.parts if layout is not None else {})
    if table.split is None:
        echo_err(f"the literature's split of {table.name} is drawn anew each time; this one is stratified, with seed 0")
    return rows


def _not_trained_on(table: Table, rows: NDArray[np.intp], model: Model, *, leave_out: bool) -> NDArray[np.intp]:
    """The rows that a model has not learnt from, and a note on what is left out."""
    from emoir.evaluate.leakage import rows_not_trained_on

    kept = rows[rows_not_trained_on(table.take(rows), model, leave_out=leave_out)]
    if len(kept) < len(rows):
        echo_err(f"left out: {len(rows) - len(kept):,} images that {model.id} learnt from")
    if not len(model.training_hashes()):
        echo_err(
            f"CAUTION: {model.id} lists no picture hashes: what it learnt from is recognised byte for byte only. "
            "Other copies of the same pictures would flatter it"
        )
    return kept


def _say_what_was_done(comparison: SystemComparison) -> None:
    if comparison.left_out:
        echo_err(f"{comparison.left_out:,} images are left out: not every system says something of them")
    for system in comparison.systems:
        for name, note in system.notes.items():
            echo_err(f"{system.name}: {name} is read from {note}")
    echo_err(f"{len(comparison.table):,} images; 95 % intervals by leaving out each image, differences paired")
