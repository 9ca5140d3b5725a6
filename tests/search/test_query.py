from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoir.errors import QueryError
from emoir.search.grammar import parse_query
from emoir.search.query import Colours, ImageFile, ImageId, Point, Query, Term, Words


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("awe", [Term(1, Words("awe"))]),
        ("宁静但有点孤独", [Term(1, Words("宁静但有点孤独"))]),
        ("2:awe + ./img.jpg - fear", [Term(2, Words("awe")), Term(1, ImageFile("./img.jpg")), Term(-1, Words("fear"))]),
        ("a quiet, lonely evening", [Term(1, Words("a quiet, lonely evening"))]),
        ('"joy, quiet" + 0.5:awe', [Term(1, Words("joy, quiet")), Term(0.5, Words("awe"))]),
        ('2:"quiet evening"', [Term(2, Words("quiet evening"))]),
        ("- fear + joy", [Term(-1, Words("fear")), Term(1, Words("joy"))]),
        ("va:0.8,0.2", [Term(1, Point(0.8, 0.2))]),
        ("3:va:0,1 - id:17", [Term(3, Point(0, 1)), Term(-1, ImageId(17))]),
        ("matter-of-fact", [Term(1, Words("matter-of-fact"))]),
        ("宁静 － 恐惧", [Term(1, Words("宁静")), Term(-1, Words("恐惧"))]),
        ("cat.JPG", [Term(1, ImageFile("cat.JPG"))]),
        ("~/x.png + ../y", [Term(1, ImageFile("~/x.png")), Term(1, ImageFile("../y"))]),
        (".5:awe", [Term(0.5, Words("awe"))]),
        ("2：宁静", [Term(2, Words("宁静"))]),
        ("near:#E07A5F,teal", [Term(1, Colours(("#e07a5f", "#008080")))]),
        ("not scary", [Term(1, Words("not scary"))]),
        ("VA:1,0", [Term(1, Point(1, 0))]),
    ],
)
def test_constructs(text: str, terms: list[Term]) -> None:
    assert list(parse_query(text).terms) == terms


@pytest.mark.parametrize(
    ("arguments", "terms"),
    [
        (["quiet", "evening"], [Term(1, Words("quiet evening"))]),
        (["awe", "-", "fear"], [Term(1, Words("awe")), Term(-1, Words("fear"))]),
        (["2:awe + joy", "- fear"], [Term(2, Words("awe")), Term(1, Words("joy")), Term(-1, Words("fear"))]),
    ],
)
def test_arguments_are_one_query(arguments: list[str], terms: list[Term]) -> None:
    assert list(parse_query(arguments).terms) == terms


def test_an_existing_file_is_one_term_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("joy - fear + awe.jpg").touch()
    Path("my photos").mkdir()
    Path("my photos/1.dat").touch()
    query = parse_query(["joy - fear + awe.jpg", "-", "my photos/1.dat"])
    assert list(query.terms) == [Term(1, ImageFile("joy - fear + awe.jpg")), Term(-1, ImageFile("my photos/1.dat"))]


def test_a_word_stays_a_word_beside_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("awe").touch()
    assert list(parse_query("awe").terms) == [Term(1, Words("awe"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the query is empty"),
        ("   ", "the query is empty"),
        ("awe +", "ends with a sign"),
        ("awe + - fear", "'-' stands where a term is expected"),
        ("+ awe", "'\\+' stands where a term is expected"),
        ("va:0.8", "write va:VALENCE,AROUSAL"),
        ("va:1.8,0.2", "valence and arousal go from 0 to 1"),
        ("va:0.8.1,0.2", "write va:VALENCE,AROUSAL"),
        ("id:x", "id:NUMBER"),
        ("near:bluuu", "'bluuu' is no colour; write near:#e07a5f"),
        ("id:99999999999999999999", "id:NUMBER"),
        ("awe -fear", "'awe -fear': write ' - ' with a space on either side"),
        ("awe – fear", "write ' - ' with a space on either side"),
        ("awe -- fear", "write ' - ' with a space on either side"),
        ("awe +joy", "write ' \\+ ' with a space on either side"),
        ("0:awe", "the weight of 'awe' is 0"),
        ("awe ./x.jpg", "'./x.jpg' follows a term without a sign: write ' \\+ '"),
    ],
)
def test_errors_say_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        # Two terms without a sign can only come as two arguments.
        parse_query(text.split(" ") if "./x.jpg" in text else text)
    assert caught.value.chinese != str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [("awe + - fear", 6), ("awe +", 5), ("awe -fear", 4), ("宁静 + va:2,1", 5), ('"a b" + id:x', 8), ("2:near:zz", 2)],
)
def test_errors_point_at_the_character(text: str, place: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert (caught.value.query, caught.value.at) == (text, place)
    assert caught.value.pointer().endswith("^")


def test_the_pointer_stands_below_wide_characters() -> None:
    assert QueryError("x", query="宁静 + va:2,1", at=5).pointer() == "宁静 + va:2,1\n       ^"


words = st.text("abcdefghijklmnopqrstuvwxyz宁静孤独 -'", min_size=1, max_size=20).map(str.strip)
words = words.filter(lambda text: bool(text.strip("-' ")) and " -" not in f" {text}")
weights = st.integers(1, 9).map(float) | st.sampled_from([0.5, 0.25, 2.5])
share = st.integers(0, 100).map(lambda number: number / 100)
subjects = (
    words.map(lambda text: Words(" ".join(text.split())))
    | st.integers(0, 10**9).map(ImageId)
    | st.builds(Point, share, share)
    | st.lists(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), min_size=1, max_size=3).map(tuple).map(Colours)
    | st.sampled_from(["./a.jpg", "/photos/b c.png", "../雪.webp"]).map(ImageFile)
)
terms = st.builds(lambda weight, sign, source: Term(weight * sign, source), weights, st.sampled_from([1, -1]), subjects)


@given(st.lists(terms, min_size=1, max_size=5))
def test_a_query_prints_itself(terms: list[Term]) -> None:
    query = Query(tuple(terms))
    assert parse_query(str(query)) == query


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        query = parse_query(text)
    except QueryError:
        return
    assert query.terms
