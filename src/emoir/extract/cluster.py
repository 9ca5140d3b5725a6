"""RayExtractor: many files through the worker processes of a Ray cluster, none lost with a worker or a machine."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
# A file that was alone with its reader so often when this died is given up: it seems to kill readers.
MAX_ATTEMPTS = 5
CONNECT_SECONDS, CLEAN_SECONDS = 3.0, 5.0
# What all parcels and the model take on a machine's shared memory; Ray wants at least 75 MiB.
OBJECT_BYTES = 128 * 2**20

Answers = list[tuple[bytes, Extraction | Failure]]


class Reader:
    """What runs on the cluster: a worker process of ``LocalExtractor``, with its limits, for a model sent as bytes.

    Args:
        limits: what one file may cost.
        name: of the model's folder, which the readers of a machine share; one that takes a dead one's place finds it.
    """

    def __init__(self, limits: Limits, name: str) -> None:
        self._limits, self._folder = limits, Path(tempfile.gettempdir()) / name
        self._extractor: LocalExtractor | None = None

    def read(self, files: Mapping[str, bytes], paths: list[bytes]) -> Answers | ModelFault:
        """Every path with its answer, or what is wrong with the model, whose files come by name."""
        if self._extractor is None:
            self._unpack(files)
            self._extractor = LocalExtractor(self._folder, workers=1, limits=self._limits)
        try:
            # No path: a question whether it can read. The folder is no image, but only a loaded model can say so.
            return list(self._extractor.extract(paths or [os.fsencode(self._folder)]))
        except ModelError as error:
            return ModelFault(str(error))

    def _unpack(self, files: Mapping[str, bytes]) -> None:
        if self._folder.exists():
            return
        unpacked = Path(tempfile.mkdtemp(prefix=self._folder.name))
        for name, content in files.items():
            path = unpacked / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # Another reader may have been faster; its folder is not empty, so that this fails.
        with suppress(OSError):
            unpacked.rename(self._folder)

    def clean_up(self) -> None:
        """Delete the model's folder on this machine, and what readers that died left of it."""
        for folder in self._folder.parent.glob(f"{self._folder.name}*"):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files for a reader; none: a question whether it can read.

    Args:
        slot: number of the reader that has it.
        paths: of the files.
        deaths: how often a reader died over it.
    """

    slot: int
    paths: list[bytes]
    deaths: int = 0


def after_death(parcels: Sequence[Parcel]) -> tuple[list[Parcel], list[bytes]]:
    """What becomes of the parcels of a reader that died: those to read again, and files to give up.

    A reader works on its first parcel: nothing speaks against the files of the others. Those of the first go on alone,
    for one of them may be to blame.

    Args:
        parcels: in the order in which the reader got them.

    Example:
        >>> after_death([Parcel(0, [b"a", b"b"]), Parcel(0, [b"c", b"d"])])[0] == [
        ...     Parcel(0, [b"c", b"d"]), Parcel(0, [b"a"]), Parcel(0, [b"b"])
        ... ]
        True
        >>> after_death([Parcel(0, [b"a"], deaths=4)])
        ([], [b'a'])
    """
    first, *others = parcels
    if len(first.paths) > 1:
        return [*others, *(Parcel(first.slot, [path]) for path in first.paths)], []
    deaths = first.deaths + 1
    return (others, first.paths) if deaths == MAX_ATTEMPTS else ([*others, replace(first, deaths=deaths)], [])


class RayExtractor:
    """Reads files on a Ray cluster; use it as a context manager. Every machine must see the files under their paths.

    Files travel in parcels. Those of a reader that died, with its process or with its machine, are read again: no
    answer of them had arrived, so none is given twice. This goes on for as long as readers come back.

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
        if self._readers:
            cleaned = [reader.clean_up.remote() for reader in self._readers]
            self._ray.wait(cleaned, num_returns=len(cleaned), timeout=CLEAN_SECONDS)
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
        running: dict[Any, Parcel] = {}
        again: deque[Parcel] = deque()
        while True:
            self._fill(running, again, source)
            if not running:
                return
            [done], _ = self._ray.wait(list(running), num_returns=1)
            parcel = running[done]
            try:
                outcomes: Answers | ModelFault = self._ray.get(done)
            except self._ray.exceptions.RayTaskError as error:
                raise EmoirError(f"a reader on the cluster cannot work: {error.cause}") from error
            except self._ray.exceptions.RayError as error:
                if not parcel.paths:
                    cause = str(error).strip().splitlines()[-1]
                    raise EmoirError(f"a reader on the cluster cannot work: {cause}") from error
                yield from self._replace(parcel.slot, running, again)
                continue
            del running[done]
            if isinstance(outcomes, ModelFault):
                raise ModelError(outcomes.cause)
            if parcel.paths:
                yield from outcomes

    def _replace(self, slot: int, running: dict[Any, Parcel], again: deque[Parcel]) -> Iterator[tuple[bytes, Failure]]:
        """Hand the parcels of a dead reader out again; gives the files that seem to kill readers."""
        lost = {key: parcel for key, parcel in running.items() if parcel.slot == slot}
        for key in lost:
            # Should its answer come after all, nobody waits for it.
            del running[key]
        # The reader answers this when it, or another in its place, is running again.
        running[self._readers[slot].read.remote(self._files, [])] = Parcel(slot, [])
        parcels, given_up = after_death(list(lost.values()))
        again.extend(parcels)
        cause = f"its reader on the cluster died over it {MAX_ATTEMPTS} times"
        return ((path, Failure(cause, RetryReason.ENVIRONMENT)) for path in given_up)

    def _fill(self, running: dict[Any, Parcel], again: deque[Parcel], source: Iterator[bytes]) -> None:
        """Give every reader its share; the cluster is reached only when there is a file for it."""
        busy = Counter[int]()
        for parcel in running.values():
            # A reader that is being started again gets nothing: others may do its work.
            busy[parcel.slot] += 1 if parcel.paths else AHEAD
        while not self._readers or min(busy[slot] for slot in range(len(self._readers))) < AHEAD:
            parcel = again.popleft() if again else Parcel(0, list(islice(source, PARCEL)))
            if not parcel.paths:
                return
            if not self._readers:
                self._start()
            slot = min(range(len(self._readers)), key=lambda slot: busy[slot])
            # Ray would try again at once, by a reader that may not be there yet.
            once = self._readers[slot].read.options(max_task_retries=0)
            running[once.remote(self._files, parcel.paths)] = replace(parcel, slot=slot)
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
        name = f"emoir-model-{uuid.uuid4().hex}"
        self._readers = [reader.remote(self._limits, name) for _ in range(count)]
