"""LocalExtractor: many files through several worker processes, none lost to a crash."""

from __future__ import annotations

import os
import pickle
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TypeAlias

from emoir.errors import EmoirError, ModelError
from emoir.extract.base import READY, Extraction, Failure, ModelFault
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason

# Files handed to a worker ahead of its answers: enough to keep it busy, few enough to hand out again.
PREFETCH = 4
# A file during which a worker dies is tried once more, in case it only stood near the accident; so is the start
# of a worker.
MAX_ATTEMPTS = 2
# A worker ends by this signal when a file takes more computing time than the limit allows.
CPU_LIMIT_EXIT = -getattr(signal, "SIGPROF", 0) or None
# How many times its limit of computing time a file may take by the clock: other programs, slow disks and stopped
# processes are not its fault.
PATIENCE = 5.0
# A worker that has not loaded the model after this many seconds never will.
STARTING_SECONDS = 120.0

Message: TypeAlias = "Extraction | Failure | ModelFault | tuple[str] | None"


@dataclass(eq=False, kw_only=True)
class _Worker:
    """A process, the files it has been given and not answered, and since when it has worked on the first."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    since: float
    ready: bool = False
    overdue: bool = False
    pending: deque[bytes] = field(default_factory=deque)


class LocalExtractor:
    """Worker processes that extract files; use it as a context manager.

    Args:
        model: folder of the model.
        workers: processes; default: one per core.
        limits: what one file may cost.

    Example:
        >>> import tempfile
        >>> from emoir.models.library import shipped_model_folder
        >>> with LocalExtractor(shipped_model_folder(), workers=1) as pool:
        ...     [answer.cause for _, answer in pool.extract([b"/no/such/file.jpg"])]
        ['cannot be read: No such file or directory']
    """

    def __init__(
        self,
        model: Path,
        *,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        arguments = [str(model), str(limits.max_pixels), str(limits.seconds_per_file)]
        self._command = [sys.executable, "-P", "-m", "emoir.extract.worker", *arguments]
        self._count = workers or os.cpu_count() or 1
        self._limit, self._patience = limits.seconds_per_file, PATIENCE * limits.seconds_per_file
        self._workers: list[_Worker] = []
        self._stillborn = 0
        self._answers: queue.SimpleQueue[tuple[_Worker, Message]] = queue.SimpleQueue()

    def __enter__(self) -> LocalExtractor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.process.kill()
            worker.process.wait()
            _close(worker.requests)
        self._workers.clear()

    def extract(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Extraction | Failure]]:
        """Extract files as they come, answers in any order.

        Args:
            paths: is drawn from only as fast as the workers go.

        Yields:
            Every path once, with its extraction or its failure.

        Raises:
            ModelError: if the model cannot be loaded or gives impossible answers.
            EmoirError: if a worker ends before it is ready.
        """
        source = iter(paths)
        again: deque[bytes] = deque()
        attempts: dict[bytes, int] = {}
        while True:
            self._fill(source, again)
            if not any(worker.pending for worker in self._workers):
                return
            worker, answer = self._next_answer()
            if answer is not None:
                worker.since = time.monotonic()
                yield worker.pending.popleft(), answer
                continue
            failure = self._reap(worker, again, attempts)
            if failure is not None:
                yield failure

    def _fill(self, source: Iterator[bytes], again: deque[bytes]) -> None:
        """Give every worker its share; a worker is started only when there is a file for it."""
        for slot in range(self._count):
            while slot >= len(self._workers) or len(self._workers[slot].pending) < PREFETCH:
                path = again.popleft() if again else next(source, None)
                if path is None:
                    return
                if slot >= len(self._workers):
                    self._workers.append(self._start())
                worker = self._workers[slot]
                if worker.ready and not worker.pending:
                    worker.since = time.monotonic()
                worker.pending.append(path)
                try:
                    pickle.dump(path, worker.requests)
                    worker.requests.flush()
                except OSError:
                    # It has died; its reader thread reports that in turn.
                    break

    def _next_answer(self) -> tuple[_Worker, Extraction | Failure | None]:
        """The next answer of a living worker; workers over the time limit are killed meanwhile."""
        while True:
            busy = [worker for worker in self._workers if worker.pending]
            deadline = min(worker.since for worker in busy) + self._patience
            try:
                worker, answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                overdue = [worker for worker in busy if time.monotonic() - worker.since >= self._patience]
                if not overdue:
                    continue
                for worker in overdue:
                    worker.overdue = True
                    worker.process.kill()
                # Their reader threads report their end; the others' clocks go on.
                worker, answer = self._answers.get()
            if worker in self._workers and answer == READY:
                worker.ready, worker.since, self._stillborn = True, time.monotonic(), 0
            elif worker in self._workers and not isinstance(answer, tuple):
                if isinstance(answer, ModelFault):
                    raise ModelError(answer.cause)
                return worker, answer

    def _reap(self, worker: _Worker, again: deque[bytes], attempts: dict[bytes, int]) -> tuple[bytes, Failure] | None:
        """Take a dead worker away and hand its files out again; returns a file that is to blame."""
        code = worker.process.wait()
        _close(worker.requests)
        self._workers.remove(worker)
        if not worker.ready:
            self._stillborn += 1
            again.extend(worker.pending)
            if self._stillborn < MAX_ATTEMPTS:
                return None
            raise EmoirError(
                f"a worker process ended with exit code {code} before it could read anything; "
                f"what it says itself: {shlex.join(self._command)}"
            )
        if not worker.pending:
            return None
        culprit = worker.pending.popleft()
        again.extend(worker.pending)
        if code == CPU_LIMIT_EXIT:
            cause = f"took longer than {self._limit:g} seconds; raise the limit with --seconds-per-file"
            return culprit, Failure(cause, RetryReason.SECONDS)
        attempts[culprit] = attempts.get(culprit, 0) + 1
        if attempts[culprit] < MAX_ATTEMPTS:
            again.appendleft(culprit)
            return None
        if worker.overdue:
            cause = (
                f"was not read within {self._patience:g} seconds, {MAX_ATTEMPTS} times: a slow disk, or a process that "
                "was stopped; the next run tries again"
            )
            return culprit, Failure(cause, RetryReason.ENVIRONMENT)
        return culprit, Failure(f"its decoder crashed or ran out of memory {MAX_ATTEMPTS} times (exit code {code})")

    def _start(self) -> _Worker:
        # The worker must find what this process has found, however it came to be importable, and nothing else: with
        # -P, a PIL.py in a folder of photographs is not imported.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        if process.stdin is None or process.stdout is None:
            raise EmoirError("a worker process has no pipes")
        worker = _Worker(process=process, requests=process.stdin, since=time.monotonic() + STARTING_SECONDS)
        threading.Thread(target=self._listen, args=(worker, process.stdout), daemon=True).start()
        return worker

    def _listen(self, worker: _Worker, stream: IO[bytes]) -> None:
        """Pass a worker's answers on; None when it has ended."""
        with stream:
            while True:
                try:
                    answer = pickle.load(stream)
                except (EOFError, OSError, pickle.UnpicklingError):
                    break
                self._answers.put((worker, answer))
        self._answers.put((worker, None))


def _close(stream: IO[bytes]) -> None:
    """Close a pipe whose other end may be gone with unread bytes in between."""
    try:
        stream.close()
    except OSError:
        pass
