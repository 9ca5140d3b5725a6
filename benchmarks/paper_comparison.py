"""The paper's comparison on the development sets, piece by piece; finished pieces stay with the benchmarks.

    PYTHONPATH=benchmarks python benchmarks/paper_comparison.py run fi_subset emotion6 [--seeds 3]
    PYTHONPATH=benchmarks python benchmarks/paper_comparison.py print

A run goes on where it stopped; several at once share the pieces. Pieces, a few kilobytes each, lie in
benchmarks/experiment; tables and plots are made of those that are complete. A name that ends in "+web" shows the weakly
labelled web set besides. The distilled row begins with the pre-trained weights of benchmarks/weights, which have seen
no human-rated image.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

import development
from emoir.datasets import Columns, Table, read_table
from emoir.datasets.splits import Folds
from emoir.emotions.spaces import MIKELS
from emoir.evaluate.provenance import provenance
from emoir.models.model import CARD, WEIGHTS
from emoir.training import comparison
from emoir.training.contenders import CONTENDERS, Protocol
from emoir.training.experiment import pieces, run_piece
from emoir.training.loop import use_one_thread
from pretrain_shipped import pretrained

RESULTS = Path(__file__).resolve().parent / "experiment"
PRETRAINED = RESULTS / "cache" / "pretrained"
# The vote of the majority; ties have none.
PAINTINGS = Columns(classes={"mikels": "emotion"}, class_names={"mikels": MIKELS.names})
# Batch and epochs: about 2,000 steps on every set, as on Emotion6, where the number of epochs was chosen.
LENGTHS = {
    "emotion6": (32, 60),
    "fi_subset": (16, 60),
    "abstract_paintings": (16, 160),
    "oasis": (16, 60),
    "gaped": (16, 60),
    "emotion6+web": (32, 8),
    "fi_subset+web": (32, 8),
}


def setting(name: str) -> tuple[Table, Folds, Table | None]:
    """A development set, its folds, and the weakly labelled web set where the name ends in ``+web``."""
    base, _, extra = name.partition("+")
    table, folds = development.folds(base)
    if base == "abstract_paintings":
        table = read_table(development.ROOT / base / "labels.csv", PAINTINGS, name=base)
    return table, folds, development.load("web_emotion16_weak") if extra else None


def write_pretrained() -> None:
    """The pre-trained network as a model folder that a row can begin with."""
    PRETRAINED.mkdir(parents=True, exist_ok=True)
    network = pretrained()
    (PRETRAINED / CARD).write_text(json.dumps({"network": asdict(network.config)}), encoding="utf-8")
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, PRETRAINED / WEIGHTS)


@contextmanager
def claimed(file: Path) -> Iterator[bool]:
    """Whether the lock on a file could be had; it goes with the process, however that ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def run(name: str, protocol: Protocol, rows: Sequence[str]) -> None:
    """Train what is missing of some rows of one setting, less what another process is at."""
    table, folds, extra = setting(name)
    folder = RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    write_pretrained()
    contenders = [contender for contender in CONTENDERS if contender.name in rows]
    todo = pieces(contenders, folds.count, protocol.seeds)
    for number, piece in enumerate(todo, 1):
        with claimed(folder / "running" / f"{piece.file}.lock") as mine:
            if mine:
                print(f"{time.strftime('%H:%M:%S')} {name}: {number} of {len(todo)}: {piece.file}", flush=True)
                run_piece(piece, table, folds, protocol, folder, extra=extra, pretrained=PRETRAINED)


def show(name: str, protocol: Protocol) -> None:
    """Print the tables of one setting, and draw its plot, from the rows that are complete."""
    table, folds, extra = setting(name)
    folder = RESULTS / name
    lines = [
        line
        for row in CONTENDERS
        if (line := comparison.line_of(row, table, folds, folder, protocol.seeds)) is not None
    ]
    if not lines:
        print(f"{name}: nothing is complete yet")
        return
    facts = provenance(str(protocol), "5 frozen folds")
    print(comparison.report(lines, table, folds, folder, facts=facts, extra=extra))


def main() -> None:
    """Run settings, or print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "print"))
    parser.add_argument("settings", nargs="*", default=list(LENGTHS))
    parser.add_argument("--seeds", type=int, default=3)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--rows", nargs="+", choices=names, default=names, help="what to run; default: every row")
    arguments = parser.parse_args()
    use_one_thread()
    for name in arguments.settings:
        batch, epochs = LENGTHS[name]
        protocol = Protocol(batch=batch, epochs=epochs, seeds=tuple(range(arguments.seeds)))
        if arguments.what == "run":
            run(name, protocol, arguments.rows)
        else:
            show(name, protocol)


if __name__ == "__main__":
    main()
