"""Watching beside a service, in a process of its own. Only the service needs processes: hence this module."""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import Any

from emoir.cli.index import counts
from emoir.collection import Collection
from emoir.errors import EmoirError
from emoir.watch import watch

# A watch that ends is started again after these seconds, then after twice as many, and so on ...
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
# ... unless it ran for so long.
STEADY_SECONDS = 600.0
_log = logging.getLogger("emoir.watch")


@contextmanager
def watching(index: Path, model: Path | None, set_up_logs: Callable[[], None]) -> Iterator[None]:
    """Watch in a process of its own, for the service has other work; it is started again if it ends.

    Args:
        index: file of the index.
        model: folder of the model that reads images.
        set_up_logs: called in that process first.

    Raises:
        EmoirError: if ``watchfiles`` is missing.
    """
    if importlib.util.find_spec("watchfiles") is None:
        raise EmoirError("watching folders needs watchfiles: pip install watchfiles")
    ended, ends = multiprocessing.Pipe(duplex=False)
    keeper = threading.Thread(target=_keep_watching, args=(ended, (index, model, set_up_logs)))
    keeper.start()
    try:
        yield
    finally:
        ends.close()
        keeper.join()


def _keep_watching(ended: connection.Connection, arguments: tuple[Any, ...]) -> None:
    """Start the process again and again, until the other end of a pipe is closed."""
    pause = FIRST_PAUSE
    while True:
        began = time.monotonic()
        # A process with threads must not be forked.
        process = multiprocessing.get_context("spawn").Process(target=_watch_and_log, args=arguments, daemon=True)
        process.start()
        stop = ended in connection.wait([ended, process.sentinel])
        process.terminate()
        process.join()
        pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else min(2 * pause, LONGEST_PAUSE)
        if stop or connection.wait([ended], timeout=pause):
            return


def _watch_and_log(index: Path, model: Path | None, set_up_logs: Callable[[], None]) -> None:
    """Watch until the parent process ends, however it ends."""
    # Ctrl-C goes to the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_up_logs()
    stop = threading.Event()
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_parent() -> None:
        parent.join()
        stop.set()

    threading.Thread(target=wait_for_parent, daemon=True).start()
    with Collection(index, model=model) as photos:
        try:
            for report in watch(photos, stop=stop):
                if isinstance(report, EmoirError):
                    _log.warning("%s", report)
                    continue
                for folder in report.kept:
                    _log.warning("%s is missing or empty; its images are kept", folder)
                _log.info("%s", counts(report))
        except EmoirError as error:
            _log.error("%s", error)
