"""An ONNX file, looked at without running it: all of a model must lie in this one file."""

from __future__ import annotations

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
EXTERNAL_DATA, DATA_LOCATION = 13, 14
# protobuf itself goes no deeper.
DEEPEST = 100


def check_self_contained(content: bytes, name: str) -> None:
    r"""Refuse an ONNX file that would have other files read: the runtime takes their names from the file.

    Args:
        content: of the file.
        name: for the message.

    Raises:
        ModelError: if a tensor's data lies elsewhere, or this is no ONNX file.

    References:
        https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

    Example:
        >>> check_self_contained(b"\x08\x08", "model.onnx")
    """
    if content[4:8] == b"ORTM":
        raise ModelError(f"{name} is a model in ONNX Runtime's own format; an ONNX file is needed")
    try:
        _look(memoryview(content), "model", name, 0)
    except (IndexError, ValueError):
        raise ModelError(f"{name} is no ONNX file, or damaged") from None


def _look(message: memoryview, kind: str, name: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError("too deep")
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _number(message, at)
            if kind == "tensor" and field == DATA_LOCATION and value:
                raise ModelError(f"{name} keeps numbers in another file; a model's graph must be one file")
        elif wire == 2:
            length, at = _number(message, at)
            if at + length > len(message):
                raise ValueError("cut off")
            if kind == "tensor" and field == EXTERNAL_DATA:
                raise ModelError(f"{name} keeps numbers in another file; a model's graph must be one file")
            inner = FIELDS[kind].get(field)
            if inner is not None:
                _look(message[at : at + length], inner, name, depth + 1)
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
            if at > len(message):
                raise ValueError("cut off")
        else:
            raise ValueError("groups are not part of ONNX")


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
