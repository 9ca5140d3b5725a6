"""Index photographs, ask them three things, open the gallery: ``python examples/demo.py [FOLDER]``.

Without a folder, nine photographs that come with scikit-image and scikit-learn are used; their licences are named
below. The commands are printed before they run, so that they can be typed again.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

DEMO = Path("runs/demo")
QUESTIONS = ("awe", "宁静", "lonely")
SCIKIT_IMAGE = {
    "astronaut.png": "public domain, NASA",
    "camera.png": "CC0, Lav Varshney",
    "chelsea.png": "CC0, Stefan van der Walt",
    "coffee.png": "CC0, Rachel Michetti",
    "coins.png": "no known copyright restrictions, Brooklyn Museum",
    "hubble_deep_field.jpg": "public domain, NASA",
    "rocket.jpg": "public domain, SpaceX",
}
SCIKIT_LEARN = {
    "china.jpg": "CC BY 2.0, danielbuechele on Flickr",
    "flower.jpg": "CC BY 2.0, vultilion on Flickr",
}
"""The photographs of both packages whose licence is stated; no test charts, textures or medical slides."""


def copy_photographs(folder: Path) -> None:
    """Put the photographs of scikit-image and scikit-learn into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, inside, names in (("skimage", "data", SCIKIT_IMAGE), ("sklearn", "datasets/images", SCIKIT_LEARN)):
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit("the photographs need scikit-image and scikit-learn; or name a folder of your own")
        for name in names:
            shutil.copy2(Path(spec.origin).parent / inside / name, folder / name)


def emoir(*arguments: str) -> None:
    """Run the command emoir and show what was typed; go on if nothing fits (1) or some images failed (3)."""
    print(f"\n$ emoir {shlex.join(arguments)}", flush=True)
    result = subprocess.run([sys.executable, "-m", "emoir", *arguments], check=False)
    if result.returncode not in (0, 1, 3):
        raise SystemExit(result.returncode)


def main() -> None:
    """Run the demonstration."""
    if len(sys.argv) > 1:
        photos = Path(sys.argv[1]).expanduser().absolute()
    else:
        photos = (DEMO / "photographs").absolute()
        copy_photographs(photos)
    if not photos.is_dir():
        raise SystemExit(f"{photos} is no folder")
    # An index of its own for every folder, so that the numbers are those of its photos.
    index = (DEMO / f"{hashlib.sha256(os.fsencode(photos)).hexdigest()[:12]}.emoir").absolute()
    os.environ["EMOIR_INDEX"] = str(index)
    os.chdir(photos)
    emoir("index", ".")
    for question in QUESTIONS:
        emoir("search", question, "-n", "3")
    print("\nA row names the emotion that its image evokes most, or says unsure where raters would hardly agree.")
    if len(sys.argv) == 1:
        print("With your own photographs: make demo PHOTOS=folder")
    print(f"To go on with these: export EMOIR_INDEX={shlex.quote(str(index))}")
    if sys.stdin.isatty():
        emoir("serve")
    else:
        print(f"The gallery: {Path(sys.executable).with_name('emoir')} serve")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
