"""emoir experiment: the paper's comparison on a data set of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from emoir.cli.options import LabelOption, ScaleOption, parse_scale
from emoir.cli.output import put, say, shown


def experiment(
    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")],
    out: Annotated[Path, typer.Option("--out", help="The run folder; the same command goes on there.")] = Path(
        "runs/experiment"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="A few epochs of a small network: only a look.")] = False,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the images, for every row.")] = 60,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Repetitions of the headline rows.")] = 3,
    extra: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--extra", help="Weakly labelled images to learn from besides; never tested."),
    ] = None,
    pretrained: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--pretrained", help="A model folder for the distilled row. Default: the shipped model."),
    ] = None,
    label: LabelOption = None,
    scale: ScaleOption = "0,1",
) -> None:
    """Compare the original network with the improved one: colour, texture and both, from scratch.

    Five folds; every finished fold is kept, so that Ctrl-C loses at most an epoch. Writes comparison.md, .csv, .json
    and a plot. Needs: pip install "emoir[train]"
    """
    from emoir.errors import EmoirError

    try:
        from emoir.training import comparison
        from emoir.training import experiment as runs
        from emoir.training.loop import use_one_thread
    except ImportError as error:
        raise EmoirError(f'experiments need more packages ({error.name}): pip install "emoir[train]"') from None
    from emoir.datasets import read_dataset
    from emoir.datasets.splits import make_folds
    from emoir.extract.model import shipped_model_folder

    use_one_thread()
    table = read_dataset(data, label=label, scale=parse_scale(scale))
    weak = None if extra is None else read_dataset(extra)
    folds = make_folds(table)
    chosen = tuple(range(1 if quick else seeds))
    protocol = (
        runs.Protocol(epochs=min(epochs, 3), width=8, blocks=(1, 1, 1, 1), seeds=chosen)
        if quick
        else runs.Protocol(epochs=epochs, seeds=chosen)
    )
    base = pretrained or shipped_model_folder()
    out.mkdir(parents=True, exist_ok=True)
    todo = runs.pieces(runs.CONTENDERS, folds.count, chosen)
    for number, piece in enumerate(todo, 1):
        say(f"{number} of {len(todo)}: {piece.contender.name}, fold {piece.fold}, seed {piece.seed}")
        runs.run_piece(piece, table, folds, protocol, out, extra=weak, pretrained=base)
    lines = [
        line for row in runs.CONTENDERS if (line := comparison.line_of(row, table, folds, out, chosen)) is not None
    ]
    facts = f"5 folds, seed 0; {protocol.epochs} epochs for every row; headline rows with {len(chosen)} seeds"
    put(comparison.report(lines, table, out, facts=facts + ("; quick: a look, not a result." if quick else ".")))
    say(f"written to {shown(out)}")
