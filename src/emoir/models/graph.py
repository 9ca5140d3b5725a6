"""Graph: an ONNX graph that was checked when it was loaded, and runs under a time limit."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError
from emoir.files import open_regular
from emoir.models.onnx_file import check_self_contained

# Computing time per image after which a graph is taken for one that never ends.
SECONDS_PER_IMAGE = 30.0
SECONDS_BETWEEN_LOOKS = 0.5
# The runtime computes what is constant in a graph when it is loaded, and no option ends that.
SECONDS_TO_LOAD = 60.0
# No ONNX file can be longer (protobuf).
MAX_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class GraphInput:
    """What a graph takes under one name.

    Args:
        type: of its numbers: ``uint8``, ``float32``, ``int32`` or ``int64``.
        shape: of one image's or phrase's, without the batch.
    """

    type: str
    shape: tuple[int, ...]


class Graph:
    """An ONNX graph; safe to share between threads.

    Args:
        file: one ONNX file.
        inputs: name of each input to what it takes.
        outputs: name of each output to read, and its numbers per image.

    Raises:
        ModelError: if the file cannot be loaded or is not such a graph.
    """

    def __init__(self, file: Path, *, inputs: Mapping[str, GraphInput], outputs: Mapping[str, int]) -> None:
        # Half of emoir's start-up time: commands that read no image do without.
        import onnxruntime

        self.file, self._outputs = file, dict(outputs)
        content = read_graph(file)
        check_self_contained(content, str(file))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # A plan per batch size is kept for good: a quarter of a process's memory, and no time saved.
        options.enable_mem_pattern = False
        try:
            self._session = in_time(
                lambda: onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            )
        except TimeoutError:
            raise ModelError(f"{file} computed for more than {SECONDS_TO_LOAD:g} seconds while it was loaded") from None
        except Exception as error:  # ONNX Runtime's own exceptions share no base below Exception
            raise ModelError(f"{file} cannot be loaded: {_line(error)}") from error
        self._batch = self._check(inputs)

    def _check(self, inputs: Mapping[str, GraphInput]) -> int | None:
        """Compare what the graph takes and gives with what is wanted; returns its fixed batch, if it has one."""
        ports = {port.name: port for port in self._session.get_inputs()}
        if set(ports) != set(inputs):
            raise ModelError(f"{self.file} takes {', '.join(ports) or 'nothing'}; the card names {', '.join(inputs)}")
        for name, taken in inputs.items():
            wanted = "tensor(float)" if taken.type == "float32" else f"tensor({taken.type})"
            if ports[name].type != wanted:
                raise ModelError(f"{self.file}: {name} is {ports[name].type}; the card says {wanted}")
            self._check_shape(name, ports[name].shape, taken.shape)
        found = {port.name: port for port in self._session.get_outputs()}
        for name, length in self._outputs.items():
            if name not in found:
                raise ModelError(f"{self.file} gives {', '.join(found)}; the card needs {name}")
            if found[name].type != "tensor(float)":
                raise ModelError(f"{self.file}: {name} is {found[name].type}; tensor(float) is needed")
            self._check_shape(name, found[name].shape, (length,))
        batches = [port.shape[0] for port in ports.values()]
        return next((batch for batch in batches if isinstance(batch, int) and batch > 0), None)

    def _check_shape(self, name: str, found: list[Any], wanted: tuple[int, ...]) -> None:
        fixed = [isinstance(side, int) and side > 0 for side in found[1:]]
        if len(found) != len(wanted) + 1 or any(
            known and side != want for known, side, want in zip(fixed, found[1:], wanted, strict=True)
        ):
            raise ModelError(f"{self.file}: {name} is {tuple(found)}; the card says {('n', *wanted)}")

    def run(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for a batch of inputs by name, each (n, length) float32.

        Raises:
            ModelError: if the graph fails, never ends, or gives other shapes than it should.
        """
        if self._batch is not None:
            count = len(next(iter(values.values())))
            if count % self._batch:
                raise ModelError(f"{self.file} takes {self._batch} at a time; export it with a free batch")
            places = [slice(at, at + self._batch) for at in range(0, count, self._batch)]
            parts = [self._run({name: given[place] for name, given in values.items()}) for place in places]
            return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}
        return self._run(values)

    def _run(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        import onnxruntime

        count = len(next(iter(values.values())))
        options, limit = onnxruntime.RunOptions(), SECONDS_PER_IMAGE * count
        try:
            with _WATCH.limit(options, limit):
                answers = self._session.run(list(self._outputs), dict(values), options)
        except Exception as error:  # as above
            if options.terminate:
                raise ModelError(f"{self.file} computed for more than {limit:g} seconds and was stopped") from error
            if "alloc" in str(error):
                raise MemoryError(_line(error)) from error
            raise ModelError(f"{self.file} cannot be run: {_line(error)}") from error
        for (name, length), answer in zip(self._outputs.items(), answers, strict=True):
            if answer.shape != (count, length):
                raise ModelError(f"{self.file}: {name} is {answer.shape}, not {(count, length)}")
        return dict(zip(self._outputs, answers, strict=True))


def in_time(load: Callable[[], Any]) -> Any:
    """What a function gives.

    Raises:
        TimeoutError: once this process has computed for ``SECONDS_TO_LOAD``. Others: as the function does.
    """
    ended: Future[Any] = Future()

    def work() -> None:
        try:
            ended.set_result(load())
        except BaseException as error:  # for who waits; what a library in Rust panics with is no Exception
            ended.set_exception(error if isinstance(error, Exception) else RuntimeError(str(error)))

    began = time.process_time()
    # Nothing can end it but the end of the process, which does not wait for this kind of thread.
    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            return ended.result(SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            if ended.done():
                raise
            if time.process_time() - began >= SECONDS_TO_LOAD:
                raise TimeoutError(f"it computed for more than {SECONDS_TO_LOAD:g} seconds") from None


class _RunWatch:
    """Ends runs that compute for too long. One thread looks at all of them: a thread per run took 5 % of indexing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[int, tuple[Any, float, float]] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, options: Any, seconds: float) -> Iterator[None]:
        """Terminate a run once this process has computed for so long; time that it stood still does not count."""
        with self._lock:
            self._runs[id(options)] = options, time.process_time(), seconds
            # After a fork there is none.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._runs[id(options)]

    def _look(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            with self._lock:
                if not self._runs:
                    self._thread = None
                    return
                for options, began, seconds in self._runs.values():
                    if time.process_time() - began >= seconds:
                        options.terminate = True


_WATCH = _RunWatch()


def read_graph(file: Path) -> bytes:
    """The content of a graph's file.

    Raises:
        ModelError: if it cannot be read, or is too large.
    """
    try:
        with open_regular(file) as stream:
            if stream.seek(0, os.SEEK_END) > MAX_BYTES:
                raise ModelError(f"{file} is larger than 2 GB, which no ONNX file is")
            stream.seek(0)
            return stream.read()
    except OSError as error:
        raise ModelError(f"{file.parent} is no model folder: {file.name} cannot be read") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
