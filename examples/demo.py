"""Index a folder of photos and ask it three things: ``python examples/demo.py [FOLDER]``.

Without a folder, the sample photos that come with scikit-image are used. The commands are printed before
they run, so that they can be typed again.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

DEMO = Path("runs/demo")
QUESTIONS = ("awe", "宁静", "va:0.2,0.7")


def sample_photos() -> Path:
    """The folder of scikit-image's sample photos."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("the sample photos need scikit-image; or name a folder of your own")
    return Path(spec.origin).parent / "data"


def emoir(*arguments: str) -> None:
    """Run the command emoir and show what was typed; 3 means that some images failed, which is no reason to stop."""
    print(f"\n$ emoir {shlex.join(arguments)}", flush=True)
    result = subprocess.run([sys.executable, "-m", "emoir", *arguments], check=False)
    if result.returncode not in (0, 3):
        raise SystemExit(result.returncode)


def main() -> None:
    """Run the demonstration."""
    photos = Path(sys.argv[1]).expanduser().absolute() if len(sys.argv) > 1 else sample_photos()
    DEMO.mkdir(parents=True, exist_ok=True)
    os.environ["EMOIR_INDEX"] = str((DEMO / "index.emoir").absolute())
    os.chdir(photos)
    emoir("index", ".")
    for question in QUESTIONS:
        emoir("search", question, "-n", "5")
    print(f"\nThe index of this demo: export EMOIR_INDEX={shlex.quote(os.environ['EMOIR_INDEX'])}")


if __name__ == "__main__":
    main()
