"""Weights out of a file that PyTorch saved before its format was a zip, without PyTorch."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError
from emoir.files import open_regular

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Unpickler(pickle.Unpickler):
    """Makes tensors' descriptions and dictionaries, nothing else: a pickle could run any program."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _described
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no part of plain weights")

    def persistent_load(self, pid: Any) -> Any:
        kind, type, key, _, count, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"a storage of kind {kind}")
        return type, key, count


def _described(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Any:
    return storage, offset, size, stride


def read_torch_weights(file: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file that ``torch.save`` wrote before version 1.6.

    Args:
        file: a state dictionary of float32 and int64 tensors. Nothing in it is run.

    Returns:
        Name to array.

    Raises:
        ModelError: if it is no such file, or holds anything else.
    """
    try:
        with open_regular(file) as stream:
            if (_Unpickler(stream).load(), _Unpickler(stream).load()) != (MAGIC, PROTOCOL):
                raise ModelError(f"{file} was not saved by an early torch.save")
            _Unpickler(stream).load()
            tensors = _Unpickler(stream).load()
            types = {storage[1]: TYPES[storage[0]] for storage, *_ in tensors.values()}
            keys = _Unpickler(stream).load()
            storages = {key: _storage(stream, types[key]) for key in keys}
        return {name: _array(storages[key], *where) for name, ((_, key, _), *where) in tensors.items()}
    except (OSError, pickle.UnpicklingError, EOFError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{file} holds no plain weights: {error}") from error


def _storage(stream: BinaryIO, type: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(stream.read(8), "little")
    content = stream.read(count * type.itemsize)
    return np.frombuffer(content, type, count)


def _array(storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> NDArray[Any]:
    """A tensor out of its storage, whatever the order in which its numbers lie there."""
    place = np.full(size, offset)
    for axis, (count, step) in enumerate(zip(size, stride, strict=True)):
        place += (np.arange(count) * step).reshape(-1, *[1] * (len(size) - axis - 1))
    return np.asarray(storage[place])
