"""Raw photographs: the largest preview that the camera put into the file."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from typing import BinaryIO

from PIL import ExifTags, Image

# Quarter turns as LibRaw counts them, in EXIF's numbers.
ORIENTATIONS = {3: 3, 5: 8, 6: 6}


def raw_preview(stream: BinaryIO) -> bytes | None:
    """The largest preview of a raw photograph.

    Args:
        stream: the file.

    Returns:
        The content of a JPEG or PNG file that is upright or says how it is turned; None without rawpy.

    Raises:
        ValueError: if there is none, or the file is damaged.
    """
    if importlib.util.find_spec("rawpy") is None:
        return None
    import rawpy

    try:
        with rawpy.imread(stream) as raw:
            preview, flip = raw.extract_thumb().data, raw.sizes.flip
    except rawpy.LibRawError as error:
        raise ValueError(f"no preview in it ({error})") from error
    if not isinstance(preview, bytes):
        return _png(Image.fromarray(preview), flip)
    with Image.open(BytesIO(preview), formats=["JPEG"]) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation)
    return preview if turned or flip not in ORIENTATIONS else _with_orientation(preview, flip)


def _with_orientation(jpeg: bytes, flip: int) -> bytes:
    """The same JPEG with an EXIF segment first."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = ORIENTATIONS[flip]
    segment = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]


def _png(image: Image.Image, flip: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = ORIENTATIONS.get(flip, 1)
    stream = BytesIO()
    image.save(stream, "PNG", exif=exif, compress_level=1)
    return stream.getvalue()
