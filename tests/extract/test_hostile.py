"""More than a thousand hostile files through a real worker: no crash, no hang, no memory above the limit, no noise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emoir.extract import Extraction, Failure, LocalExtractor
from emoir.extract.memory import memory_limit
from emoir.limits import Limits
from emoir.models import shipped_model_folder
from tests.extract.test_local import children
from tests.hostile import good_files, hostile_files

LIMITS = Limits(max_pixels=4_000_000, seconds_per_file=30.0)


def state(process: int, file: str, name: str) -> int:
    """A number that Linux keeps of a process."""
    line = next(line for line in Path(f"/proc/{process}/{file}").read_text().splitlines() if line.startswith(name))
    return int(line.removeprefix(name).split()[0])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_a_hostile_file_costs_nothing_but_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = []
    for name, content in [*good_files().items(), *hostile_files()]:
        (tmp_path / name).write_bytes(content)
        names.append(name)
    assert len(set(names)) == len(names) >= 1000
    before = children()
    with LocalExtractor(shipped_model_folder(), workers=1, limits=LIMITS) as pool:
        stream = pool.extract([os.fsencode(tmp_path / name) for name in names])
        answers = [next(stream)]
        [worker] = children() - before
        answers += stream
        # It has not crashed, nor been given up for a file that took too long.
        assert children() - before == {worker}
        assert state(worker, "limits", "Max data size") == memory_limit(LIMITS)
        assert state(worker, "status", "VmHWM:") * 1024 < memory_limit(LIMITS)
    by_name = {os.path.basename(os.fsdecode(path)): answer for path, answer in answers}
    assert set(by_name) == set(names)
    assert len(answers) == len(names)
    failures = {name: answer.cause for name, answer in by_name.items() if isinstance(answer, Failure)}
    assert [name for name, cause in failures.items() if not cause or "\n" in cause or "memory" in cause] == []
    # What surrounds a picture may be broken: the picture is read.
    whole = {name for name in names if name in good_files() or name.startswith(("exif_", "profile_", "noise_behind_"))}
    assert {name: failures[name] for name in whole & set(failures) if not name.startswith("profile_of_")} == {}
    # And not everything is refused.
    read = sum(isinstance(answer, Extraction) for answer in by_name.values())
    assert len(whole) < read < len(names)
    assert capfd.readouterr().err == ""
