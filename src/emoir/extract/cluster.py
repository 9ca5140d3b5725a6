"""RayExtractor: many files through the worker processes of a Ray cluster, none lost with a worker or a machine."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from emoir.errors import EmoirError, ModelError
from emoir.extract.base import Extraction, Failure, ModelFault
from emoir.extract.local import LocalExtractor
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason
from emoir.models.card import CARD
from emoir.models.model import ModelFolder

# The address of a cluster that is started for this run, on this machine alone.
LOCAL = "local"
# Files that travel together, and how many such parcels a reader holds: enough to keep it busy.
PARCEL, AHEAD = 16, 2
# A parcel whose reader died so often is given up: something about it, or about the cluster, kills readers.
MAX_ATTEMPTS = 5
CONNECT_SECONDS = 3.0
# What all parcels and the model take on a machine's shared memory; Ray wants at least 75 MiB.
OBJECT_BYTES = 128 * 2**20

Answers = list[tuple[bytes, Extraction | Failure]]


class Reader:
    """What runs on the cluster: a worker process of ``LocalExtractor``, with its limits, for a model sent as bytes.

    Args:
        limits: what one file may cost.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._extractor: LocalExtractor | None = None

    def read(self, files: Mapping[str, bytes], paths: list[bytes]) -> Answers | ModelFault:
        """Every path with its answer, or what is wrong with the model, whose files come by name."""
        if self._extractor is None:
            self._folder = tempfile.TemporaryDirectory(prefix="emoir-model-")
            for name, content in files.items():
                path = Path(self._folder.name) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            self._extractor = LocalExtractor(Path(self._folder.name), workers=1, limits=self._limits)
        try:
            return list(self._extractor.extract(paths))
        except ModelError as error:
            return ModelFault(str(error))


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Files for a reader; none: a question whether it runs."""

    slot: int
    paths: list[bytes]
    attempt: int = 0


class RayExtractor:
    """Reads files on a Ray cluster; use it as a context manager. Every machine must see the files under their paths.

    Files travel in parcels. A parcel whose reader died, with its process or with its machine, is read again as a whole:
    no answer of it had arrived, so none is given twice.

    Args:
        model: folder of the model; it is sent to the cluster.
        address: of the cluster, ``HOST:PORT`` or ``auto``; ``local`` starts one on this machine for the run.
        workers: readers; default: one per core of the cluster.
        limits: what one file may cost.
    """

    def __init__(
        self,
        model: Path,
        *,
        address: str = LOCAL,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        # Ray reports its use to its makers unless this is set before it is imported.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray
        except ImportError:
            raise EmoirError("the package ray is missing; install it with: pip install ray") from None
        self._ray = ray
        self._model, self._address, self._count, self._limits = model, address, workers, limits
        self._readers: list[Any] = []
        self._reached = False

    def __enter__(self) -> RayExtractor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for reader in self._readers:
            self._ray.kill(reader)
        self._readers.clear()
        if self._reached:
            self._ray.shutdown()

    def extract(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Extraction | Failure]]:
        """Extract files as they come, in any order.

        Args:
            paths: is drawn from only as fast as the cluster reads.

        Yields:
            Every path once, with its extraction or its failure.

        Raises:
            ModelError: if the model cannot be loaded or gives impossible answers.
            EmoirError: if the cluster cannot be reached.
        """
        source = iter(paths)
        running: dict[Any, _Parcel] = {}
        again: list[_Parcel] = []
        while True:
            self._fill(running, again, source)
            if not running:
                return
            [done], _ = self._ray.wait(list(running), num_returns=1)
            parcel = running.pop(done)
            try:
                outcomes: Answers | ModelFault = self._ray.get(done)
            except self._ray.exceptions.RayTaskError as error:
                raise EmoirError(f"a reader on the cluster cannot work: {error.cause}") from error
            except self._ray.exceptions.RayError as error:
                # The reader answers an empty parcel when it, or another in its place, is running again.
                running[self._readers[parcel.slot].read.remote(self._files, [])] = _Parcel(parcel.slot, [])
                if parcel.attempt < MAX_ATTEMPTS:
                    again.append(parcel)
                    continue
                cause = f"its reader on the cluster died {MAX_ATTEMPTS} times ({type(error).__name__})"
                outcomes = [(path, Failure(cause, RetryReason.ENVIRONMENT)) for path in parcel.paths]
            if isinstance(outcomes, ModelFault):
                raise ModelError(outcomes.cause)
            yield from outcomes

    def _fill(self, running: dict[Any, _Parcel], again: list[_Parcel], source: Iterator[bytes]) -> None:
        """Give every reader its share; the cluster is reached only when there is a file for it."""
        busy = Counter[int]()
        for parcel in running.values():
            # A reader that is being started again gets nothing: others may do its work.
            busy[parcel.slot] += 1 if parcel.paths else AHEAD
        while not self._readers or min(busy[slot] for slot in range(len(self._readers))) < AHEAD:
            old = again.pop(0) if again else _Parcel(0, list(islice(source, PARCEL)))
            if not old.paths:
                return
            if not self._readers:
                self._start()
            slot = min(range(len(self._readers)), key=lambda slot: busy[slot])
            # Ray would try again at once, and use up all attempts before another machine is there.
            once = self._readers[slot].read.options(max_task_retries=0)
            running[once.remote(self._files, old.paths)] = _Parcel(slot, old.paths, old.attempt + 1)
            busy[slot] += 1

    def _start(self) -> None:
        ray = self._ray
        options: dict[str, Any] = {"address": self._address}
        if self._address == LOCAL:
            # The readers must find what this process has found, however it came to be importable.
            places = os.pathsep.join(path for path in sys.path if path)
            options |= {
                "num_cpus": self._count,
                "include_dashboard": False,
                "object_store_memory": OBJECT_BYTES,
                "runtime_env": {"env_vars": {"PYTHONPATH": places}},
            }
        host, _, port = self._address.rpartition(":")
        try:
            if host and port.isdecimal():
                # Ray retries for minutes where no cluster listens.
                socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
            ray.init(log_to_driver=False, logging_level="ERROR", **options)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise EmoirError(
                f"no Ray cluster at {self._address} ({' '.join(str(error).split())}); start one with: ray start --head"
            ) from error
        self._reached = True
        folder = ModelFolder(self._model)
        names = [CARD, *(graph.file for graph in folder.card.graphs)]
        self._files = ray.put({name: (folder.folder / name).read_bytes() for name in names})
        count = self._count or max(1, int(ray.cluster_resources().get("CPU", 1)))
        reader = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(Reader)
        self._readers = [reader.remote(self._limits) for _ in range(count)]
