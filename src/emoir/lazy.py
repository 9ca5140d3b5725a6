"""Packages whose names are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package that imports a module only when one of its names is used.

    Every command loads the package; few need the decoders, the network, or numpy.

    Args:
        package: its ``__name__``.
        homes: name to the module that holds it, relative to the package.

    Example:
        >>> lazily("emoir", {"Limits": "limits"})("Limits").__name__
        'Limits'
    """

    def attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return attribute
