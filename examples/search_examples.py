"""The worked examples of docs/search.md, on the photographs of demo.py: ``python -m examples.search_examples``.

Prints every command with its answer, as Markdown.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from examples.demo import copy_photographs

EXAMPLES = (
    ("awe", "-n", "4", "--all"),
    ("a quiet, lonely winter evening", "-n", "4", "--all"),
    ("宁静但有点孤独", "-n", "4", "--all"),
    ("not scary", "-n", "4", "--all"),
    ("2:awe + ./coffee.png - fear", "-n", "4", "--all"),
    ("near:#a03020", "-n", "3"),
    ("joy", "-n", "4", "--all", "--valence", "0.5..", "--colour", "--diverse"),
    ("va:0.8,0.2", "-n", "3", "--all", "--format", "paths"),
    ("awe + - fear",),
    ("quite",),
)


def main() -> None:
    """Run the examples."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMOIR_INDEX"] = str(Path(folder) / "examples.emoir")
        photographs = Path(folder) / "photographs"
        copy_photographs(photographs)
        os.chdir(photographs)
        command = [sys.executable, "-m", "emoir"]
        subprocess.run([*command, "index", "."], check=False, capture_output=True)
        for arguments in EXAMPLES:
            result = subprocess.run(
                [*command, "search", *arguments], check=False, capture_output=True, text=True, encoding="utf-8"
            )
            here = str(Path.cwd()) + os.sep
            printed = (result.stderr + result.stdout).replace(here, "").rstrip()
            print(f"```\n$ emoir search {shlex.join(arguments)}\n{printed}\n```\n")


if __name__ == "__main__":
    main()
