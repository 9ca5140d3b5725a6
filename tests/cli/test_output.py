from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from emoir.cli.output import echo, echo_aligned, echo_block, echo_err, echo_paths, echo_row
from emoir.names import shortened


def test_columns_stand_below_each_other_in_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    echo_aligned([["title", "path"], ["丰收", "a.jpg"], ["fair", "b c.jpg"]])
    # A Chinese character takes two columns: both rows begin their path in the eighth.
    assert capsys.readouterr().out == "title  path\n丰收   a.jpg\nfair   b c.jpg\n"
    printed: list[str] = []
    echo_aligned([["a", "b"]], printed.append)
    assert printed == ["a  b"]


def test_long_texts_are_cut() -> None:
    assert shortened("x" * 40) == "x" * 40
    assert shortened("x" * 41) == "x" * 39 + "…"


# Colour, a title, an 8-bit control, a line that is none, a turned direction.
HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J\nfolder   /etc\u202egpj"


def test_text_is_made_harmless_where_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    echo_err(HOSTILE)
    echo_row(["a\tb", HOSTILE])
    echo_aligned([["a", HOSTILE], [HOSTILE, "b"]])
    echo_block("one\n" + HOSTILE.replace("\n", ""))
    captured = capsys.readouterr()
    assert not set(captured.out + captured.err) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert captured.out.count("\n") == 1 + 1 + 2 + 2
    assert captured.err.count("\n") == 1
    assert captured.out.count("\t") == 1


def test_no_command_prints_past_that_place() -> None:
    import emoir.cli

    for file in Path(str(emoir.cli.__file__)).parent.glob("*.py"):
        if file.name == "output.py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo", "click.echo"}, file


def test_paths_are_harmless_on_a_terminal_and_bytes_elsewhere(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo_paths([Path("a\x1b[31m\nb.jpg")], nul=False)
    assert capfdbinary.readouterr().out == b"a\x1b[31m\nb.jpg\n"
    master, slave = os.openpty()
    with open(slave, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        echo_paths([Path("a\x1b[31m\nb.jpg")], nul=False)
        terminal.flush()
    assert os.read(master, 100) == b"a\\x1b[31m\\nb.jpg\r\n"
    os.close(master)
