"""emoir experiment: the paper's protocol on a data set of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.options import LabelOption, ScaleOption, parse_scale, record_options, share_cache_with_matplotlib
from emoir.cli.output import echo_block, echo_err

if TYPE_CHECKING:
    from emoir.experiment.data import ExperimentData
    from emoir.experiment.variants import ModelVariant

QUICK_FOLDS, QUICK_STEPS, QUICK_ROWS = 2, 20, "ABD"


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
    seeds: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--seeds",
            min=2,
            help="Runs of every row on every fold. Default: three of RGB and of planes with statistics, two of others.",
            show_default=False,
        ),
    ] = None
    device: Annotated[str, typer.Option("--device", help="That torch trains on, such as cuda.")] = "cpu"
    label: LabelOption = None
    scale: ScaleOption = "0,1"


@record_options()
def experiment(options: ExperimentOptions) -> None:
    """Run the paper's protocol: the original network against the improved one, both from scratch.

    Five rows on five folds: AlexNet, and ours with RGB, with colour and texture planes, with planes and statistics, and
    with another picture's statistics. Each row's setting is chosen inside each fold. Every finished run is kept;
    Ctrl-C loses an epoch or half a minute. Writes comparison.md, .csv, .json and a plot.
    Needs: pip install "emoir[train]"
    """
    share_cache_with_matplotlib()
    from emoir.errors import EmoirError

    try:
        from emoir.experiment.comparison import variant_result
        from emoir.experiment.data import ExperimentData, with_classes
        from emoir.experiment.protocol import FOLD_SEED
        from emoir.experiment.protocol_tables import PAIRS, protocol_tables
        from emoir.experiment.results import read_results
        from emoir.experiment.rows import ROWS
        from emoir.experiment.set_results import set_results
        from emoir.experiment.tables import write_report
        from emoir.training.loop import use_one_thread
    except ImportError as error:
        raise EmoirError(f'experiments need more packages ({error.name}): pip install "emoir[train]"') from None
    from emoir.datasets import read_dataset
    from emoir.datasets.splits import make_folds
    from emoir.evaluate.provenance import provenance

    use_one_thread()
    table = with_classes(read_dataset(options.data, label=options.label, scale=parse_scale(options.scale)))
    folds = make_folds(table, count=QUICK_FOLDS if options.quick else 5, seed=FOLD_SEED)
    out = options.out or Path("runs") / ("quick" if options.quick else "experiment")
    out.mkdir(parents=True, exist_ok=True)
    data = ExperimentData(table=table, folds=folds, cache=out / "cache")
    words = [f"{folds.count} folds, seed {FOLD_SEED}"]
    if options.quick:
        rows = _quick(data, out, options.device)
        results = read_results(sorted(out.glob("*.npz")))
        found = [variant_result(row, table, folds, results, [0]) for row in rows]
        lines, protocol = [line for line in found if line is not None], ""
        words.insert(0, "quick: a look, not a result")
    else:
        seeds = {row.letter: options.seeds or row.seeds for row in ROWS}
        _run(data, out, seeds, options.device)
        results = read_results(sorted(out.glob("*.npz")))
        finished = set_results(table.name, table, folds, results, seeds)
        decides = bool(table.classes)
        lines = list(finished.rows.values())
        protocol = protocol_tables([finished] if decides else [], [] if decides else [finished])
        words.append("settings chosen in every fold")
    text = write_report(lines, table, folds, out, pairs=PAIRS, notes=f"{protocol}\n{provenance(*words)}".lstrip())
    echo_block(text)
    echo_err(f"written to {out}")


def _run(data: ExperimentData, out: Path, seeds: Mapping[str, int], device: str) -> None:
    """Every row of the protocol on every fold."""
    from emoir.experiment.protocol import run_row
    from emoir.experiment.rows import ROWS
    from emoir.experiment.timing import row_cost

    count = data.folds.count
    if not any(out.glob("*.npz")):
        hours = sum(row_cost(row, data, device=device).fold(seeds[row.letter]) for row in ROWS) * count / 3600
        echo_err(f"{len(ROWS)} rows on {count} folds: at most about {hours:.1f} hours on this machine")
    for number, row in enumerate(ROWS):
        for fold in range(count):
            chosen = run_row(row, data, fold, out, seeds[row.letter], device=device)
            setting = f"rate {chosen.learning_rate:g}, {chosen.epochs} epochs, decay {chosen.weight_decay:g}"
            done = number * count + fold + 1
            total = len(ROWS) * count
            echo_err(f"{done} of {total}: {row.variant.name}, fold {fold}: {setting}, mixup {chosen.mixup:g}")


def _quick(data: ExperimentData, out: Path, device: str) -> list[ModelVariant]:
    """Three narrow rows with one setting; their names."""
    from emoir.experiment.rows import ROWS
    from emoir.experiment.runs import FoldRun, run_fold
    from emoir.experiment.timing import seconds_per_step
    from emoir.experiment.variants import STEPS, ExperimentProtocol, run_length

    batch, enough = run_length(len(data.folds.training_rows(0)))
    # A share of the epochs that make a whole run: seconds a run, whatever the number of images.
    protocol = ExperimentProtocol(batch=batch, epochs=max(1, round(enough * QUICK_STEPS / STEPS)), width=8)
    rows = [row.variant for row in ROWS if row.letter in QUICK_ROWS]
    todo = [FoldRun(row, fold, 0) for row in rows for fold in range(data.folds.count)]
    if any(not (out / f"{run.file}.npz").exists() for run in todo):
        steps = len(data.folds.training_rows(0)) // batch * protocol.epochs
        seconds = sum(seconds_per_step(row, data, protocol) for row in rows) * steps * data.folds.count
        length = "about a minute" if seconds < 90 else f"about {seconds / 60:.0f} minutes on this machine"
        echo_err(f"{len(todo)} runs of {protocol.epochs} epochs: {length}")
    for run in todo:
        run_fold(run, data, protocol, out, device=device)
    return rows
