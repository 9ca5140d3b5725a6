"""The command itself, as a process."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pexpect
import pytest
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

from emoir import Collection
from emoir.errors import IndexFileError
from tests.pictures import encoded, noise, save_photos


class Shell:
    """Runs the command in a folder, with an index of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "EMOIR_INDEX": str(folder / "test.emoir"), "COLUMNS": "200", "TERM": "dumb"}

    def __call__(self, *arguments: str | bytes, code: int = 0) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "emoir", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode(errors="replace")
        return done


@pytest.fixture
def emoir(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_alone_it_tells_what_to_do_first(emoir: Shell) -> None:
    assert b"emoir index ~/Pictures" in emoir().stdout


def test_help_is_short_to_ask_for_and_never_cut(emoir: Shell) -> None:
    emoir.environment["COLUMNS"] = "80"
    text = emoir("-h").stdout
    assert text == emoir("--help").stdout
    assert b"..." not in text.replace(b"[ARGS]...", b"")
    assert max(map(len, text.splitlines())) <= 80
    for command in (["search"], ["data"], ["data", "check"], ["export"]):
        assert emoir(*command, "-h").stdout == emoir(*command, "--help").stdout


def test_a_report_is_a_page_where_its_name_says_so(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 2)
    emoir("index", "photos")
    assert emoir("report", "--out", "page.html").stdout == b"page.html\n"
    assert b"<!doctype html>" in (emoir.folder / "page.html").read_bytes()
    assert b"name a page in a folder that is there" in emoir("report", "--out", "no/page.html", code=4).stderr
    emoir("report", "--out", "folder")
    assert (emoir.folder / "folder" / "figures").is_dir()


def test_a_catalogues_formulas_do_not_run_in_a_spreadsheet(emoir: Shell) -> None:
    save_photos(emoir.folder / "=photos", 2)
    formula = '=HYPERLINK("http://evil.example","x")'
    with (emoir.folder / "records.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["file", "id", "title", "@sum"], ["0000.jpg", "-1", formula, " +1+1"]])
    emoir("index", "=photos", "--catalogue", "records.csv")
    content = emoir("export", "--format", "excel").stdout
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0]["title"] == "'" + formula
    assert rows[0]["record"] == "'-1"
    assert rows[0]["record.@sum"] in ("' +1+1", "'+1+1")
    assert float(rows[0]["valence"]) >= 0
    plain = emoir("export").stdout.decode()
    assert next(csv.DictReader(io.StringIO(plain)))["title"] == formula


def test_version_and_completion(emoir: Shell) -> None:
    assert emoir("--version").stdout.startswith(b"emoir 0.")
    # The command looks which shell has started it. A shell whose last command this is would make room for it.
    asked = ["bash", "-c", f"'{sys.executable}' -m emoir --show-completion; exit $?"]
    assert b"complete" in subprocess.run(asked, env=emoir.environment, capture_output=True, check=True).stdout
    emoir.environment |= {"_EMOIR_COMPLETE": "complete_bash", "COMP_WORDS": "emoir sea", "COMP_CWORD": "1"}
    completed = subprocess.run(
        [Path(sys.executable).with_name("emoir")], env=emoir.environment, capture_output=True, check=True
    )
    assert completed.stdout.split() == [b"search"]


def test_a_picture_that_lacks_a_part_is_said_to(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 2)
    assert json.loads(emoir("describe", "photos/0000.jpg", "--format", "json").stdout)[0]["incomplete"] is False
    picture = emoir.folder / "photos" / "cut.png"
    Image.fromarray(noise(200, 1)).save(picture)
    content = picture.read_bytes()
    picture.write_bytes(content[: int(len(content) * 0.98)])
    emoir("index", "photos")
    assert f"partial  1\n  {picture}: a part is missing" in emoir("status").stdout.decode()
    assert json.loads(emoir("status", "--format", "json").stdout)["incomplete"] == [str(picture)]
    rows = csv.DictReader(io.StringIO(emoir("export").stdout.decode()))
    assert [Path(row["path"]).name for row in rows if row["incomplete"] == "True"] == ["cut.png"]
    assert (
        "  incomplete: a part of the picture is missing from its file"
        in emoir("describe", str(picture)).stdout.decode()
    )
    with Collection(emoir.folder / "test.emoir") as collection:
        assert collection.status().incomplete == (os.fsencode(picture),)


def test_index_search_status_export(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 5)
    done = emoir("index", "photos")
    assert done.stdout == b""
    assert b"5 read, 0 files unchanged. The index holds 5 images." in done.stderr
    emoir.environment |= {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
    assert "读取 0, 未变 5 个文件。索引中共有 5 张图片。" in emoir("index").stderr.decode()
    assert emoir().stdout.decode().startswith("emoir 按图片唤起的情感查找图片。")
    assert emoir("backup", "copy").stderr.decode().endswith("5 张图片，5 个文件；已核对。\n")
    (emoir.folder / "letter.jpg").write_text("Dear diary,")
    described = emoir("describe", "letter.jpg", "photos/0000.jpg", code=3)
    assert "letter.jpg: 不是图片：开头没有任何已知图片格式的标记" in described.stderr.decode()
    assert "色彩鲜艳" in described.stdout.decode()
    # Programs read the same words everywhere.
    table = emoir("search", "宁静", "--format", "tsv", "--all").stdout.decode().splitlines()
    assert [len(row.split("\t")) for row in table] == [8] * 6
    assert table[0].split("\t")[2:4] == ["emotion", "share"]
    assert "没有把握" in emoir("search", "宁静", "--all", "--format", "table").stdout.decode()
    emoir.environment["LANG"] = "C.UTF-8"

    lines = emoir("search", "awe", "-n", "3", "--all").stdout.decode().splitlines()
    assert lines[0].split() == ["score", "id", "emotion", "share", "valence", "arousal", "sure", "path"]
    assert len(lines) == 4
    assert all(line.split()[-1].startswith("photos/000") for line in lines[1:])

    records = json.loads(emoir("search", "va:0.8,0.2", "--format", "json", "--all").stdout)
    assert len(records) == 5
    assert records[0]["score"] >= records[4]["score"]

    status = emoir("status").stdout.decode()
    assert "images   5 in 5 files" in status
    assert "research use" in status
    assert json.loads(emoir("status", "--format", "json").stdout)["images"] == 5

    rows = list(csv.DictReader(io.StringIO(emoir("export").stdout.decode())))
    assert [Path(row["path"]).name for row in rows] == [f"{number:04}.jpg" for number in range(5)]
    assert sum(float(rows[0][f"mikels.{name}"]) for name in ("awe", "fear")) > 0
    assert len(json.loads(emoir("export", "--format", "json").stdout)) == 5
    emoir("export", "--output", "rows.npy")
    assert np.load(emoir.folder / "rows.npy").shape == (5, 210)
    emoir("export", "--output", "readings.json")
    assert len(json.loads((emoir.folder / "readings.json").read_text())) == 5
    assert b"name the format with --format" in emoir("export", "--output", "readings.txt", code=2).stderr
    emoir("export", "--format", "csv", "--output", "readings.txt")
    emoir("export", "--output", "readings.parquet")
    assert parquet.read_table(emoir.folder / "readings.parquet").num_rows == 5
    assert b"name a file with --output" in emoir("export", "--format", "npy", code=2).stderr


def test_catalogue_and_features(emoir: Shell) -> None:
    def lines_of(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((emoir.folder / name).read_text(encoding="utf-8"))))

    save_photos(emoir.folder / "photos", 3)
    (emoir.folder / "records.csv").write_text(
        "file;id;title;url;Year\n0000.jpg;K 1;Har\u2028vest;https://example.org/1;1931\n0009.jpg;K 9;;;\n",
        encoding="utf-8",
    )
    printed = emoir("index", "photos", "--catalogue", "records.csv").stderr.decode()
    assert "records.csv: 2 records, 1 of them of indexed images." in printed
    assert "no indexed image is called 0009.jpg" in printed
    assert "records  2 records of" in emoir("status").stdout.decode()
    (emoir.folder / "slip.csv").write_text("file;title\n0000.jpeg;Harvest\n", encoding="utf-8")
    printed = emoir("index", "photos", "--catalogue", "slip.csv").stderr.decode()
    assert "no indexed image is called 0000.jpeg; did you mean 0000.jpg?" in printed
    (emoir.folder / "list.txt").write_text("photos/0001.jpeg\nphotos/0001.jpg\nelsewhere/0002.jpg\n")
    printed = emoir("search", "awe", "--from", "list.txt").stderr.decode()
    assert "no indexed image is called photos/0001.jpeg; did you mean 0001.jpg?" in printed
    namesake = emoir.folder / "photos" / "0002.jpg"
    assert f"no indexed image is called elsewhere/0002.jpg; did you mean {namesake}?" in printed
    emoir("index", "photos", "--catalogue", "records.csv")

    header, *lines = emoir("search", "awe", "--all").stdout.decode().splitlines()
    assert header.split()[-3:] == ["record", "title", "path"]
    assert sum("K 1" in line and r"Har\u2028vest" in line for line in lines) == 1
    tabbed = emoir("search", "awe", "--all", "--format", "tsv").stdout.decode().splitlines()
    assert tabbed[0].split("\t")[-5:] == ["record", "title", "url", "record.Year", "path"]
    assert sorted(row.split("\t")[-2] for row in tabbed[1:]) == ["", "", "1931"]
    found = json.loads(emoir("search", "awe", "--all", "--format", "json").stdout)
    assert sorted(bool(match["record"]) for match in found) == [False, False, True]

    assert "features.codebook.csv" in emoir("export", "--features", "-o", "features.csv").stderr.decode()
    [first, *_] = lines_of("features.csv")
    assert [entry["name"] for entry in lines_of("features.codebook.csv")] == list(first)
    assert (first["record"], first["record.Year"], float(first["lightness"]) > 0) == ("K 1", "1931", True)
    described = json.loads(emoir("describe", "photos/0000.jpg", "--format", "json").stdout)[0]["descriptors"]
    assert {name: float(first[name]) for name in described} == described
    emoir("export", "--features", "-o", "features.npy", "--codebook", "book.csv")
    # The table's own codebook stays what it was.
    emoir("export", "--features", "-o", "features.npy")
    assert lines_of("features.npy.codebook.csv") == lines_of("book.csv")
    assert [entry["name"] for entry in lines_of("features.codebook.csv")] == list(first)
    numbers, names = np.load(emoir.folder / "features.npy"), [entry["name"] for entry in lines_of("book.csv")]
    assert numbers.shape == (3, len(names))
    assert numbers[0, names.index("lightness")] == pytest.approx(float(first["lightness"]))
    (emoir.folder / "photos" / "0001.jpg").unlink()
    done = emoir("export", "--features", "--format", "json", code=3)
    assert b"0001.jpg: cannot be read" in done.stderr
    exported = json.loads(done.stdout)
    assert exported[0]["record"]["columns"] == {"Year": "1931"}
    assert [entry["features"]["lightness"] is None for entry in exported] == [False, True, False]


def test_select(emoir: Shell) -> None:
    for box in range(3):
        save_photos(emoir.folder / "photos" / str(box), 10, first_seed=10 * box)
    emoir("index", "photos")
    chosen = emoir("select", "-n", "5", "--per-folder", "2", "--seed", "4")
    assert chosen.stdout.decode().splitlines()[0].split()[:2] == ["id", "emotion"]
    assert chosen.stderr == b""
    assert emoir("select", "-n", "5", "--per-folder", "2", "--seed", "4").stdout == chosen.stdout
    paths = emoir("select", "-n", "6", "--per-folder", "2", "-0").stdout
    assert [paths.count(f"/{box}/".encode()) for box in range(3)] == [2, 2, 2]
    assert (
        b"30 images meet the conditions; 7 were asked for, and 6 can be taken"
        in emoir("select", "-n", "7", "--per-folder", "2", code=4).stderr
    )
    assert b"meets all conditions" in emoir("select", "--valence", "..0.01", code=1).stderr

    rows = list(csv.DictReader(io.StringIO(emoir("export").stdout.decode())))
    middle = np.median([float(row["valence"]) for row in rows])
    conditions = ("--condition", f"high: valence {middle:.3f}..", "--condition", f"low: valence ..{middle - 0.001:.3f}")
    matched = emoir("select", "-n", "4", *conditions, "--format", "tsv")
    assert [line.split("\t")[:2] for line in matched.stdout.decode().splitlines()[:3]] == [
        ["condition", "set"],
        ["high", "1"],
        ["low", "1"],
    ]
    table = matched.stderr.decode()
    assert [table.count(name) for name in ("luminance", "size", "valence")] == [1, 1, 1]
    answer = json.loads(emoir("select", "-n", "4", *conditions, "--match", "warmth,size", "--format", "json").stdout)
    assert [row["variable"] for row in answer["balance"]] == ["warmth", "size", "valence", "arousal"]
    high, low = answer["balance"][2]["means"]
    assert low < middle < high
    assert len(answer["images"]) == 8
    assert b"name two different conditions" in emoir("select", *conditions[:2], code=2).stderr
    assert b"no variable 'beauty'" in emoir("select", "--match", "beauty", code=2).stderr


def test_report(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 6)
    (emoir.folder / "photos" / "letter.jpg").write_text("this is no image")
    (emoir.folder / "empty").mkdir()
    emoir("index", "photos", "empty", code=3)
    done = emoir("report", "--title", "雪", "--language", "zh")
    assert done.stdout.decode().strip() == os.path.join("report", "index.html")
    html = (emoir.folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "<h1>雪</h1>" in html
    assert html.count("letter.jpg") == 1
    assert len(list((emoir.folder / "report" / "figures").glob("*.svg"))) == 4
    assert b"nothing is indexed there" in emoir("report", "--in", "empty", code=1).stderr
    emoir("report", "--in", "photos", "--out", "a/b")
    assert (emoir.folder / "a" / "b" / "index.html").exists()


def test_search_looks_below_the_current_folder(emoir: Shell) -> None:
    save_photos(emoir.folder / "a", 2)
    save_photos(emoir.folder / "b", 2, first_seed=10)
    emoir("index", "a", "b")
    assert emoir("search", "awe", "--in", "b", "--format", "paths").stdout.count(b"/b/") == 2
    emoir.folder = emoir.folder / "a"
    assert emoir("search", "awe", "--format", "paths").stdout.count(b"\n") == 2
    assert emoir("search", "awe", "--everywhere", "--format", "paths").stdout.count(b"\n") == 4
    (emoir.folder / "empty").mkdir()
    emoir.folder = emoir.folder / "empty"
    nothing = emoir("search", "awe", code=1)
    assert b"4 elsewhere" in nothing.stderr
    assert f"emoir index {emoir.folder}".encode() in nothing.stderr
    assert b"nowhere is no folder" in emoir("search", "awe", "--in", "nowhere", code=1).stderr
    assert b"--everywhere" in nothing.stderr
    assert emoir("search", "awe", "--format", "json", code=1).stdout == b"[]\n"


def test_names_that_are_hard_to_print(emoir: Shell) -> None:
    folder = emoir.folder / "photos"
    folder.mkdir()
    names = [b"two words.png", b"new\nline.png", b"tab\there.png", "雪 🏔.png".encode(), b"caf\xe9.png", b"\x1b[31m.png"]
    for number, name in enumerate(names):
        content = encoded(Image.fromarray(noise(32, number)), "PNG")
        with open(os.path.join(os.fsencode(folder), name), "wb") as stream:
            stream.write(content)
    with open(os.path.join(os.fsencode(folder), b"broken\n\xe9.jpg"), "wb") as stream:
        stream.write(b"no image at all")
    assert rb"broken\n\udce9.jpg: not an image" in emoir("index", "photos", code=3).stderr

    found = emoir("search", "awe", "-0").stdout
    assert found.endswith(b"\0")
    assert {os.path.basename(path) for path in found[:-1].split(b"\0")} == set(names)
    shown = emoir("search", "awe").stdout
    assert len(shown.splitlines()) == len(names) + 1
    assert b"\x1b" not in shown
    assert len(emoir("search", "awe", "--format", "tsv").stdout.splitlines()) == len(names) + 1
    assert rb"caf\udce9.png" in emoir("export").stdout
    assert b"\x1b" not in emoir("status").stdout
    assert len(json.loads(emoir("search", "awe", "--format", "json").stdout)) == len(names)
    # A name that came out of a search goes back in as an example.
    example = os.path.join(os.fsencode(folder), b"caf\xe9.png")
    assert emoir("search", example, "-0").stdout.count(b"\0") == len(names) - 1
    described = emoir("describe", example, "--format", "json").stdout
    assert os.fsencode(json.loads(described)[0]["path"]) == example


def test_a_large_example_is_refused_by_name_of_the_option(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 2)
    [example] = save_photos(emoir.folder, 1, first_seed=5)
    emoir("index", "photos")
    refused = emoir("search", str(example), "--max-pixels", "100", code=2)
    assert b"max-pixels" in refused.stderr
    assert emoir("search", str(example), "--all", "-0").stdout.count(b"\0") == 2


def test_describe(emoir: Shell) -> None:
    [path] = save_photos(emoir.folder, 1)
    (emoir.folder / "letter.jpg").write_text("dear sir or madam, this is no image")
    done = emoir("describe", "letter.jpg", str(path), "--format", "json", code=3)
    bad, good = json.loads(done.stdout)
    assert bad == {"path": "letter.jpg", "error": "not an image: no known signature in its first bytes"}
    assert list(good)[:6] == ["path", "distributions", "valence", "arousal", "confidence", "monochrome"]
    assert b"letter.jpg: not an image" in done.stderr
    table = emoir("describe", str(path)).stdout.decode()
    assert "contentment" in table
    assert "valence" in table
    [row] = csv.DictReader(io.StringIO(emoir("describe", str(path), "--format", "csv").stdout.decode()))
    assert float(row["mikels.awe"]) == good["distributions"]["mikels"]["awe"]


def test_exit_codes(emoir: Shell) -> None:
    assert b"nothing has been indexed yet" in emoir("search", "awe", code=4).stderr
    assert b"no folder has been indexed yet" in emoir("index", code=4).stderr
    save_photos(emoir.folder / "photos", 1)
    emoir("index", "photos")
    assert b"Did you mean" in emoir("search", "lonley", code=2).stderr
    assert emoir("search", code=2).stdout == b""
    assert emoir("serach", "awe", code=2).stdout == b""
    assert emoir("index", "--workers", "0", code=2).stdout == b""
    printed = emoir("search", "sad", "winter", "dog", "--all").stderr
    assert b"not understood and not used: winter\n" in printed
    assert (
        b"not searched: dog; this model does not see what pictures show; add one that does: emoir model add" in printed
    )
    undated = emoir("search", "awe", "--taken", "2019", code=1).stderr
    assert b"images without a camera's date are never among --taken" in undated
    assert b"is no model folder" in emoir("describe", "x.jpg", "--model", ".", code=4).stderr


def test_mistakes_are_one_line(emoir: Shell) -> None:
    [path] = save_photos(emoir.folder / "photos", 1)
    emoir("index", "photos")
    done = emoir("describe", f"{path}/b.jpg", "x" * 300 + ".jpg", str(path), "--format", "json", code=3)
    assert ["error" in record for record in json.loads(done.stdout)] == [True, True, False]
    for arguments, code in (
        (("search", "id:99999999999999999999"), 2),
        (("search", "id:12345"), 2),
        (("search", "awe -fear"), 2),
        (("search", "awe", "-fear"), 2),
        (("search", "awe", "-2:fear"), 2),
        (("search", "awe", "--sort", "newset"), 2),
        (("search", "awe", "--model", "nowhere"), 4),
        (("serve", "--model", "nowhere"), 4),
        (("search", "awe", "--from", "nowhere"), 2),
        (("search", "awe", "--lexicon", "nowhere"), 4),
        (("select", "--condition", "b: valenc ..0.4"), 2),
        (("report", "--out", str(path)), 4),
        (("explain", str(path), "--out", "e.jpg"), 4),
        (("export", "--output", "/nowhere/x.csv"), 4),
        (("export", "--features", "--codebook", "/nowhere/x.csv"), 4),
        (("export", "--output", "photos", "--format", "csv"), 4),
    ):
        failed = emoir(*arguments, code=code)
        # One line, and for a query the place in it below.
        lines = failed.stderr.decode().splitlines()
        assert len(lines) == (3 if arguments[0] == "search" and lines[-1].endswith("^") else 1), failed.stderr
    command = f"{sys.executable} -m emoir search awe > /dev/full"
    full = subprocess.run(
        ["bash", "-c", command], cwd=emoir.folder, env=emoir.environment, capture_output=True, check=False
    )
    assert full.returncode == 4
    assert full.stderr.splitlines()[0] == b"emoir: No space left on device"


def test_a_terminal_without_the_characters(emoir: Shell) -> None:
    [path] = save_photos(emoir.folder / "写真", 1)
    emoir.environment["PYTHONIOENCODING"] = "cp1252"
    emoir("index", ".")
    assert b"awe" in emoir("describe", str(path)).stdout
    assert rb"\u5199\u771f/0000.jpg" in emoir("search", "awe").stdout


def test_a_second_model_names_two_ways_out(emoir: Shell, other_model: Path) -> None:
    save_photos(emoir.folder / "photos", 1)
    emoir("index", "photos")
    refused = emoir("index", "--model", str(other_model), code=4).stderr
    assert b"--index" in refused
    assert b"--rebuild --model" in refused
    assert b"1 read" in emoir("index", "--model", str(other_model), "--rebuild").stderr


def test_a_reader_who_has_seen_enough(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 30, side=16)
    emoir("index", "photos")
    command = f"{sys.executable} -m emoir search awe -n 30 | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=emoir.folder, env=emoir.environment, capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.returncode == 0


def test_progress_on_a_terminal(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 40)
    command = pexpect.spawn(
        sys.executable,
        ["-m", "emoir", "index", "photos"],
        cwd=str(emoir.folder),
        env={**emoir.environment, "TERM": "xterm"},
    )
    command.expect(r"reading images.*/40")
    command.expect("40 read")
    command.expect(pexpect.EOF)
    command.close()
    assert command.exitstatus == 0


def sixels(written: bytes) -> NDArray[np.uint8]:
    """The pixels that a terminal with sixel graphics shows, as DEC describes them."""
    [data] = re.findall(rb"\x1bP[^q]*q(?:\"[\d;]*)?(.*?)\x1b\\", written, re.DOTALL)
    pixels, colours = np.zeros((2000, 2000, 3), np.uint8), dict[int, list[int]]()
    x = y = number = 0
    for register, red, green, blue, select, times, sign in re.findall(
        rb"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|(?:!(\d+))?([?-~$-])", data
    ):
        if register:
            number = int(register)
            colours[number] = [round(int(part) * 2.55) for part in (red, green, blue)]
        elif select:
            number = int(select)
        elif sign in b"$-":
            x, y = 0, y + 6 * (sign == b"-")
        else:
            width, bits = int(times or 1), sign[0] - 63
            for row in (row for row in range(6) if bits >> row & 1):
                pixels[y + row, x : x + width] = colours[number]
            x += width
    drawn = np.any(pixels > 0, axis=2)
    height, width = int(np.any(drawn, axis=1).sum()), int(np.any(drawn, axis=0).sum())
    return pixels[:height, :width]


def kitty(written: bytes) -> NDArray[np.uint8]:
    """The pixels that kitty shows: a PNG in pieces."""
    pieces = re.findall(rb"\x1b_Gi=\d+,m=[01],f=100,q=2;(.*?)\x1b\\", written)
    with Image.open(io.BytesIO(base64.b64decode(b"".join(pieces)))) as image:
        return np.asarray(image.convert("RGB"))


def blocks(written: bytes) -> NDArray[np.uint8]:
    """The first and the last colour of the blocks that any other terminal shows."""
    colours = re.findall(rb"38;2;(\d+);(\d+);(\d+)", written)
    return np.array([[colours[0], colours[-1]]]).astype(np.uint8)


# What a terminal says of itself when it is asked: sixel graphics are 4, and kitty answers a question of its own.
TERMINALS = {
    sixels: (("search", "awe", "--all"), "\x1b[?62;4;22c"),
    kitty: (("describe", "photos/flag.png"), "\x1b[?62;22c\x1b_Gi=1;OK\x1b\\"),
    blocks: (("describe", "photos/flag.png"), "\x1b[?62;22c"),
}


def test_previews_on_three_terminals_are_the_picture(emoir: Shell) -> None:
    (emoir.folder / "photos").mkdir()
    flag = Image.new("RGB", (60, 40), (200, 30, 90))
    flag.paste((20, 40, 210), (30, 0, 60, 40))
    flag.save(emoir.folder / "photos" / "flag.png")
    emoir("index", "photos")
    for shown, (command, terminal) in TERMINALS.items():
        process = pexpect.spawn(
            sys.executable,
            ["-m", "emoir", *command, "--preview"],
            cwd=str(emoir.folder),
            env={**emoir.environment, "TERM": "xterm", "COLORTERM": "truecolor"},
            dimensions=(40, 100),
        )
        # Before the question: the program waits for the answer a tenth of a second only.
        process.send(terminal)
        process.expect(pexpect.EOF)
        process.close()
        assert process.exitstatus == 0
        assert b"Traceback" not in process.before
        assert b"flag.png" in process.before
        pixels = shown(process.before)
        for side, colour in ((pixels[:, 0], (200, 30, 90)), (pixels[:, -1], (20, 40, 210))):
            assert np.abs(side.astype(int) - colour).max() <= 12, shown.__name__
        if shown is not blocks:
            assert pixels.shape[1] / pixels.shape[0] == pytest.approx(1.5, abs=0.1)


def test_previews_need_a_terminal(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 1)
    emoir("index", "photos")
    done = emoir("search", "awe", "--all", "--preview", code=4)
    assert b"--preview needs a terminal" in done.stderr


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_nothing_is_lost(emoir: Shell, blow: signal.Signals) -> None:
    folder = emoir.folder / "photos"
    save_photos(folder, 600, side=24)
    process = subprocess.Popen(
        [sys.executable, "-m", "emoir", "index", "photos", "--workers", "1"],
        cwd=emoir.folder,
        env=emoir.environment,
        stderr=subprocess.PIPE,
        # A shell that runs tests in the background has them ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    location = Path(emoir.environment["EMOIR_INDEX"])
    while process.poll() is None and committed(location) == 0:
        pass
    process.send_signal(blow)
    _, talk = process.communicate()
    done = committed(location)
    assert 0 < done < 600
    if blow is signal.SIGINT:
        assert process.returncode == 130
        assert b"Everything read so far is safe" in talk
    finished = emoir("index", "photos").stderr
    assert f"{600 - done} read, {done} file{'' if done == 1 else 's'} unchanged".encode() in finished
    with Collection(location) as collection:
        metadata, readings, _ = collection.rows()
    assert [os.path.basename(item.path) for item in metadata] == [f"{number:04}.jpg".encode() for number in range(600)]
    assert len(readings) == 600


def committed(location: Path) -> int:
    """Images that an index holds at this moment."""
    if not location.exists():
        return 0
    try:
        with Collection(location) as collection:
            return collection.status().images
    except IndexFileError:
        # Between the file's appearance and its tables there is nothing to count.
        return 0
