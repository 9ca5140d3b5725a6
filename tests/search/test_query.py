from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoir.errors import QueryError
from emoir.search.grammar import parse_query
from emoir.search.query import Clause, Query
from emoir.search.terms import Colours, ImageFile, ImageId, Point, Term, Words


def clause(weight: float, *terms: Term) -> Clause:
    return Clause(weight, terms)


RED = Colours(("#ff0000",))


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("awe", [clause(1, Words("awe"))]),
        ("宁静但有点孤独", [clause(1, Words("宁静但有点孤独"))]),
        (
            "2:awe + ./img.jpg - fear",
            [clause(2, Words("awe")), clause(1, ImageFile("./img.jpg")), clause(-1, Words("fear"))],
        ),
        ("a quiet, lonely evening", [clause(1, Words("a quiet, lonely evening"))]),
        ('"joy, quiet" + 0.5:awe', [clause(1, Words("joy, quiet")), clause(0.5, Words("awe"))]),
        ('2:"quiet evening"', [clause(2, Words("quiet evening"))]),
        ("- fear + joy", [clause(-1, Words("fear")), clause(1, Words("joy"))]),
        ("va:0.8,0.2", [clause(1, Point(0.8, 0.2))]),
        ("3:va:0,1 - id:17", [clause(3, Point(0, 1)), clause(-1, ImageId(17))]),
        ("matter-of-fact", [clause(1, Words("matter-of-fact"))]),
        ("宁静 － 恐惧", [clause(1, Words("宁静")), clause(-1, Words("恐惧"))]),
        ("cat.JPG", [clause(1, ImageFile("cat.JPG"))]),
        ("~/x.png + ../y", [clause(1, ImageFile("~/x.png")), clause(1, ImageFile("../y"))]),
        (".5:awe", [clause(0.5, Words("awe"))]),
        ("2：宁静", [clause(2, Words("宁静"))]),
        ("near:#E07A5F,teal", [clause(1, Colours(("#e07a5f", "#008080")))]),
        ("not scary", [clause(1, Words("not scary"))]),
        ("VA:1,0", [clause(1, Point(1, 0))]),
        ("awe & fear", [clause(1, Words("awe"), Words("fear"))]),
        ("2:awe & fear - joy", [clause(2, Words("awe"), Words("fear")), clause(-1, Words("joy"))]),
        ("joy + awe & id:3 & near:red", [clause(1, Words("joy")), clause(1, Words("awe"), ImageId(3), RED)]),
        ("awe and fear", [clause(1, Words("awe and fear"))]),
        ("awe and va:0.8,0.2", [clause(1, Words("awe"), Point(0.8, 0.2))]),
        ("va:0.8,0.2 but sad", [clause(1, Point(0.8, 0.2), Words("sad"))]),
        ('"quiet evening" and fear', [clause(1, Words("quiet evening"), Words("fear"))]),
        ("sad and quiet but ./cat.jpg", [clause(1, Words("sad and quiet"), ImageFile("./cat.jpg"))]),
        ("宁静 又 id:3", [clause(1, Words("宁静"), ImageId(3))]),
        ("va：0.8，0.2", [clause(1, Point(0.8, 0.2))]),
        ("va：０.８、０.２", [clause(1, Point(0.8, 0.2))]),
        ("near:青色", [clause(1, Colours(("#008080",)))]),
        ("near：青色，红", [clause(1, Colours(("#008080", "#ff0000")))]),
        ("near：＃ｅ０７Ａ５Ｆ", [clause(1, Colours(("#e07a5f",)))]),
        ("ｉｄ：１７ ＋ 敬畏", [clause(1, ImageId(17)), clause(1, Words("敬畏"))]),
        ("敬畏 ＆ 宁静", [clause(1, Words("敬畏"), Words("宁静"))]),
        ("“宁静 的 夜” － 恐惧", [clause(1, Words("宁静 的 夜")), clause(-1, Words("恐惧"))]),
        ("awe − fear", [clause(1, Words("awe")), clause(-1, Words("fear"))]),
        ("敬畏　＋　宁静", [clause(1, Words("敬畏")), clause(1, Words("宁静"))]),
        ("file:awe", [clause(1, ImageFile("awe"))]),
        ("word:near", [clause(1, Words("near"))]),
    ],
)
def test_constructs(text: str, clauses: list[Clause]) -> None:
    assert list(parse_query(text).clauses) == clauses


