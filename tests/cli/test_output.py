from __future__ import annotations

import pytest

from emoir.cli.output import echo_aligned, shortened


def test_columns_stand_below_each_other_in_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    echo_aligned([["title", "path"], ["丰收", "a.jpg"], ["fair", "b c.jpg"]])
    # A Chinese character takes two columns: both rows begin their path in the eighth.
    assert capsys.readouterr().out == "title  path\n丰收   a.jpg\nfair   b c.jpg\n"
    said: list[str] = []
    echo_aligned([["a", "b"]], said.append)
    assert said == ["a  b"]


def test_long_texts_are_cut() -> None:
    assert shortened("x" * 40) == "x" * 40
    assert shortened("x" * 41) == "x" * 39 + "…"
