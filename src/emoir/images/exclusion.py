"""Exclusion: folders and files that are no photographs of the user's, by their names or by the user's own lists."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from enum import StrEnum

# Names, in lower case, that storage systems, recycle bins and file systems give to folders of their own.
HOUSEKEEPING = frozenset(
    [
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "@sharebin", "@appstore", "#recycle", "#snapshot"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "lost+found", "__macosx", "aquota.user"),
        *("found.000", "$extend", "network trash folder", "temporary items"),
    ]
)
# Packages in which photo managers keep originals, previews and faces; the originals are exported from them.
LIBRARIES = (
    *(".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".lrdata", ".lrlibrary"),
    *(".cocatalog", ".cosessiondb", ".tvlibrary", ".musiclibrary", ".imovielibrary"),
)
# The group in pathspec's expressions that matches where a folder ends.
FOLDER_END = "ps_d"
# What pathspec reads otherwise than git, and how it reads the same: a tab ends no pattern, blanks behind a kept one go,
# three stars are two, **/ is any folder, a/**/ is not a, and [:digit:] is a class.
CLASSES = {"alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "digit": "0-9", "lower": "a-z", "upper": "A-Z"}
AS_GIT = (
    *((re.compile(rf"\[:{name}:\]"), characters) for name, characters in CLASSES.items()),
    (re.compile(r"\t(?=[\t ]*$)"), "[\t]"),
    (re.compile(r"(?<=\\ ) +$"), ""),
    (re.compile(r"(?<!\\)\*{3,}"), "**"),
    (re.compile(r"^(!?)(?:\*|/?\*\*|/?\*\*/\*)/ *$"), r"\1?*/"),
    (re.compile(r"(?<=.)/\*\*/ *$"), "/**/*/"),
)
NO_MEDIA, IGNORE_FILE = b".nomedia", b".emoirignore"
# How emoir explain ends the names of its figures, which are no photographs.
FIGURE_ENDING = "-explained.png"


class SkipReason(StrEnum):
    """Why a folder was not looked into."""

    HOUSEKEEPING = "of recycle bins and storage systems"
    LIBRARY = "of photo libraries"
    NO_MEDIA = "with .nomedia"
    EXCLUDED = "excluded"
    LINK = "linked"


def skip_by_name(name: bytes) -> SkipReason | None:
    """Why a folder of this name is not looked into; None if it is.

    Example:
        >>> skip_by_name(b"@eaDir"), skip_by_name(b"Rome")
        (<SkipReason.HOUSEKEEPING: 'of recycle bins and storage systems'>, None)
    """
    lower = os.fsdecode(name).casefold()
    if lower in HOUSEKEEPING or lower.startswith(".trash"):
        return SkipReason.HOUSEKEEPING
    return SkipReason.LIBRARY if lower.endswith(LIBRARIES) else None


class Exclusion:
    """Patterns of paths to skip, in the syntax of gitignore, each list for one folder and what is below it.

    Args:
        folder: to which the patterns are relative.
        patterns: the lines of a ``.emoirignore``, or those of the command line.
        outer: the rules of a folder further up; they count only where these have no match.

    Example:
        >>> rules = Exclusion(b"/photos", ["*.png", "!logo.png", "scans/"])
        >>> rules.excludes(b"/photos/a/b.png"), rules.excludes(b"/photos/scans", folder=True)
        (True, True)
    """

    def __init__(self, folder: bytes, patterns: Sequence[str], outer: Exclusion | None = None) -> None:
        # Loaded where there is a pattern: every search would wait for it.
        from pathspec import GitIgnoreSpec

        self._folder, self._outer = folder, outer
        read = GitIgnoreSpec.from_lines(map(_as_git_reads, patterns)).patterns
        self._rules = [(rule.regex, rule.include) for rule in reversed(read) if rule.regex is not None]

    def excludes(self, path: bytes, *, folder: bool = False) -> bool:
        """Whether a file, or a folder, below is skipped."""
        rules: Exclusion | None = self
        while rules is not None:
            relative = os.fsdecode(os.path.relpath(path, rules._folder)).replace(os.sep, "/")
            excluded = rules._decision(relative + "/" if folder else relative)
            if excluded is not None:
                return bool(excluded)
            rules = rules._outer
        return False

    def _decision(self, relative: str) -> bool | None:
        """What the last rule says that is about a path itself; those about a folder above it were asked before."""
        for regex, excluded in self._rules:
            # pathspec also matches what is below a folder, and marks where the folder ends. A rule without the mark is
            # for what lies below.
            marks = FOLDER_END in regex.groupindex
            found = regex.search(relative if marks else relative.removesuffix("/"))
            if found is not None and (not marks or found.end(FOLDER_END) in (-1, len(relative))):
                return excluded
        return None


def exclusion_of(folder: bytes, content: bytes, outer: Exclusion | None) -> Exclusion | None:
    """The rules for a folder: those of its ``.emoirignore`` before those of the folders above it."""
    # PowerShell writes UTF-16.
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16", "replace") if wide else content.decode("utf-8-sig", "surrogateescape")
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return Exclusion(folder, [line for line in lines if _is_pattern(line)], outer)


def _as_git_reads(pattern: str) -> str:
    for ours, same in AS_GIT:
        pattern = ours.sub(same, pattern)
    return pattern


def _is_pattern(line: str) -> bool:
    """Whether a line is a valid pattern; an invalid one is skipped, as in git."""
    try:
        Exclusion(b"", [line])
    except ValueError:
        return False
    return True
