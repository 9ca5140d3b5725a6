"""Miniature files with the layouts that the lexicons' makers describe; the numbers are ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir.emotions import EKMAN, MIKELS, PLUTCHIK, POLARITY
from emoir.emotions.lexicon_files import read_lexicon
from emoir.emotions.phrases import parse_phrase
from emoir.errors import ModelError


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "lexicon.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_emolex(tmp_path: Path) -> None:
    emotions = sorted([*PLUTCHIK.names, *POLARITY.names])
    lines = [f"Harbour\t{name}\t{int(name in ('joy', 'trust', 'positive'))}" for name in emotions]
    lines += [f"table\t{name}\t0" for name in emotions]
    lines += [f"grade\t{name}\t{int(name == 'negative')}" for name in emotions]
    words = read_lexicon(write(tmp_path, *lines))
    assert set(words) == {"harbour", "grade"}
    shares = words["harbour"].distributions["plutchik"]
    assert shares.tolist() == [0.5 if name in ("joy", "trust") else 0 for name in PLUTCHIK.names]
    assert words["grade"].distributions["polarity"].tolist() == [1, 0]
    assert words["grade"].valence == 0.25


def test_vad_of_both_versions(tmp_path: Path) -> None:
    first = read_lexicon(write(tmp_path, "Word\tValence\tArousal\tDominance", "harbour\t0.7\t0.3\t0.5"))
    assert (first["harbour"].valence, first["harbour"].arousal) == (0.7, 0.3)
    lines = ["term\tvalence\tarousal\tdominance", "harbour\t0.4\t-0.4\t0", "wreck\t-1\t0.5\t0"]
    second = read_lexicon(write(tmp_path, *lines))
    assert second["harbour"].valence == pytest.approx(0.7)
    assert second["harbour"].arousal == pytest.approx(0.3)


def test_memolon(tmp_path: Path) -> None:
    header = "word\tvalence\tarousal\tdominance\tjoy\tanger\tsadness\tfear\tdisgust"
    words = read_lexicon(write(tmp_path, header, "harbour\t7\t3\t5\t4\t1\t2\t1\t1"))
    concept = words["harbour"]
    assert (concept.valence, concept.arousal) == (0.75, 0.25)
    expected = [{"joy": 0.75, "sadness": 0.25}.get(name, 0) for name in EKMAN.names]
    assert concept.distributions["ekman"].tolist() == pytest.approx(expected)


def test_cvaw(tmp_path: Path) -> None:
    header = "No.,Word,Valence_Mean,Valence_SD,Arousal_Mean,Arousal_SD"
    words = read_lexicon(write(tmp_path, header, "1,港灣,6.6,0.8,2.2,0.9"))
    assert words["港灣"].valence == pytest.approx(0.7)
    assert words["港灣"].arousal == pytest.approx(0.15)


def test_dutir(tmp_path: Path) -> None:
    header = "词语,词性种类,词义数,词义序号,情感分类,强度,极性,辅助情感分类,强度,极性"
    lines = [header, "踏实,adj,1,1,PE,5,1,,,", "惊慌,verb,1,1,NI,9,2,NC,5,2", "优秀,adj,1,1,PH,5,1,,,"]
    words = read_lexicon(write(tmp_path, *lines))
    assert set(words) == {"踏实", "惊慌"}
    assert words["踏实"].distributions["mikels"].tolist() == np.eye(8)[MIKELS.names.index("contentment")].tolist()
    assert words["惊慌"].distributions["mikels"].argmax() == MIKELS.names.index("fear")


def test_depeche_mood(tmp_path: Path) -> None:
    header = "\tAFRAID\tAMUSED\tANGRY\tANNOYED\tDONT_CARE\tHAPPY\tINSPIRED\tSAD\tfreq"
    words = read_lexicon(write(tmp_path, header, "harbour\t0.2\t0.1\t0\t0\t0.2\t0\t0\t0.3\t12"))
    shares = dict(zip(MIKELS.names, words["harbour"].distributions["mikels"].tolist(), strict=True))
    assert shares["sadness"] == pytest.approx(0.5)
    assert shares["fear"] == pytest.approx(1 / 3)
    assert shares["amusement"] == pytest.approx(1 / 6)


def test_traditional_words_are_found_in_either_writing(tmp_path: Path) -> None:
    words = read_lexicon(write(tmp_path, "Word\tValence_Mean\tArousal_Mean\n寧靜\t7\t2\n"))
    for phrase in ("寧靜的夜", "宁静的夜"):
        [part] = parse_phrase(phrase, words).parts
        assert part.concept.valence == pytest.approx(0.75)


def test_our_own_layout(tmp_path: Path) -> None:
    assert read_lexicon(write(tmp_path, "Hygge\tcontentment:1\tjoy:1\t0.8\t0.2"))["hygge"].valence == 0.8


def test_what_is_no_lexicon(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown layout; expected NRC EmoLex"):
        read_lexicon(write(tmp_path, "just a text"))
    with pytest.raises(ModelError, match="No such file"):
        read_lexicon(tmp_path / "nothing.txt")
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(ModelError, match="save it as UTF-8 text"):
        read_lexicon(tmp_path / "x.xlsx")
    with pytest.raises(ModelError, match="a line does not fit its layout"):
        read_lexicon(write(tmp_path, "Word\tValence\tArousal\tDominance", "harbour\tmuch\t0.3\t0.5"))
