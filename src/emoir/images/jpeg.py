"""JPEG files as scans: whether all are there, and a sound file made of what is left of another."""

from __future__ import annotations

import re
import struct

from emoir.images.rows import UNWRITTEN, rows_of, share_of_rows

# ITU-T T.81, table B.1: segments that may follow a scan, frames, and what ends entropy-coded data.
FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
SEGMENTS = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)}
START_OF_SCAN, END_OF_IMAGE = 0xDA, b"\xff\xd9"
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Entropy-coded data of any kind; whether a picture changes by it says where its own data ended.
FILLER = b"\x55\xa9\x3c" * 2000
# What counts as there of a picture that shows all, but coarsely.
COARSE = 0.95


def jpeg_share(content: bytes) -> float:
    """The share of a JPEG's rows that its own data makes; decoders fill the rest with one colour, in silence.

    A file whose scans leave out coefficients counts as almost all there: it shows all of the picture, but coarsely.
    """
    if not has_all_scans(content):
        return COARSE
    found = mend_jpeg(content)
    return 0.0 if found is None else found[1]


def has_all_scans(content: bytes) -> bool:
    """Whether the scans of a JPEG bring every coefficient to its last bit, as progressive ones do one by one."""
    return _end_of_scans(content) is not None


def mend_jpeg(content: bytes) -> tuple[bytes, float] | None:
    """A JPEG with an end, and the share of its rows that its own data makes; None if a scan is missing."""
    end = _end_of_scans(content)
    if end is None:
        return None
    body = content[:end]
    written = body.rstrip(b"\0\xff")
    if len(body) - len(written) >= UNWRITTEN:
        body = written
    whole = body + END_OF_IMAGE
    return whole, share_of_rows(rows_of(whole, "JPEG"), rows_of(body + FILLER + END_OF_IMAGE, "JPEG"))


def _end_of_scans(content: bytes) -> int | None:
    """Where the entropy-coded data of the last scan ends; None if coefficients of some component never came."""
    at, end = 2, None
    # Component to the lowest bit that is known of each of its 64 coefficients.
    known: dict[int, list[int]] = {}
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack_from(">H", content, at + 2)[0]
        if marker == 0xFF:
            at += 1
            continue
        body = content[at + 4 : at + 2 + length]
        if len(body) != length - 2:
            break
        if marker in FRAMES:
            known = {body[6 + 3 * number]: [16] * 64 for number in range(body[5])}
        elif marker == START_OF_SCAN:
            count = body[0]
            components = [body[1 + 2 * number] for number in range(count)]
            if length != 6 + 2 * count or not known.keys() >= set(components):
                break
            first, last, bits = body[1 + 2 * count : 4 + 2 * count]
            if all(known[component][first] == 0 for component in components):
                # Nothing is left to be said of them: this is no scan.
                break
            for component in components:
                known[component][first : last + 1] = [bits & 15] * (min(last, 63) + 1 - first)
            found = MARKER.search(content, at + 2 + length)
            end = at = len(content) if found is None else found.start()
            continue
        elif marker not in SEGMENTS:
            break
        at += 2 + length
    complete = known and all(bit == 0 for bits in known.values() for bit in bits)
    return end if complete else None
