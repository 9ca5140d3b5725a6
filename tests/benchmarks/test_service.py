"""What strangers and much use cost the service, as the benchmarks measure it, with fewer tries."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from attacks import attacked, attacks, cost
from emoir import Collection
from serve_load import photographs
from serve_memory import download, explanation, family, handles, memory, repeat, serving, upload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
STRANGERS = {name: attack for name, attack in attacks(4).items() if name.startswith("stranger")}
# Connections of strangers that are open at a time, and a few more.
TRIES = 30


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[int, int]]:
    with attacked(4) as found:
        yield found


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_costs_little_and_takes_nobodys_place(name: str, service: tuple[int, int]) -> None:
    content, tries, hold = STRANGERS[name]
    found = cost(*service, content, min(tries, TRIES), hold)
    assert found.milliseconds < 20 * found.ordinary
    assert found.megabytes < 20
    assert found.answered == found.asked


def test_much_use_leaves_nothing_behind(tmp_path: Path) -> None:
    photographs(tmp_path / "photographs", 4)
    with Collection(tmp_path / "a.emoir") as collection:
        collection.index(tmp_path / "photographs", workers=1)
    with serving(tmp_path / "a.emoir") as (process, port):
        requests = [
            partial(explanation, port, 4),
            partial(upload, port, sorted((tmp_path / "photographs").iterdir())),
            partial(download, port, 4),
        ]

        def use(numbers: range) -> tuple[float, int]:
            repeat(requests[0], range(numbers.start // 10, numbers.stop // 10))
            for request in requests[1:]:
                repeat(request, numbers)
            return memory(family(process)), handles(family(process))

        first, then = use(range(50)), use(range(50, 150))
        assert then[0] <= 300
        # An allocator keeps a little more or less.
        assert then[0] <= first[0] + 10
        assert then[1] <= first[1] + 5
