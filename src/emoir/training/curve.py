"""Learning curve: the log of a run as a picture."""

from __future__ import annotations

import json
from pathlib import Path


def plot_learning_curve(log: Path, file: Path) -> None:
    """Draw losses and measures over the epochs.

    Args:
        log: ``log.jsonl`` of a run.
        file: the PNG to write.
    """
    from matplotlib.figure import Figure

    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    epochs = [record["epoch"] for record in records]
    measures = sorted({name for record in records for name in record.get("measures", {})})
    figure = Figure(figsize=(11 if measures else 6, 4), layout="tight")
    axes = figure.subplots(1, 2 if measures else 1, squeeze=False)
    for head in records[-1]["losses"]:
        axes[0, 0].plot(epochs, [record["losses"].get(head) for record in records], marker=".", label=head)
    axes[0, 0].set(xlabel="epoch", ylabel="training loss")
    axes[0, 0].legend()
    for name in measures:
        axes[0, 1].plot(epochs, [record["measures"].get(name) for record in records], marker=".", label=name)
    if measures:
        axes[0, 1].set(xlabel="epoch")
        axes[0, 1].legend()
    figure.savefig(file, dpi=110)
