"""Index runs in any order of events, against a plain-Python model of what must be there; read in one thread."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emoir import Collection, Model
from emoir.extract import Extraction, Failure
from emoir.index import as_path
from emoir.index.damage import find_damage
from emoir.index.repair import repair
from tests.pictures import encoded, noise

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "add-an-extractor.md").read_text(encoding="utf-8")
# The class alone, without its use at the end.
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0].partition("\nextractor: ")[0]
FOLDERS = ("a", "a/x", "b", "b/y")
NAMES = ("1.jpg", "2.jpg", "3.png")
ROOTS = ("a", "b")


@cache
def one_thread_extractor() -> Any:
    """The class that the page shows."""
    names: dict[str, Any] = {}
    exec(compile(CODE, "add-an-extractor.md", "exec"), names)
    return names["SerialExtractor"]


@cache
def content(number: int) -> bytes:
    """The content of a file: pictures, a broken one, and one that is none."""
    from PIL import Image

    if number == 4:
        return b"\xff\xd8\xff\xe0 no more"
    return encoded(Image.fromarray(noise(16, number)), "PNG")


@cache
def shared_model() -> Model:
    return Model()


class Killed(BaseException):
    """Ends a run as a signal does: nothing is told of the file that is being read."""


class Interrupted:
    """The page's extractor, which ends abruptly after some files."""

    def __init__(self, after: int | None) -> None:
        self.after, self.inner = after, one_thread_extractor()(shared_model())

    def __enter__(self) -> Interrupted:
        self.inner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.inner.__exit__(*error)

    def extract(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Extraction | Failure]]:
        for count, outcome in enumerate(self.inner.extract(paths)):
            if count == self.after:
                raise Killed
            yield outcome


