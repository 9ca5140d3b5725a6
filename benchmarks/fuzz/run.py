"""Coverage-guided fuzzing of everything that reads a stranger's text: what is allowed are emoir's own errors.

Each target runs in a process of its own under atheris (libFuzzer), from a few good inputs. A finding is an exception
that the function does not promise, an input of more than 10 seconds or 2 GB, or an answer that does not survive being
written and read again. Printed is the table of docs/reliability.md; the input of a finding lies in ``--findings``.

    pip install atheris
    python benchmarks/fuzz/run.py [--seconds 60] [--target grammar]
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emoir.errors import CatalogueError, DatasetError, ModelError, QueryError

SECONDS_AN_INPUT, MEGABYTES = 10, 2048
CLASSES = {"mood": ("calm", "wild")}
EMBEDDING, MODEL = 8, "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is fuzzed.

    Args:
        reads: the function's module and name.
        seeds: good inputs to begin with.
        promised: what it may raise.
        suffixes: of the file that the input is written to, the first byte's remainder chooses; none for text.
    """

    reads: str
    seeds: tuple[bytes, ...]
    promised: type[Exception]
    suffixes: tuple[str, ...] = ()


CARD = Path(importlib.import_module("emoir").__file__ or "").parent / "weights" / "card.json"
TARGETS = {
    "query grammar": Target(
        reads="emoir.search.grammar:parse_query",
        seeds=(
            b"2:awe + va:0.8,0.2 - fear",
            b'calm & near:teal "a quiet lake"',
            "宁静 且 colour:#ff0000 - 悲伤".encode(),
            b"id:3 + reading:AAEC",
        ),
        promised=QueryError,
    ),
    "model card": Target(
        reads="emoir.models.card:ModelCard.load",
        seeds=(CARD.read_bytes(),),
        promised=ModelError,
        suffixes=(".json",),
    ),
    "tables": Target(
        reads="emoir.datasets.detect:read_dataset",
        seeds=(
            b"path,emotion,valence,arousal\n1.jpg,awe,0.8,0.2\n",
            b"file;p_calm;p_wild;valence\n1.jpg;0,5;0,5;3\n",
            b'{"path": "1.jpg", "votes_calm": 3, "votes_wild": 1}\n',
        ),
        promised=DatasetError,
        suffixes=(".csv", ".tsv", ".jsonl", ".parquet"),
    ),
    "lexicon": Target(
        reads="emoir.emotions.lexicon_files:read_lexicon",
        seeds=(
            b"calm\tjoy\t1\ncalm\tfear\t0\n",
            b"Word\tValence\tArousal\tDominance\ncalm\t0.8\t0.1\t0.5\n",
            b"word\tvalence\tarousal\tdominance\tjoy\tanger\tsadness\tfear\tdisgust\ncalm\t7\t2\t5\t4\t1\t1\t1\t1\n",
            "No.\tWord\tValence_Mean\tArousal_Mean\n1\t乐观\t7.2\t4.4\n".encode(),
            "词语,情感分类,强度\n乐观,PA,5\n".encode(),
            b"\tAFRAID\tAMUSED\tANGRY\tANNOYED\tDONT_CARE\tHAPPY\tINSPIRED\tSAD\ncalm\t.1\t.1\t.1\t.1\t.1\t.3\t.1\t.1\n",
        ),
        promised=ModelError,
        suffixes=(".txt",),
    ),
    "catalogue": Target(
        reads="emoir.index.catalogue:read_catalogue",
        seeds=(b"Filename;Title;Year\nbox 1/a.jpg;Harvest;1931\n", b'path,id,url\n"a ""b"".jpg",1,http://x\n'),
        promised=CatalogueError,
        suffixes=(".csv",),
    ),
    "reading codes": Target(
        reads="emoir.emotions.code:decode_reading",
        seeds=(b"AAEC", b"nzcQ_AAAAAAAAAB_f_9_f3_"),
        promised=QueryError,
    ),
}


def subject(target: Target, folder: Path) -> Callable[[bytes], None]:
    """The function to fuzz: takes any bytes, raises at a finding."""
    module, _, path = target.reads.partition(":")
    read = importlib.import_module(module)
    for name in path.split("."):
        read = getattr(read, name)
    function: Callable[..., object] = read  # type: ignore[assignment]

    def of_file(content: bytes) -> None:
        file = folder / f"input{target.suffixes[len(content) % len(target.suffixes)]}"
        file.write_bytes(content)
        try:
            function(file)
        except target.promised as error:
            check(str(error))

    def of_text(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        try:
            if path == "parse_query":
                query = str(function(text, is_file=lambda _: False))
                assert str(function(query, is_file=lambda _: False)) == query
            else:
                function(text, CLASSES, [MODEL], embedding_length=EMBEDDING)
        except target.promised as error:
            check(str(error))

    return of_file if target.suffixes else of_text


def check(message: str) -> None:
    """A message can be printed."""
    assert message
    message.encode("utf-8", "surrogateescape")


def fuzz(name: str, seconds: int, findings: Path) -> None:
    """Run one target in this process until the time is up or something is found."""
    import atheris

    with tempfile.TemporaryDirectory() as work:
        seeds = Path(work, "seeds")
        seeds.mkdir()
        with atheris.instrument_imports(include=["emoir"]):
            run = subject(TARGETS[name], Path(work))
        for number, seed in enumerate((*TARGETS[name].seeds, *own_seeds(name))):
            (seeds / str(number)).write_bytes(seed)
        options = {
            "max_total_time": seconds,
            "timeout": SECONDS_AN_INPUT,
            "rss_limit_mb": MEGABYTES,
            "artifact_prefix": f"{findings}/{name.replace(' ', '-')}-",
            "print_final_stats": 1,
            "max_len": 4096,
        }
        atheris.Setup([sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(seeds)], run)
        atheris.Fuzz()


def own_seeds(name: str) -> list[bytes]:
    """Good inputs that must be computed."""
    if name != "reading codes":
        return []
    import base64
    import hashlib

    length = EMBEDDING + len(CLASSES["mood"]) + 2
    good = base64.urlsafe_b64encode(hashlib.sha256(MODEL.encode()).digest()[:4] + bytes(range(length)))
    return [good.rstrip(b"=")]


def row(name: str, seconds: int, findings: Path) -> str:
    """One target in a process of its own, as a row of the table."""
    command = [sys.executable, __file__, "--target", name, "--seconds", str(seconds), "--findings", str(findings)]
    done = subprocess.run([*command, "--here"], capture_output=True, text=True, errors="replace", check=False)
    inputs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    found = "none" if done.returncode == 0 else "one"
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
    return f"| {name} | {int(inputs[1]) if inputs else 0:,} | {covered[-1] if covered else '?'} | {found} |"


def main() -> None:
    """Every target, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--target", choices=[*TARGETS])
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "emoir-findings")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.findings.mkdir(parents=True, exist_ok=True)
    if chosen.here:
        fuzz(chosen.target, chosen.seconds, chosen.findings)
        return
    print("| what is read | inputs | edges | findings |\n|---|---|---|---|")
    for name in [chosen.target] if chosen.target else TARGETS:
        print(row(name, chosen.seconds, chosen.findings), flush=True)
    print(f"\n> {chosen.seconds} seconds a target; findings lie in {chosen.findings}.", file=sys.stderr)


if __name__ == "__main__":
    main()
