"""MilvusEngine: rows in one collection of a Milvus server."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EngineAwayError, EngineError
from emoir.index.vectors.engine import RowBatch

if TYPE_CHECKING:
    import pymilvus

URL = re.compile(r"milvus://([^/:]+):(\d+)/([A-Za-z_][A-Za-z0-9_]*)")
# A server that is there takes a connection sooner, and answers sooner.
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 60.0
MESSAGE_LENGTH = 200
COUNT = "count(*)"
# The state is kept in a row of its own, which no condition lets pass.
STATE_ID, STATE = -1, "state"
# Reads see all that this process wrote; they wait for it only where it is not there yet.
CONSISTENCY = "Session"


class MilvusEngine:
    """See ``Engine``.

    Args:
        url: ``milvus://HOST:PORT/NAME``, NAME of the collection.

    Raises:
        EngineError: if the address is malformed, or pymilvus is not installed.
    """

    max_k = 16_384

    def __init__(self, url: str) -> None:
        address = URL.fullmatch(url)
        if address is None:
            raise EngineError(f"{url} is no engine; write milvus://HOST:PORT/NAME, NAME of letters, digits and _")
        try:
            import pymilvus
        except ImportError:
            raise EngineError(
                f"{url}: the package pymilvus is missing; install it with: pip install pymilvus"
            ) from None
        self.url, self._host, self._port, self._name = url, address[1], int(address[2]), address[3]
        # Its errors are raised as ours, in one line.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        self._milvus = pymilvus
        self._length = 0
        self._fields: tuple[str, ...] = ()
        self._client: pymilvus.MilvusClient | None = None

    def __str__(self) -> str:
        return self.url

    @contextmanager
    def _connected(self) -> Iterator[pymilvus.MilvusClient]:
        """The client, with our errors."""
        try:
            # pymilvus retries for minutes where no server listens.
            socket.create_connection((self._host, self._port), CONNECT_SECONDS).close()
            if self._client is None:
                self._client = self._milvus.MilvusClient(f"http://{self._host}:{self._port}", timeout=ANSWER_SECONDS)
            yield self._client
        except (OSError, self._milvus.MilvusException) as error:
            self._client = None
            cause = " ".join(str(error).split())[:MESSAGE_LENGTH]
            raise EngineAwayError(
                f"{self.url} does not answer ({cause})", chinese=f"搜索引擎 {self.url} 没有回应（{cause}）"
            ) from error

    def open(self, length: int, fields: Sequence[str]) -> str | None:
        """Connect; make the collection if there is none."""
        with self._connected() as client:
            if not client.has_collection(self._name):
                self._make(client, length, fields)
            client.load_collection(self._name)
            self._length, self._fields = length, tuple(fields)
            # Another process may have written: these reads wait for all that the server has taken.
            rows = self._query(f"id == {STATE_ID}", [STATE], consistency_level="Strong")
            if not rows and self._query("id >= 0", [COUNT], consistency_level="Strong")[0][COUNT]:
                raise EngineError(f"{self.url} holds rows that emoir did not put there; choose another NAME")
            return str(rows[0][STATE]) if rows else None

    def _make(self, client: pymilvus.MilvusClient, length: int, fields: Sequence[str]) -> None:
        kind = self._milvus.DataType
        # The dynamic field takes the state.
        schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
        schema.add_field("id", kind.INT64, is_primary=True)
        schema.add_field("vector", kind.FLOAT_VECTOR, dim=length)
        for field in fields:
            schema.add_field(field, kind.DOUBLE)
        index = client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="IP")
        client.create_collection(self._name, schema=schema, index_params=index, consistency_level=CONSISTENCY)

    def write_state(self, state: str) -> None:
        """Remember a text beside the rows; as this process wrote last, its reads see all that is there by now."""
        row = {"id": STATE_ID, "vector": np.zeros(self._length, np.float32), STATE: state}
        with self._connected() as client:
            client.upsert(self._name, [row | dict.fromkeys(self._fields, 0.0)], timeout=ANSWER_SECONDS)

    def put(self, batch: RowBatch) -> None:
        """Write images in place of those with the same ids."""
        numbers = [values.tolist() for values in batch.numbers.values()]
        rows = [
            {"id": id, "vector": row, **dict(zip(batch.numbers, values, strict=True))}
            for id, row, *values in zip(batch.ids.tolist(), batch.rows, *numbers, strict=True)
        ]
        if rows:
            with self._connected() as client:
                client.upsert(self._name, rows, timeout=ANSWER_SECONDS)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget images; some may be gone already."""
        if len(ids):
            with self._connected() as client:
                client.delete(self._name, ids=ids.tolist(), timeout=ANSWER_SECONDS)

    def drop(self) -> None:
        """Forget the whole collection."""
        with self._connected() as client:
            client.drop_collection(self._name)

    def count(self, condition: str) -> int:
        """How many images there are."""
        return int(self._query(condition, [COUNT])[0][COUNT])

    def ids(self, condition: str) -> NDArray[np.int64]:
        """Those images, in any order."""
        return np.array([row["id"] for row in self._query(condition, ["id"])], np.int64)

    def nearest(
        self, vectors: NDArray[np.float32], condition: str, k: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """For each vector the ``k`` images of the largest ``row @ vector``, best first, and these products."""
        with self._connected() as client:
            answers = client.search(
                self._name, list(vectors), condition, k, consistency_level=CONSISTENCY, timeout=ANSWER_SECONDS
            )
        return [
            (
                np.array([hit["id"] for hit in hits], np.int64),
                np.array([hit["distance"] for hit in hits], np.float32),
            )
            for hits in answers
        ]

    def batch(self, ids: NDArray[np.int64]) -> RowBatch:
        """What was put for those of the images that are there, by id."""
        wanted = ["vector", *self._fields]
        found = sorted(self._query(f"id in {ids.tolist()}", wanted), key=lambda row: row["id"]) if len(ids) else []
        rows = np.array([row["vector"] for row in found], np.float32).reshape(len(found), self._length)
        numbers = {field: np.array([row[field] for row in found], np.float64) for field in self._fields}
        return RowBatch(np.array([row["id"] for row in found], np.int64), rows, numbers)

    def _query(self, condition: str, wanted: list[str], consistency_level: str = CONSISTENCY) -> list[dict[str, Any]]:
        with self._connected() as client:
            return list(
                client.query(self._name, condition, wanted, consistency_level=consistency_level, timeout=ANSWER_SECONDS)
            )
