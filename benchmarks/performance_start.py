"""Starting: the help against importing numpy, and what the base install weighs."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from timing import Ratio, python, time_ratio


def start(repeats: int) -> list[Ratio]:
    """``emoir --help`` in a new process."""
    return [
        time_ratio(
            "emoir --help ÷ python -c 'import numpy'",
            python("-m", "emoir", "--help"),
            python("-c", "import numpy"),
            repeats=repeats,
            must="≤ 1.5",
            aim="≤ 1",
        )
    ]


def size() -> str:
    """Bytes of every file of emoir's own package and of the distributions that its base install brings."""
    names = _closure("emoir")
    package = Path(__file__).parents[1] / "src" / "emoir"
    own = sum(path.stat().st_size for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    total = own + sum(_bytes(name) for name in names - {"emoir"})
    largest = sorted(((_bytes(name), name) for name in names - {"emoir"}), reverse=True)[:4]
    listed = ", ".join(f"{name} {weight / 1e6:.0f} MB" for weight, name in largest)
    columns = ("installed size of the base, compiled Python left out", f"{total / 1e6:.0f} MB", "≤ 350 MB", "≤ 250 MB")
    return f"| {' | '.join(columns)} | {listed} |"


def _closure(name: str) -> set[str]:
    """A distribution and all that it needs without extras, by the metadata of what is installed."""
    found: set[str] = set()
    pending = [name]
    while pending:
        current = pending.pop()
        if current in found:
            continue
        try:
            needs = distribution(current).requires or []
        except PackageNotFoundError:
            # Needed on another system or by another Python only.
            continue
        found.add(current)
        pending += [re.split(r"[^\w.-]", need)[0].lower() for need in needs if "extra ==" not in need]
    return found


def _bytes(name: str) -> int:
    parts = distribution(name)
    files = (Path(str(parts.locate_file(file))) for file in parts.files or [])
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.exists())
