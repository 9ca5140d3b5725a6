"""The paper's comparison on the development sets: trains what is missing, packs the results, prints the tables.

    PYTHONPATH=benchmarks python benchmarks/paper_comparison.py run fi_subset emotion6 [--seeds 3]
    PYTHONPATH=benchmarks python benchmarks/paper_comparison.py print

``run`` goes on where it stopped, in runs/experiment; several processes share the work. What is finished is packed into
benchmarks/experiment/SET.npz, one file per set, from which ``print`` makes SET.md and SET.png. A name that ends in
"+web" adds the weakly labelled web set to the training images. The distilled row begins with the pre-trained weights of
benchmarks/weights, which have seen no human-rated image.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
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
from emoir.experiment.comparison import variant_result
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import FoldResult, RunKey, read_results, write_results
from emoir.experiment.runs import conditions, plan_runs, run_fold
from emoir.experiment.tables import write_report
from emoir.experiment.variants import VARIANTS, ExperimentProtocol
from emoir.models.card import CARD, WEIGHTS
from emoir.training.loop import use_one_thread
from weights.pretrain import pretrained

RESULTS = Path(__file__).resolve().parent / "experiment"
RUNS = Path("runs") / "experiment"
PRETRAINED = RUNS / "pretrained"
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


def packed(name: str) -> dict[RunKey, FoldResult]:
    """The committed results of a setting; empty before the first."""
    file = RESULTS / f"{name}.npz"
    return read_results([file]) if file.exists() else {}


def run(name: str, protocol: ExperimentProtocol, rows: Sequence[str]) -> None:
    """Train what is missing of some rows of one setting, less what another process is at, and pack what is done."""
    table, folds, extra = setting(name)
    data = ExperimentData(table=table, folds=folds, extra=extra, pretrained=PRETRAINED, cache=RUNS / "cache")
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    write_pretrained()
    todo = plan_runs([variant for variant in VARIANTS if variant.name in rows], folds.count, protocol.seeds)
    done = packed(name)
    for number, one in enumerate(todo, 1):
        if one.key in done:
            done[one.key].check(conditions(one, data, protocol), f"{name}: {one.file}")
            continue
        with claimed(folder / "running" / f"{one.file}.lock") as mine:
            if mine:
                print(f"{time.strftime('%H:%M:%S')} {name}: {number} of {len(todo)}: {one.file}", flush=True)
                run_fold(one, data, protocol, folder)
    finished = {**packed(name), **read_results(sorted(folder.glob("*.npz")))}
    write_results(finished, RESULTS / f"{name}.npz")


def show(name: str, protocol: ExperimentProtocol) -> None:
    """Print the tables of one setting, and draw its plot, from the rows that are complete."""
    table, folds, extra = setting(name)
    results = packed(name)
    lines = [
        line for row in VARIANTS if (line := variant_result(row, table, folds, results, protocol.seeds)) is not None
    ]
    if not lines:
        print(f"{name}: nothing is complete yet")
        return
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    settings = provenance(str(protocol), "5 frozen folds")
    print(write_report(lines, table, folds, folder, notes=settings, extra=extra))
    for kind in ("md", "png"):
        shutil.copyfile(folder / f"comparison.{kind}", RESULTS / f"{name}.{kind}")


def main() -> None:
    """Run settings, or print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "print"))
    parser.add_argument("settings", nargs="*", default=list(LENGTHS))
    parser.add_argument("--seeds", type=int, default=3)
    names = [variant.name for variant in VARIANTS]
    parser.add_argument("--rows", nargs="+", choices=names, default=names, help="what to run; default: every row")
    arguments = parser.parse_args()
    use_one_thread()
    for name in arguments.settings:
        batch, epochs = LENGTHS[name]
        protocol = ExperimentProtocol(batch=batch, epochs=epochs, seeds=tuple(range(arguments.seeds)))
        if arguments.what == "run":
            run(name, protocol, arguments.rows)
        else:
            show(name, protocol)


if __name__ == "__main__":
    main()
