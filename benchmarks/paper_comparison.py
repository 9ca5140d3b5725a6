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
from emoir.experiment.runs import FoldRun, conditions, run_fold
from emoir.experiment.tables import write_report
from emoir.experiment.variants import COLOUR, TEXTURE, ExperimentProtocol, ModelVariant
from emoir.models.card import CARD, WEIGHTS
from emoir.training.loop import use_one_thread
from weights.pretrained import pretrained

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

VARIANTS = (
    ModelVariant(name="original", published=True),
    ModelVariant(name="original + our recipe"),
    ModelVariant(name="ours, RGB", planes=("srgb",)),
    ModelVariant(name="ours, colour", planes=COLOUR),
    ModelVariant(name="ours, texture", planes=("srgb", *TEXTURE)),
    ModelVariant(name="ours, colour + texture", planes=(*COLOUR, *TEXTURE)),
    ModelVariant(name="ours, colour + texture, distilled", planes=(*COLOUR, *TEXTURE), pretrained=True),
)
EVERY_SEED = {"original", "original + our recipe", "ours, RGB", "ours, colour + texture"}
"""Rows that a claim rests on."""
HEADLINES = (
    ("(1) improved minus original, both from scratch", "ours, colour + texture", "original"),
    ("(1) with the original trained by our recipe", "ours, colour + texture", "original + our recipe"),
    ("RGB minus original, both by our recipe", "ours, RGB", "original + our recipe"),
    ("(2) colour + texture minus RGB, same network", "ours, colour + texture", "ours, RGB"),
    ("colour minus RGB", "ours, colour", "ours, RGB"),
    ("texture minus RGB", "ours, texture", "ours, RGB"),
    ("distilled minus from scratch", "ours, colour + texture, distilled", "ours, colour + texture"),
    ("distilled minus original", "ours, colour + texture, distilled", "original"),
    ("distilled minus original by our recipe", "ours, colour + texture, distilled", "original + our recipe"),
)
"""What differences are printed: a title, and the rows whose difference it is."""


def plan_runs(variants: Sequence[ModelVariant], folds: int, seeds: Sequence[int]) -> list[FoldRun]:
    """Everything there is to run: the first seed first, and in it the rows that a claim rests on.

    Args:
        variants: the rows.
        folds: their number.
        seeds: those of EVERY_SEED run with each, others with the first.
    """
    claims_first = sorted(variants, key=lambda variant: not (variant.name in EVERY_SEED or variant.pretrained))
    return [
        FoldRun(variant, fold, seed)
        for number, seed in enumerate(seeds)
        for variant in claims_first
        if number == 0 or variant.name in EVERY_SEED
        for fold in range(folds)
    ]


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


def run(name: str, protocol: ExperimentProtocol, seeds: Sequence[int], rows: Sequence[str]) -> None:
    """Train what is missing of some rows of one setting, less what another process is at, and pack what is done."""
    table, folds, extra = setting(name)
    data = ExperimentData(table=table, folds=folds, extra=extra, pretrained=PRETRAINED, cache=RUNS / "cache")
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    write_pretrained()
    todo = plan_runs([variant for variant in VARIANTS if variant.name in rows], folds.count, seeds)
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


def show(name: str, protocol: ExperimentProtocol, seeds: Sequence[int]) -> None:
    """Print the tables of one setting, and draw its plot, from the rows that are complete."""
    table, folds, extra = setting(name)
    results = packed(name)
    lines = [line for row in VARIANTS if (line := variant_result(row, table, folds, results, seeds)) is not None]
    if not lines:
        print(f"{name}: nothing is complete yet")
        return
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    settings = provenance(str(protocol), f"seeds {', '.join(map(str, seeds))}", "5 frozen folds")
    print(write_report(lines, table, folds, folder, pairs=HEADLINES, notes=settings, extra=extra))
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
        protocol = ExperimentProtocol(batch=batch, epochs=epochs)
        if arguments.what == "run":
            run(name, protocol, range(arguments.seeds), arguments.rows)
        else:
            show(name, protocol, range(arguments.seeds))


if __name__ == "__main__":
    main()
