"""Ratios of times within one run, and the table that they are printed in."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table.

    Args:
        name: what is divided by what.
        value: the ratio of the medians.
        must, aim: what it is to reach, in words; empty where nothing was asked.
        first, second: both medians, with their unit.
    """

    name: str
    value: float
    must: str
    aim: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"| {self.name} | {self.value:.2f} | {self.must} | {self.aim} | {self.first} ÷ {self.second} |"


HEADER = "| ratio | measured | must | aim | medians |\n|---|---|---|---|---|"


def time_ratio(
    name: str,
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    repeats: int,
    must: str = "",
    aim: str = "",
    prepare: Callable[[], object] = lambda: None,
) -> Ratio:
    """The time of one thing divided by that of another, taken in turns so that both see the same machine.

    Args:
        name: of the line.
        first, second: what is timed.
        repeats: of each; the medians are divided.
        must, aim: of the line.
        prepare: is called before each, untimed.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, taken in zip((first, second), times, strict=True):
            prepare()
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    one, other = (statistics.median(taken) for taken in times)
    return Ratio(name, one / other, must, aim, milliseconds(one), milliseconds(other))


def milliseconds(seconds: float) -> str:
    """A time in words."""
    return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds * 1e3:.1f} ms"


def python(*arguments: str | Path) -> Callable[[], object]:
    """A new Python process with these arguments, its bytecode cached as on a user's machine."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)


def together(commands: Sequence[Sequence[str | Path]]) -> list[float]:
    """Start Python programs that say ``ready``, let all of them go at once, and read the number each prints."""
    processes = [
        subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    answers = []
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            sys.exit(f"{process.args!r} did not start")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(float(process.communicate()[0]))
    return answers
