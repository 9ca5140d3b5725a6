from __future__ import annotations

import pytest
from PIL import Image

from emoir.images.formats import HEADER_LENGTH, sniff
from tests.pictures import encoded


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_what_pillow_writes_is_recognised(format: str) -> None:
    content = encoded(Image.new("RGB", (9, 7)), format)
    assert sniff(content[:HEADER_LENGTH]) == format


@pytest.mark.parametrize(
    "text", [b"", b"BM is how this sentence begins, no bitmap", b"RIFF1234WAVEfmt ", b"%PDF-1.7", b"\0" * 32]
)
def test_other_files_are_not(text: bytes) -> None:
    assert sniff(text[:HEADER_LENGTH]) is None


def test_a_film_in_the_same_container_is_none() -> None:
    assert sniff(b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41") is None


def test_a_bitmap_whose_reserved_bytes_are_used() -> None:
    content = bytearray(encoded(Image.new("RGB", (3, 2), (9, 8, 7)), "BMP"))
    content[6:10] = b"made"
    assert sniff(bytes(content[:32])) == "BMP"
    assert sniff(bytes(content[:26]) + b"\x02\0" + bytes(4)) is None
