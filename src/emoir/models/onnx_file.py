"""An ONNX file, looked at without running it: all of a model must lie in this one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from emoir.errors import ModelError

# Messages of onnx.proto that may lead to a tensor: field number to the message that it holds.
FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
ELSEWHERE = "keeps numbers in another file; a model's graph must be one: onnx.save(onnx.load(OLD), NEW) joins them"
LFS_POINTER = b"version https://git-lfs"
EXTERNAL_DATA, DATA_LOCATION = 13, 14
# Where a node, and a function, state their domain and name. The runtime puts a function's nodes in place of every call.
NAMES = {"node": (7, 4), "function": (10, 1)}
MOST_NODES = 100_000
Call: TypeAlias = tuple[bytes, ...]
# protobuf itself goes no deeper.
DEEPEST = 100


def check_fetched(content: bytes, name: str) -> None:
    """Raise a ModelError where Git LFS left a pointer in place of a file."""
    if content.startswith(LFS_POINTER):
        raise ModelError(f"{name} stands for a file that was not fetched: run git lfs pull in its folder")


def check_self_contained(content: bytes, name: str) -> None:
    r"""Refuse an ONNX file that would have other files read: the runtime takes their names from the file.

    Args:
        content: of the file.
        name: for the message.

    Raises:
        ModelError: if a tensor's data lies elsewhere, its functions stand for too many nodes, or this is no ONNX file.

    References:
        https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

    Example:
        >>> check_self_contained(b"\x08\x08", "model.onnx")
    """
    if content[4:8] == b"ORTM":
        raise ModelError(f"{name} is a model in ONNX Runtime's own format; an ONNX file is needed")
    check_fetched(content, name)
    functions: dict[Call, list[Call]] = {}
    try:
        calls = _look(memoryview(content), "model", name, 0, functions)
        nodes = _count(calls, functions, {})
    except (IndexError, ValueError, RecursionError):
        raise ModelError(f"{name} is no ONNX file, or damaged") from None
    if nodes > MOST_NODES:
        raise ModelError(f"{name} stands for more than {MOST_NODES:,} nodes, or calls itself")


def _count(calls: Iterable[Call], functions: Mapping[Call, list[Call]], known: dict[Call, float]) -> float:
    """The nodes that calls stand for; infinite if a function calls itself."""
    total = 0.0
    for call in calls:
        if call in functions and call not in known:
            known[call] = float("inf")
            known[call] = _count(functions[call], functions, known)
        total += known.get(call, 1)
    return total


def _look(message: memoryview, kind: str, name: str, depth: int, functions: dict[Call, list[Call]]) -> list[Call]:
    """The nodes below a message; those of functions are put among the functions."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    at, calls, names = 0, list[Call](), dict[int, bytes]()
    while at < len(message):
        tag, at = _number(message, at)
        field, wire = tag >> 3, tag & 7
        if field == 0:
            raise ValueError("no field has that number")
        if wire == 0:
            value, at = _number(message, at)
            if kind == "tensor" and field == DATA_LOCATION and value:
                raise ModelError(f"{name} {ELSEWHERE}")
        elif wire == 2:
            length, at = _number(message, at)
            if at + length > len(message):
                raise ValueError("cut off")
            if kind == "tensor" and field == EXTERNAL_DATA:
                raise ModelError(f"{name} {ELSEWHERE}")
            inner = FIELDS[kind].get(field)
            if inner is not None:
                calls += _look(message[at : at + length], inner, name, depth + 1, functions)
            elif field in NAMES.get(kind, ()):
                names[field] = bytes(message[at : at + length])
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
            if at > len(message):
                raise ValueError("cut off")
        else:
            raise ValueError("groups are not part of ONNX")
    own = tuple(names.get(field, b"") for field in NAMES.get(kind, ()))
    if kind == "function":
        functions[own] = calls
        return []
    return [*calls, own] if kind == "node" else calls


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """A variable-length number and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("too long a number")
