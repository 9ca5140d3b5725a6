"""A progress bar on standard error, for work of a known length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the work lasts; none where standard error is no terminal.

    Args:
        title: what is being done.

    Yields:
        A function to call with the number done and the number of all.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield report


def counted(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """The items, counted on such a bar as they come."""
    with progress(title) as report:
        for done, item in enumerate(items, start=1):
            yield item
            report(done, total)
