"""The losses of label-free pre-training, from the committed logs of its runs.

    cd benchmarks && python -m weights.label_free_losses

``weights.label_free`` wrote ``weights/logs/label-free.A.jsonl`` and that of D, a line after every 500 steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from emoir.evaluate.provenance import provenance

LOGS = Path(__file__).resolve().parent / "logs"
TASKS = {"masked": "statistics of the masked part", "view": "other view among 127 views"}


def losses(lines: Iterable[str]) -> dict[int, dict[str, float]]:
    """Step to the mean loss of each task over the steps before it.

    Example:
        >>> losses(['{"step": 500, "masked": 0.9, "view": 3.0}'])
        {500: {'masked': 0.9, 'view': 3.0}}
    """
    records = [json.loads(line) for line in lines]
    return {record.pop("step"): record for record in records}


def main() -> None:
    found = {row: losses((LOGS / f"label-free.{row}.jsonl").read_text("utf-8").splitlines()) for row in "AD"}
    heads = [f"{words}, {row}′" for words in TASKS.values() for row in found]
    print("| steps | " + " | ".join(heads) + " |\n|" + "---|" * (1 + len(heads)))
    for step in found["A"]:
        cells = [f"{found[row][step][task]:.2f}" for task in TASKS for row in found]
        print(f"| {step:,} | " + " | ".join(cells) + " |")
    print("\n" + provenance("one run of each row, seed 0", "means over the 500 steps before, in training"))


if __name__ == "__main__":
    main()
