"""emoir experiment: the paper's comparison on a data set of one's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import LabelOption, ScaleOption, parse_scale, record_options, share_cache_with_matplotlib
from emoir.cli.output import echo_block, echo_err

if TYPE_CHECKING:
    from emoir.datasets import Table

QUICK_FOLDS, QUICK_STEPS = 2, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentOptions:
    """Options of ``emoir experiment``."""

    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")]
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--out", help="The run folder; the same command goes on there. Default: runs/experiment, or runs/quick."
        ),
    ] = None
    quick: Annotated[
        bool, typer.Option("--quick", help="Three rows, two folds, twenty steps: a look, not a result.")
    ] = False
    epochs: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--epochs", min=1, help="Passes over the images, for every row. Default: about 2,000 steps."),
    ] = None
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Repetitions of the headline rows.")] = 3
    extra: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--extra", help="Weakly labelled images to also learn from; never tested."),
    ] = None
    pretrained: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--pretrained",
            help="A model folder for the distilled row. Default: the shipped one, unless it learnt from these images.",
        ),
    ] = None
    label: LabelOption = None
    scale: ScaleOption = "0,1"


@record_options()
def experiment(options: ExperimentOptions) -> None:
    """Run the paper's comparison: the original network against the improved one.

    Trains both from scratch: with colour, with texture and with both.
    Five folds; every finished fold is kept, so that Ctrl-C loses at most an epoch. Writes comparison.md, .csv, .json
    and a plot. Needs: pip install "emoir[train]"
    """
    share_cache_with_matplotlib()
    from emoir.errors import EmoirError

    try:
        from emoir.experiment.comparison import variant_result
        from emoir.experiment.data import ExperimentData, with_classes
        from emoir.experiment.results import read_results
        from emoir.experiment.runs import plan_runs, run_fold
        from emoir.experiment.tables import write_report
        from emoir.experiment.timing import estimated_seconds
        from emoir.experiment.variants import STEPS, VARIANTS, ExperimentProtocol, run_length
        from emoir.training.loop import use_one_thread
    except ImportError as error:
        raise EmoirError(f'experiments need more packages ({error.name}): pip install "emoir[train]"') from None
    from emoir.datasets import read_dataset
    from emoir.datasets.splits import make_folds
    from emoir.evaluate.provenance import provenance
    from emoir.models.library import shipped_model_folder

    use_one_thread()
    table = with_classes(read_dataset(options.data, label=options.label, scale=parse_scale(options.scale)))
    folds = make_folds(table, count=QUICK_FOLDS if options.quick else 5)
    weak = None if options.extra is None else _without_copies(read_dataset(options.extra), table, folds.digests)
    chosen = tuple(range(1 if options.quick else options.seeds))
    batch, enough = run_length(len(folds.training_rows(0)) + (0 if weak is None else len(weak)))
    if options.quick:
        # A share of the epochs that make a whole run: seconds a run, whatever the number of images.
        few = max(1, round(enough * QUICK_STEPS / STEPS))
        protocol = ExperimentProtocol(batch=batch, epochs=min(options.epochs or few, few), width=8, seeds=chosen)
    else:
        protocol = ExperimentProtocol(batch=batch, epochs=options.epochs or enough, seeds=chosen)
    base = options.pretrained or shipped_model_folder()
    if options.quick:
        rows = [row for row in VARIANTS if row.headline and not row.published]
    else:
        rows = [row for row in VARIANTS if not row.pretrained or _knows_nothing_of(base, table)]
    out = options.out or Path("runs") / ("quick" if options.quick else "experiment")
    out.mkdir(parents=True, exist_ok=True)
    experiment_data = ExperimentData(table=table, folds=folds, extra=weak, pretrained=base, cache=out / "cache")
    todo = plan_runs(rows, folds.count, chosen)
    left = [run for run in todo if not (out / f"{run.file}.npz").exists()]
    if left:
        minutes = estimated_seconds(left, experiment_data, protocol) / 60
        length = "about a minute" if minutes < 1.5 else f"about {minutes:.0f} minutes on this machine"
        echo_err(f"{len(left)} runs of {protocol.epochs} epochs: {length}")
    for number, run in enumerate(todo, 1):
        echo_err(f"{number} of {len(todo)}: {run.variant.name}, fold {run.fold}, seed {run.seed}")
        run_fold(run, experiment_data, protocol, out)
    results = read_results(out / f"{run.file}.npz" for run in todo)
    lines = [line for row in rows if (line := variant_result(row, table, folds, results, chosen)) is not None]
    notes = provenance(
        *(["quick: a look, not a result"] if options.quick else []),
        f"{folds.count} folds, seed 0; {protocol.epochs} epochs in batches of {batch} for every row",
        f"seeds of the headline rows: {len(chosen)}",
    )
    echo_block(write_report(lines, table, folds, out, notes=notes, extra=weak))
    echo_err(f"written to {out}")


def _without_copies(extra: Table, tested: Table, digests: Collection[str]) -> Table:
    """The extra images less those that are tested, also in another encoding; says so where there are any."""
    import numpy as np

    from emoir.datasets.splits import image_digests
    from emoir.images.picture_hash import hash_files, recognised

    own = hash_files(tested.paths)
    copies = np.array([digest in set(digests) for digest in image_digests(extra.paths)])
    for mirrored in (False, True):
        copies |= recognised(hash_files(extra.paths, mirrored=mirrored), own)
    if copies.any():
        echo_err(f"left out of {extra.name}: {copies.sum():,} images that are tested")
    return extra.take(np.flatnonzero(~copies))


def _knows_nothing_of(base: Path, table: Table) -> bool:
    """Whether weights have not seen the images that they would be tested on; says so where they have."""
    from emoir.evaluate.leakage import seen_in_training
    from emoir.models.model import ModelFolder

    model = ModelFolder(base)
    seen = int(seen_in_training(table.paths, model).sum())
    if seen:
        echo_err(
            f"left out: the distilled row, as {model.id} learnt from {seen:,} of these images; "
            "--pretrained names other weights"
        )
    return not seen