@pytest.mark.parametrize(
    ("arguments", "clauses"),
    [
        (["quiet", "evening"], [clause(1, Words("quiet evening"))]),
        (["awe", "-", "fear"], [clause(1, Words("awe")), clause(-1, Words("fear"))]),
        (
            ["2:awe + joy", "- fear"],
            [clause(2, Words("awe")), clause(1, Words("joy")), clause(-1, Words("fear"))],
        ),
    ],
)
def test_arguments_are_one_query(arguments: list[str], clauses: list[Clause]) -> None:
    assert list(parse_query(arguments).clauses) == clauses


def test_an_existing_file_is_one_term_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("joy - fear + awe.jpg").touch()
    Path("my photos").mkdir()
    Path("my photos/1.dat").touch()
    query = parse_query(["joy - fear + awe.jpg", "-", "my photos/1.dat"])
    assert list(query.clauses) == [
        clause(1, ImageFile("joy - fear + awe.jpg")),
        clause(-1, ImageFile("my photos/1.dat")),
    ]


def test_a_word_stays_a_word_beside_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("awe").touch()
    assert list(parse_query("awe").clauses) == [clause(1, Words("awe"))]


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
        ("near：", "'' is no colour; write near:#e07a5f"),
        ("near:青色，萝卜", "'萝卜' is no colour"),
        ("reading:!", "stands before a code"),
        ("file:", "write the path of an image"),
        ("word:", "write an emotion word behind it"),
        ("awe & ", "ends with a sign"),
        ("& awe", "'&' stands where a term is expected"),
        ("awe & - fear", "'-' stands where a term is expected"),
        ("awe & 2:fear", "have one weight, before the first of them"),
        ("awe &fear", "write ' & ' with a space on either side"),
    ],
)
def test_errors_say_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        # Two terms without a sign can only come as two arguments.
        parse_query(text.split(" ") if "./x.jpg" in text else text)
    assert caught.value.chinese != str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("awe + - fear", 6),
        ("awe +", 5),
        ("awe -fear", 4),
        ("宁静 + va:2,1", 5),
        ('"a b" + id:x', 8),
        ("2:near:zz", 2),
        ("宁静　＋　va：2，1", 5),
    ],
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
number = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
terms: st.SearchStrategy[Term] = (
    words.map(lambda text: Words(" ".join(text.split())))
    | st.integers(0, 10**9).map(ImageId)
    | st.builds(Point, number, number)
    | st.lists(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), min_size=1, max_size=3).map(tuple).map(Colours)
    | st.sampled_from(["./a.jpg", "/photos/b c.png", "../雪.webp"]).map(ImageFile)
)
clauses = st.builds(
    lambda weight, sign, terms: Clause(weight * sign, tuple(terms)),
    weights,
    st.sampled_from([1, -1]),
    st.lists(terms, min_size=1, max_size=3),
)


@given(st.lists(clauses, min_size=1, max_size=5))
def test_a_query_prints_itself(clauses: list[Clause]) -> None:
    query = Query(tuple(clauses))
    assert parse_query(str(query)) == query
    for number, clause in enumerate(clauses):
        for place, term in enumerate(clause.terms):
            assert str(query)[query.place(number, place) :].startswith(str(term))


@given(st.text(max_size=60) | st.text('12.:-+& "awejpg/', max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        query = parse_query(text, is_file=lambda _: False)
    except QueryError:
        return
    assert query.clauses
    again = str(query)
    assert str(parse_query(again, is_file=lambda _: False)) == again


def test_what_fuzzing_found() -> None:
    # A quote that nothing closes keeps nothing together.
    assert parse_query('calm" & near:#ff0000 - fear') == parse_query("calm & near:#ff0000 - fear")
    # What stands behind a weight is no second weight.
    assert str(parse_query("1:10: awe")) == '"word:10: awe"'
    assert parse_query('"word:10: awe"') == parse_query("1:10: awe")
    # A weight is written without exponent, and is no infinity.
    assert str(parse_query("1000000:awe")) == "1000000:awe"
    for large in ("1000001", "9" * 400):
        with pytest.raises(QueryError, match="too large; write one up to 1,000,000"):
            parse_query(f"{large}:awe")
