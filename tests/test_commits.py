"""Subjects of new commits are conventional, and short enough to read in a log."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Older commits were written before the rule.
FIRST = "22059e7"
SUBJECT = re.compile(r"(build|chore|ci|docs|feat|fix|perf|refactor|style|test)(\([a-z-]+\))?!?: [^ ].*[^ .]")


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)


def test_subjects_are_conventional() -> None:
    if git("cat-file", "-e", f"{FIRST}^{{commit}}").returncode:
        pytest.skip("no history here")
    subjects = git("log", "--no-merges", "--format=%s", f"{FIRST}..HEAD").stdout.splitlines()
    assert [subject for subject in subjects if not SUBJECT.fullmatch(subject) or len(subject) > 72] == []


@pytest.mark.parametrize("subject", ["fix things", "fix: ", "feat: a thing.", "Fix: a thing", "wip: a thing"])
def test_others_are_refused(subject: str) -> None:
    assert SUBJECT.fullmatch(subject) is None
