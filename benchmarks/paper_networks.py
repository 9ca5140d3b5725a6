"""The protocol's networks for images that nobody has read: keep B and D, train A again, read a set with all three.

    PYTHONPATH=benchmarks python benchmarks/paper_networks.py keep [SET …]
    PYTHONPATH=benchmarks python benchmarks/paper_networks.py train-a [SET …]
    PYTHONPATH=benchmarks python benchmarks/paper_networks.py read SET DATA [--label COLUMN]

``keep`` trains B and D of seed 0 on all images of a deciding set, each with the setting that its folds chose most
often, and writes half floats to benchmarks/weights/paper. ``train-a`` does the same with A, which is too large to be
kept, into runs/protocol. ``read`` takes a folder per class, or a table of labels beside its images, and prints what
each network makes of them, with the differences. DATA must have the classes of the set.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file
from scipy.special import softmax

from emoir.datasets import Table, read_dataset
from emoir.datasets.splits import image_digests
from emoir.errors import DatasetError
from emoir.evaluate.compute import compute_metrics
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import MetricResult, difference
from emoir.experiment.comparison import COLUMNS
from emoir.experiment.data import ExperimentData, with_classes
from emoir.experiment.protocol import settings_of
from emoir.experiment.results import Results, RunKey, read_results
from emoir.experiment.rows import ProtocolRow
from emoir.experiment.runs import FoldRun, train
from emoir.experiment.set_results import TRAINED
from emoir.experiment.statistics import cached_statistics
from emoir.experiment.variants import SIZE, ExperimentProtocol, run_length
from emoir.files import atomic_write
from emoir.networks import AlexNet, EmotionNet, Network, NetworkConfig
from emoir.training.cache import cached_pixels
from emoir.training.inputs import Inputs
from emoir.training.loop import use_one_thread
from emoir.training.predict import predict
from paper_protocol import DECIDING, RUNS, data_of, packed_file

KEPT = Path(__file__).resolve().parent / "weights" / "paper"
TRAINED_AGAIN = RUNS / "networks"
SEED = 0


@dataclass(frozen=True, slots=True)
class KeptNetwork:
    """A network with the classes that it names.

    Args:
        network: in evaluation mode.
        classes: of its only head, in order.
    """

    network: Network
    classes: tuple[str, ...]


def file_of(name: str, letter: str) -> Path:
    """Where the weights of a row lie."""
    return (TRAINED_AGAIN if letter == "A" else KEPT) / f"{name}.{letter}.safetensors"


def most_chosen(row: ProtocolRow, results: Results, folds: int, images: int) -> ExperimentProtocol:
    """The setting of a row whose every value the folds chose most often; of equals the first named.

    Args:
        row: of the protocol.
        results: of all folds with seed 0.
        folds: their number.
        images: that a fold's inner runs learnt from.
    """
    batch, longest = run_length(images)
    chosen = ExperimentProtocol(batch=batch)
    conditions = [results[RunKey(row.variant.name, fold, SEED)].conditions for fold in range(folds)]
    for name, values in settings_of(row, longest):
        counts = Counter(one[name] for one in conditions)
        best = max(counts, key=lambda value: (counts[value], -[*values, value].index(value)))
        chosen = replace(chosen, **{name: best})  # type: ignore[arg-type]
    return chosen


def train_on_all(row: ProtocolRow, data: ExperimentData, protocol: ExperimentProtocol, file: Path) -> None:
    """Train a row on all images of a set and write half floats; a stopped call goes on.

    Args:
        row: of the protocol.
        data: the set.
        protocol: the row's setting.
        file: the safetensors; its metadata hold network and classes.
    """
    rows = np.arange(len(data.table))
    network = train(FoldRun(row.variant, 0, SEED), data, protocol, TRAINED_AGAIN / f"{file.stem}.running", rows=rows)
    halves = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    classes = data.table.class_names[next(iter(data.table.classes))]
    metadata = {"network": json.dumps(asdict(network.config)), "classes": json.dumps(classes)}
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as partial:
        save_file(halves, partial, metadata=metadata)
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB; {protocol}", flush=True)


def load(file: Path, *, is_alexnet: bool) -> KeptNetwork:
    """A network as ``train_on_all`` wrote it."""
    with safe_open(file, framework="pt") as stored:
        metadata = stored.metadata()
        weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    config = NetworkConfig.from_dict(json.loads(metadata["network"]))
    network = AlexNet(config) if is_alexnet else EmotionNet(config)
    own = network.state_dict()
    network.load_state_dict({name: weights[name].to(own[name].dtype) for name in own})
    return KeptNetwork(network.eval(), tuple(json.loads(metadata["classes"])))


def read(kept: KeptNetwork, table: Table, cache: Path) -> dict[str, MetricResult]:
    """What a network makes of a set: column to metric.

    Args:
        kept: the network.
        table: with classes, in its first space.
        cache: folder for decoded pixels.

    Raises:
        DatasetError: if the classes are others.
    """
    space = next(iter(table.classes))
    names = [name.casefold() for name in table.class_names[space]]
    if sorted(names) != sorted(name.casefold() for name in kept.classes):
        raise DatasetError(f"{table.name} has the classes {', '.join(names)}, not {', '.join(kept.classes)}")
    order = [[name.casefold() for name in kept.classes].index(name) for name in names]
    numbers = cached_statistics(table.paths, SIZE, cache) if kept.network.config.statistics else None
    outputs = predict(kept.network, Inputs(cached_pixels(table.paths, SIZE, cache), numbers))
    head = next(iter(kept.network.config.weak))
    readings = OutOfFold(
        digests=image_digests(table.paths),
        folds=np.zeros(len(table), dtype=np.int64),
        probabilities={space: softmax(outputs[head][:, order], axis=1)},
    )
    wanted = [metric for metric in METRICS if metric.name in {name for name, _ in COLUMNS}]
    measured = compute_metrics(table, readings, wanted)
    return {COLUMNS[metric.key[1:]]: metric for metric in measured if metric.key[1:] in COLUMNS}


def print_readings(name: str, table: Table) -> None:
    """Print what A, B and D make of a set, and D minus each other."""
    rows = {
        letter: read(load(file_of(name, letter), is_alexnet=letter == "A"), table, RUNS / "cache") for letter in "ABD"
    }
    columns = list(rows["D"])
    print("\n| network | " + " | ".join(columns) + " |\n|" + "---|" * (1 + len(columns)))
    for letter, found in rows.items():
        print(f"| {TRAINED[letter].variant.name} | " + " | ".join(str(found[column]) for column in columns) + " |")
    for letter in "BA":
        gaps = [difference(rows["D"][column], rows[letter][column]) for column in columns]
        print(f"| D − {letter} | " + " | ".join(map(str, gaps)) + " |")
    print(f"\n{provenance(f'{table.name}, {len(table)} images', f'networks of {name}, seed {SEED}')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("keep", "train-a", "read"))
    parser.add_argument("names", nargs="*", default=[*DECIDING], metavar="SET")
    parser.add_argument("--label", help="column of the table that holds the class")
    arguments = parser.parse_args()
    use_one_thread()
    if arguments.what == "read":
        name, data = arguments.names
        print_readings(name, with_classes(read_dataset(Path(data), label=arguments.label)))
        return
    for name in arguments.names:
        data, results = data_of(name), read_results([packed_file(name)])
        images = len(data.folds.training_rows(0)) * 4 // 5
        for letter in "A" if arguments.what == "train-a" else "BD":
            if not file_of(name, letter).exists():
                row = TRAINED[letter]
                protocol = most_chosen(row, results, data.folds.count, images)
                train_on_all(row, data, protocol, file_of(name, letter))


if __name__ == "__main__":
    main()
