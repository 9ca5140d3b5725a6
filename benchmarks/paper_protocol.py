"""The protocol of docs/experiment-protocol.md on the development sets.

    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py run [SET …] [--rows B D] [--device cuda] [--jobs N]
    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py print
    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py cost
    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py bundle FOLDER

``run`` goes on where it stopped, in runs/protocol: B, D and A of each deciding set, then the other rows, then the other
sets; A′ and D′ run if they are asked for. Several processes share the work by row and fold. What is finished is packed
into benchmarks/experiment/SET.protocol.npz, and is not run again from there on, on whatever machine. ``print`` makes
all tables from these files, also of a run that is not finished: then they say what is missing. ``cost`` times a few
steps of every row on this machine.
``bundle`` writes tars of at most 15 MB for a machine with a GPU: the images of each set, and what is finished of it.
There, in the root of the repository:

    mkdir data; for one in FOLDER/*.images.*.tar; do tar xf $one -C data; done
    for one in FOLDER/*.finished.*.tar; do tar xf $one; done
    export PYTHONPATH=src:benchmarks EMOIR_DEVELOPMENT_DATA=data
    timeout 500 python benchmarks/paper_protocol.py run emotion6 fi_subset --device cuda --jobs 14
    python benchmarks/paper_protocol.py bundle BACK --finished

What lies in BACK is unpacked here, in the folder that ``run`` is started in; the next ``run`` goes on from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import development
from emoir.datasets.splits import make_folds
from emoir.evaluate.provenance import provenance
from emoir.experiment.comparison import judged_by
from emoir.experiment.data import ExperimentData
from emoir.experiment.overfitting import plot_curves
from emoir.experiment.protocol import FOLD_SEED, RESTART_SEED, RESTARTS, is_stuck, run_row
from emoir.experiment.protocol_tables import may_be_read, protocol_tables
from emoir.experiment.results import RunKey, read_results, write_results
from emoir.experiment.rows import OTHER_SEEDS, ROWS, ProtocolRow
from emoir.experiment.runs import CACHE_SIZE
from emoir.experiment.set_results import TRAINED, SetResults, set_results
from emoir.experiment.timing import row_cost
from emoir.training.loop import use_one_thread
from paper_comparison import RESULTS, claimed, setting

RUNS = Path("runs") / "protocol"
PRETRAINED = RUNS / "label-free"
DECIDING = ("emotion6", "fi_subset")
DESCRIBED = ("abstract_paintings", "oasis", "gaped")
TITLES = {
    "emotion6": "Emotion6",
    "fi_subset": "FI part",
    "abstract_paintings": "abstract paintings",
    "oasis": "OASIS",
    "gaped": "GAPED",
}
DECIDING_ROWS = ("B", "D", "A")
ORDER = (*DECIDING_ROWS, "C", "E", "A×2", "A′", "D′")
TIMED_STEPS = 12
PIECE = 15_000_000


@cache
def data_of(name: str) -> ExperimentData:
    """A set with folds drawn anew; groups and near duplicates stay together, as in the frozen folds."""
    table, _, _ = setting(name)
    folds = make_folds(table, seed=FOLD_SEED, linked=development.near_duplicates())
    return ExperimentData(table=table, folds=folds, cache=RUNS / "cache")


def seeds_of(row: ProtocolRow, name: str) -> int:
    """How often a row is trained on a set."""
    if name in DECIDING:
        return row.seeds
    return 0 if row.settings_from else OTHER_SEEDS


def units(names: Sequence[str], letters: Sequence[str]) -> list[tuple[str, ProtocolRow, int]]:
    """Set, row and fold of everything that is to be done, in the order in which it is."""
    rows = sorted((TRAINED[letter] for letter in letters), key=lambda row: ORDER.index(row.letter))
    found = [(name, row, fold) for name in names for row in rows if seeds_of(row, name) for fold in range(5)]
    # First what the endpoints need, set by set, and after all others the rows with label-free pre-training.
    return sorted(
        found,
        key=lambda one: (one[1].variant.pretrained, one[0] not in DECIDING, one[1].letter not in DECIDING_ROWS),
    )


def run_unit(name: str, row: ProtocolRow, fold: int, device: str) -> None:
    """One row on one fold, with all its seeds."""
    folder, data = RUNS / name, data_of(name)
    if row.variant.pretrained:
        # A′ begins with what ``weights.label_free`` made of A.
        data = replace(data, pretrained=PRETRAINED / row.letter[0])
    finished = read_results([packed_file(name)]) if packed_file(name).exists() else {}
    chosen = run_row(row, data, fold, folder, seeds_of(row, name), finished=finished, device=device)
    print(f"{time.strftime('%H:%M:%S')} {name}: {row.variant.name}, fold {fold}: {chosen}", flush=True)


def packed_file(name: str) -> Path:
    return RESULTS / f"{name}.protocol.npz"


def pack(name: str) -> None:
    """Put what is finished of a set into its committed file."""
    files = sorted((RUNS / name).glob("*.npz"))
    if files:
        kept = [packed_file(name)] if packed_file(name).exists() else []
        write_results(read_results([*kept, *files]), packed_file(name))


def is_finished(name: str, row: ProtocolRow, fold: int) -> bool:
    """Whether the committed file of a set holds all runs of a row on a fold, those that were started again, too."""
    if not packed_file(name).exists():
        return False
    results, table = read_results([packed_file(name)]), data_of(name).table
    for seed in range(seeds_of(row, name)):
        attempts = [RunKey(row.variant.name, fold, seed + again * RESTART_SEED) for again in range(RESTARTS + 1)]
        there = [results[key] for key in attempts if key in results]
        if not there or (is_stuck(there[-1], table) and len(there) < len(attempts)):
            return False
    return True


def run(names: Sequence[str], letters: Sequence[str], device: str) -> None:
    """Do what is missing, less what another process is at."""
    for name, row, fold in units(names, letters):
        if is_finished(name, row, fold):
            continue
        with claimed(RUNS / name / "running" / f"{row.letter}.fold{fold}.lock") as mine:
            if mine:
                run_unit(name, row, fold, device)
                pack(name)


def results_of(name: str) -> SetResults:
    """What the committed file of a set holds; the images need not be there, their labels do."""
    data = data_of(name)
    results = read_results([packed_file(name)]) if packed_file(name).exists() else {}
    seeds = {letter: seeds_of(row, name) for letter, row in TRAINED.items() if seeds_of(row, name)}
    return set_results(TITLES[name], data.table, data.folds, results, seeds)


def show() -> None:
    """Print all tables, and draw the curves of the sets that may be read."""
    deciding, described = ([results_of(name) for name in names] for names in (DECIDING, DESCRIBED))
    print(protocol_tables(deciding, described))
    for name, one in zip((*DECIDING, *DESCRIBED), (*deciding, *described), strict=True):
        if one.has("A", "D") and (name not in DECIDING or may_be_read(one)):
            curves = {row.variant.name: row.curve for row in one.rows.values() if row.curves}
            plot_curves(curves, *judged_by(data_of(name).table), one.title, RESULTS / f"{name}.protocol.png")
    print(provenance("committed results of the protocol", f"5 folds of seed {FOLD_SEED}"))


def cost(names: Sequence[str]) -> None:
    """Print what one fold of every row costs, and all of them."""
    print(
        "| set | row | ms per step | one fold, minutes | inner runs of a fold, minutes | all folds and seeds, hours |"
    )
    print("|---|---|---|---|---|---|")
    total = 0.0
    for name in names:
        data = data_of(name)
        for row in ROWS:
            found = row_cost(row, data, steps=TIMED_STEPS)
            hours = data.folds.count * found.fold(seeds_of(row, name)) / 3600
            total += hours
            cells = (name, row.variant.name, f"{found.step * 1e3:.0f}", f"{found.run / 60:.0f}")
            print("| " + " | ".join([*cells, f"{found.inner / 60:.0f}", f"{hours:.1f}"]) + " |", flush=True)
    print(f"\nall of it: {total:.0f} hours of one core at the longest lengths; a chosen shorter length costs less")


def bundle(folder: Path, names: Sequence[str], *, finished_alone: bool) -> None:
    """Write tars of each set's images and labels, and of each set's finished runs, paths as they lie here."""
    for name in names:
        finished = sorted((RUNS / name).rglob("*.npz"))
        write_pieces([(file, file.as_posix()) for file in finished], folder, f"{name}.finished")
        if not finished_alone:
            images = [file for file in sorted((development.ROOT / name).rglob("*")) if file.is_file()]
            shown = [*images, development.ROOT / "near_duplicates.csv"]
            inside = [(file, file.relative_to(development.ROOT).as_posix()) for file in shown]
            write_pieces(inside, folder, f"{name}.images")


def write_pieces(files: Sequence[tuple[Path, str]], folder: Path, stem: str) -> None:
    """Write files under the names given into as many tars as are needed for none to exceed ``PIECE`` bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[list[tuple[Path, str]]] = []
    room = 0
    for file, name in files:
        # A member has a head, and fills whole blocks.
        size = file.stat().st_size + 2_048
        if size > room:
            pieces.append([])
            room = PIECE - 20_480
        pieces[-1].append((file, name))
        room -= size
    for number, piece in enumerate(pieces):
        tarred = folder / f"{stem}.{number}.tar"
        with tarfile.open(tarred, "w") as tar:
            for file, name in piece:
                tar.add(file, arcname=name)
        print(f"{tarred}: {tarred.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "print", "cost", "bundle"))
    parser.add_argument("sets", nargs="*", default=[*DECIDING, *DESCRIBED], help="of bundle, its folder stands first")
    parser.add_argument("--rows", nargs="+", choices=ORDER, default=ORDER[:-2], help="A′ and D′ if they are asked for")
    parser.add_argument("--device", default="cpu", help="that torch trains on")
    parser.add_argument("--jobs", type=int, default=1, help="processes at work at once")
    parser.add_argument("--finished", action="store_true", help="bundle no images")
    arguments = parser.parse_args()
    use_one_thread()
    if arguments.what == "cost":
        cost([name for name in arguments.sets if name in DECIDING])
    elif arguments.what == "print":
        show()
    elif arguments.what == "bundle":
        folder, *names = arguments.sets
        bundle(Path(folder), names or DECIDING, finished_alone=arguments.finished)
    elif arguments.jobs == 1:
        run(arguments.sets, arguments.rows, arguments.device)
    else:
        words = [*arguments.sets, "--rows", *arguments.rows, "--device", arguments.device]
        for name in arguments.sets:
            # What all processes read is made once.
            data = data_of(name)
            data.statistics(TRAINED["D"].variant)
            data.pixels(CACHE_SIZE)
        jobs = [subprocess.Popen([sys.executable, __file__, "run", *words]) for _ in range(arguments.jobs)]
        failed = sum(job.wait() != 0 for job in jobs)
        for name in arguments.sets:
            pack(name)
        sys.exit(f"{failed} of {arguments.jobs} processes failed" if failed else 0)


if __name__ == "__main__":
    main()
