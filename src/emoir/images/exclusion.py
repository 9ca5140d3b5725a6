"""Exclusion: folders and files that are no photographs of the user's, by their names or by the user's own lists."""

from __future__ import annotations

import codecs
import os
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
        self._rules = GitIgnoreSpec.from_lines(patterns)

    def excludes(self, path: bytes, *, folder: bool = False) -> bool:
        """Whether a file, or a folder, below is skipped."""
        rules: Exclusion | None = self
        while rules is not None:
            relative = os.fsdecode(os.path.relpath(path, rules._folder)).replace(os.sep, "/")
            included = rules._rules.check_file(relative + "/" if folder else relative).include
            if included is not None:
                return included
            rules = rules._outer
        return False


def exclusion_of(folder: bytes, content: bytes, outer: Exclusion | None) -> Exclusion | None:
    """The rules for a folder: those of its ``.emoirignore`` before those of the folders above it."""
    # PowerShell writes UTF-16.
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16", "replace") if wide else content.decode("utf-8-sig", "surrogateescape")
    return Exclusion(folder, [line for line in text.splitlines() if _is_pattern(line)], outer)


def _is_pattern(line: str) -> bool:
    """Whether a line is a valid pattern; an invalid one is skipped, as in git."""
    try:
        Exclusion(b"", [line])
    except ValueError:
        return False
    return True