class Runs(RuleBasedStateMachine):
    """What happens to photographs, and runs in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(os.path.realpath(tempfile.mkdtemp()))
        self.photos = Collection(self.folder / "index" / "x.emoir")
        self.clock = 1_600_000_000
        self.away: set[str] = set()
        # As the last whole run saw them: path below the folder to content.
        self.seen: dict[str, int] = {}
        self.ids: dict[bytes, int] = {}
        self.rated: set[bytes] = set()
        self.largest = 0
        for root in ROOTS:
            self._place(root).mkdir()

    def teardown(self) -> None:
        self.photos.close()
        shutil.rmtree(self.folder)

    def _place(self, path: str) -> Path:
        root = path.split("/")[0]
        return self.folder / ("away" if root in self.away else "") / path

    def _files(self) -> dict[str, int]:
        """What is on the disks that are mounted."""
        contents = {content(number): number for number in range(5)}
        return {
            str(path.relative_to(self.folder)): contents[path.read_bytes()]
            for root in ROOTS
            if root not in self.away
            for path in (self.folder / root).rglob("*")
            if path.is_file()
        }

    @rule(folder=st.sampled_from(FOLDERS), name=st.sampled_from(NAMES), number=st.integers(0, 4))
    def write(self, folder: str, name: str, number: int) -> None:
        """A file is made, or its content changes."""
        path = self._place(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number))
        self.clock += 10
        os.utime(path, (self.clock, self.clock))

    @rule(data=st.data(), folder=st.sampled_from(FOLDERS), name=st.sampled_from(NAMES), move=st.booleans())
    def copy(self, data: st.DataObject, folder: str, name: str, move: bool) -> None:
        """A file is copied or renamed, and keeps its time."""
        files = sorted(self._files())
        if not files:
            return
        source = self._place(data.draw(st.sampled_from(files)))
        target = self._place(folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source != target:
            shutil.copy2(source, target)
            if move:
                source.unlink()

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A file goes."""
        files = sorted(self._files())
        if files:
            self._place(data.draw(st.sampled_from(files))).unlink()

    @rule(folder=st.sampled_from(("a/x", "b/y")))
    def delete_folder(self, folder: str) -> None:
        """A folder goes."""
        shutil.rmtree(self._place(folder), ignore_errors=True)

    @rule(root=st.sampled_from(ROOTS))
    def mount(self, root: str) -> None:
        """A disk is unmounted, or mounted again."""
        now = self._place(root)
        self.away ^= {root}
        then = self._place(root)
        then.parent.mkdir(exist_ok=True)
        now.rename(then)

    def _named(self) -> list[Path]:
        known = self.photos.status().roots if self.photos.location.exists() else ()
        return [
            self.folder / root for root in ROOTS if root not in self.away or os.fsencode(self.folder / root) in known
        ]

    @precondition(lambda self: bool(self._named()))
    @rule(after=st.integers(0, 3))
    def killed(self, after: int) -> None:
        """A run that does not end; what it committed stays, and nothing that was known is lost."""
        before = self._known()
        try:
            self.photos.index(*self._named(), extractor=Interrupted(after))
        except Killed:
            known, there, seen = self._known(), self._files(), self.seen
            assert set(before) <= set(known)
            # What it had read is kept, and all that a run can know of the disk once this is away.
            self.seen = {path: self._number(id) for path, id in known.items()}
            assert all(number in (seen.get(path), there.get(path)) for path, number in self.seen.items())
        else:
            self._compare()

    @precondition(lambda self: bool(self._named()))
    @rule()
    def run(self) -> None:
        """A run that ends."""
        self.photos.index(*self._named(), extractor=Interrupted(None))
        self._compare()

    @precondition(lambda self: bool(self.ids))
    @rule(data=st.data())
    def rate(self, data: st.DataObject) -> None:
        """Somebody rates an image that is there."""
        digest = data.draw(st.sampled_from(sorted(self.ids)))
        self.photos.ratings.add(self.ids[digest], "Ana", emotion="awe", valence=None, arousal=None)
        self.rated.add(digest)

    def _number(self, id: int) -> int:
        """Which content an indexed image has."""
        files = self.photos.images.files_of(id)
        assert files is not None
        return next(number for number in range(5) if hashlib.sha256(content(number)).digest() == files[0])

    def _known(self) -> dict[str, int]:
        """Paths of the indexed images, and the images."""
        if not self.photos.location.exists():
            return {}
        found: dict[str, int] = {}
        for entry in self.photos.images.metadata(self.photos.images.vectors().ids.tolist()):
            files = self.photos.images.files_of(entry.id)
            assert files is not None
            found |= {str(as_path(path).relative_to(self.folder)): entry.id for path, _ in files[1]}
        return found

    def _compare(self) -> None:
        """What is indexed is what is there, and what was there on disks that are away now."""
        there = self._files()
        expected = {path: number for path, number in there.items() if number != 4}
        present = set(expected.values())
        for root in ROOTS:
            folder = self.folder / root
            looks_away = root in self.away or not any(folder.iterdir())
            if looks_away:
                # An image that lies elsewhere as well is known from there alone.
                before = {path: number for path, number in self.seen.items() if path.split("/")[0] == root}
                expected |= {path: number for path, number in before.items() if number not in present | {4}}
        known = self._known()
        assert set(known) == set(expected)
        digests = {id: files[0] for id in set(known.values()) if (files := self.photos.images.files_of(id))}
        for path, number in expected.items():
            assert digests[known[path]] == hashlib.sha256(content(number)).digest()
        for id, digest in digests.items():
            if digest in self.ids:
                assert self.ids[digest] == id, "an image that stayed has another number"
            else:
                assert id > self.largest or id in self.ids.values(), "a number was given twice"
        self.ids = {digest: id for id, digest in digests.items()}
        self.largest = max([self.largest, *digests])
        self.seen = dict(expected)
        failures = {str(as_path(file.path).relative_to(self.folder)) for file in self.photos.status().failures}
        assert {path for path, number in there.items() if number == 4} <= failures
        rated = {rating.image for rating in self.photos.ratings.all()}
        assert rated == {id for id, digest in digests.items() if digest in self.rated}

    @invariant()
    def whole(self) -> None:
        """Whatever happened, every row is what was written."""
        if self.photos.location.exists():
            with self.photos.ratings._file.reading() as connection:
                assert find_damage(connection) == []


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=12, stateful_step_count=14, deadline=None)


def test_the_page_shows_few_lines() -> None:
    assert len(CODE.splitlines()) <= 60


def test_single_files_and_forgetting(tmp_path: Path) -> None:
    for number, name in enumerate(("a/1.png", "a/2.png", "b/3.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content(number))
    with Collection(tmp_path / "x.emoir") as photos:
        extractor = Interrupted(None)
        assert photos.index(tmp_path / "b" / "3.png", extractor=extractor).read == 1
        assert photos.images.roots() == []
        assert photos.index(tmp_path / "a", extractor=extractor).read == 2
        assert photos.index(tmp_path / "b" / "3.png", extractor=extractor).unchanged == 1
        (tmp_path / "b" / "3.png").write_bytes(content(3))
        done = photos.index(extractor=extractor)
        assert (done.read, done.unchanged) == (1, 2)
        forgotten = photos.forget(tmp_path / "a" / "1.png")
        assert (forgotten.files, forgotten.inside) == (1, tmp_path / "a")
        assert photos.forget(tmp_path / "a").inside is None
        assert photos.images.roots() == []

    assert not repair(tmp_path / "x.emoir").damaged
