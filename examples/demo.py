"""Index a folder of photos, ask it three things, open the gallery: ``python examples/demo.py [FOLDER]``.

Without a folder, the sample photos that come with scikit-image are used. The commands are printed before
they run, so that they can be typed again.
"""

from __future__ import annotations

import hashlib
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
    if not photos.is_dir():
        raise SystemExit(f"{photos} is no folder")
    # An index of its own for every folder, so that the numbers are those of its photos.
    index = (DEMO / f"{hashlib.sha256(os.fsencode(photos)).hexdigest()[:12]}.emoir").absolute()
    os.environ["EMOIR_INDEX"] = str(index)
    os.chdir(photos)
    emoir("index", ".")
    if len(sys.argv) == 1:
        print("(multipage_rgb.tif is no photograph but a test of TIFF readers; it is left out.)")
    for question in QUESTIONS:
        # Few photographs: those that fit no better than chance are shown, too.
        emoir("search", question, "-n", "5", "--all")
    print("\nThe emotion named in a row is what that image evokes most, whatever was asked.")
    print(f"\nTo go on with these photos: export EMOIR_INDEX={shlex.quote(str(index))}")
    if sys.stdin.isatty():
        emoir("serve")
    else:
        print(f"The gallery: {Path(sys.executable).with_name('emoir')} serve")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
