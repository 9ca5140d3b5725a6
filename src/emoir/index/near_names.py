"""Near names: the indexed files that a misspelt name may mean."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterable

# A comparison takes microseconds; an index may hold millions of names.
MOST_NAMES, NEAR, LIKENESS = 20_000, 2, 0.8


def near_names(paths: Iterable[str], names: Collection[bytes]) -> dict[str, tuple[str, ...]]:
    """For each path whose file name is nearly that of a file, the names that it may mean.

    Case is ignored, and other numbers mean other pictures: IMG_2.jpg is not near IMG_3.jpg.

    Args:
        paths: a few; each is compared with every name of about its length.
        names: of files; of more than ``MOST_NAMES``, only those that begin as the path's do.

    Returns:
        Path to at most two names, most similar first; paths without any are left out.

    Example:
        >>> near_names(["box/Müler.jpg", "x.png"], [name.encode() for name in ("Müller.jpg", "Mode.jpg", "sea.jpg")])
        {'box/Müler.jpg': ('Müller.jpg',)}
    """
    found = {}
    for path in paths:
        name = os.path.basename(path)
        start = os.fsencode(name[:1]) if len(names) > MOST_NAMES else b""
        alike = {
            other.casefold(): other
            for other in sorted(os.fsdecode(known) for known in names if known.startswith(start))
            if abs(len(other) - len(name)) <= NEAR and other != name and _numbers(other) == _numbers(name)
        }
        if len(alike) <= MOST_NAMES and (near := difflib.get_close_matches(name.casefold(), alike, NEAR, LIKENESS)):
            found[path] = tuple(alike[other] for other in near)
    return found


def _numbers(name: str) -> list[str]:
    return re.findall(r"\d+", name)
