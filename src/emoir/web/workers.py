"""Workers: processes that do what costs time and memory, within limits."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from concurrent.futures import TimeoutError as JobTimeoutError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from emoir.errors import UndecodableImageError
from emoir.extract.local import CPU_LIMIT_EXIT, PATIENCE
from emoir.limits import Limits
from emoir.web.jobs import run_limited, set_up
from emoir.web.problems import busy

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
# Number of jobs after which a worker is replaced, so that no cache of a library grows for ever.
JOBS = 200
POLL_SECONDS = 0.5
PRELOADED = ["emoir.web.jobs", "onnxruntime"]
# The address of a socket has 108 bytes, and the names below the folder for temporary files take up to 34.
LONGEST_TEMPORARY = 108 - 34


def start_method() -> str:
    """How workers are started.

    A process with threads must not be forked; a server that forks has loaded what all workers need, once for all of
    them. Its socket lies in the folder for temporary files, which may lie too deep for one.
    """
    fits = len(os.fsencode(tempfile.gettempdir())) < LONGEST_TEMPORARY
    return "forkserver" if fits and "forkserver" in get_all_start_methods() else "spawn"


class Workers:
    """A pool of worker processes, started with the first job.

    Args:
        model: folder of the model.
        limits: what one job may cost.
        count: processes.
    """

    def __init__(self, model: Path, limits: Limits, count: int) -> None:
        self._model, self._limits, self._count = model, limits, count
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()
        self._closed = False

    def run(self, job: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do a job of ``emoir.web.jobs`` and wait for its result.

        The limit of time is one of computing; by the clock a job may take several times as long.

        Raises:
            UndecodableImageError: if it took too long, or brought the worker down.
            EmoirError: what the job raises.
            Problem: if the pool was closed meanwhile.
        """
        seconds = self._limits.seconds_per_file
        with self._lock:
            pool = self._started()
            future = pool.schedule(run_limited, args=[job, *args], kwargs=kwargs, timeout=PATIENCE * seconds)
        # A stopped pool forgets what it was asked for.
        while not wait([future], timeout=POLL_SECONDS).done:
            if self._closed:
                raise busy()
        try:
            result: Result = future.result()
        except (CancelledError, BrokenProcessPool):
            raise busy() from None
        except (JobTimeoutError, ProcessExpired, MemoryError) as error:
            if isinstance(error, JobTimeoutError) or getattr(error, "exitcode", 0) == CPU_LIMIT_EXIT:
                raise UndecodableImageError(
                    f"took longer than {seconds:g} seconds; raise the limit with --seconds-per-image",
                ) from None
            raise UndecodableImageError("its decoder crashed or ran out of memory") from None
        return result

    def open(self) -> None:
        """Let jobs start processes again after ``close``: an application may be started more than once."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """End the processes; until ``open``, a request that still waits starts no new ones."""
        with self._lock:
            self._closed = True
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._pool.join()
                self._pool = None

    def _started(self) -> ProcessPool:
        if self._closed:
            raise busy()
        if self._pool is not None and not self._pool.active:
            # A worker that dies before it has taken a job breaks the pool for good.
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool = None
        if self._pool is None:
            context = get_context(start_method())
            context.set_forkserver_preload(PRELOADED)
            self._pool = ProcessPool(
                max_workers=self._count,
                max_tasks=JOBS,
                initializer=set_up,
                initargs=[str(self._model), self._limits],
                context=context,
            )
        return self._pool
