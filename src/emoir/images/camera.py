"""Camera settings: with what, how and where a photograph was taken."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

from PIL import ExifTags, Image
from PIL.ExifTags import GPS, IFD, Base

from emoir.images.decode import PILLOW_NAMES, register_heif
from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.formats import RAW, identify
from emoir.images.raw import raw_preview

# Texts of a file are cut to this many characters.
LONGEST = 80


def camera_settings(content: bytes) -> dict[str, str]:
    """The settings in a picture's EXIF, ready to be read by people.

    Args:
        content: of an image file.

    Returns:
        Any of ``camera``, ``lens``, ``exposure``, ``aperture``, ``sensitivity``, ``focal_length`` and ``location``
        (latitude and longitude in degrees); what is missing or damaged is left out.

    Example:
        >>> exif, stream = Image.Exif(), BytesIO()
        >>> exif[Base.Make], exif[Base.Model] = "NIKON", "NIKON Z 6"
        >>> Image.new("RGB", (1, 1)).save(stream, "JPEG", exif=exif)
        >>> camera_settings(stream.getvalue())
        {'camera': 'NIKON Z 6'}
    """
    stream = BytesIO(content)
    with suppress(*DECODER_ERRORS):
        name = identify(stream)
        if name == RAW:
            return camera_settings(raw_preview(stream) or b"")
        if name == "HEIF":
            register_heif()
        if name is not None:
            with Image.open(stream, formats=[PILLOW_NAMES.get(name, name)]) as image:
                return _settings(image.getexif())
    return {}


def _settings(exif: Image.Exif) -> dict[str, str]:
    inner = {**exif, **exif.get_ifd(IFD.Exif)}
    found: dict[str, str | None] = {
        "camera": _camera(_text(inner.get(Base.Make)), _text(inner.get(Base.Model))),
        "lens": _text(inner.get(Base.LensModel)),
        "exposure": _exposure(_number(inner.get(Base.ExposureTime))),
        "aperture": _unit("f/{:.2g}", inner.get(Base.FNumber)),
        "sensitivity": _unit("ISO {:.0f}", inner.get(Base.ISOSpeedRatings)),
        "focal_length": _unit("{:.3g} mm", inner.get(Base.FocalLength)),
        "location": _location(exif.get_ifd(ExifTags.IFD.GPSInfo)),
    }
    return {name: text[:LONGEST] for name, text in found.items() if text}


def _text(value: object) -> str:
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """A positive number; None for anything else, such as a fraction over zero."""
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if 0 < number < 1e9 else None


def _camera(make: str, model: str) -> str:
    # Most models begin with the name of their maker.
    return model if model.lower().startswith(make.split(" ")[0].lower()) else f"{make} {model}".strip()


def _exposure(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return f"{seconds:.3g} s" if seconds >= 0.3 else f"1/{1 / seconds:.0f} s"


def _unit(form: str, value: object) -> str | None:
    number = _number(value)
    return None if number is None else form.format(number)


def _location(gps: dict[int, object]) -> str | None:
    places = []
    for value, side, negative, most in (
        (GPS.GPSLatitude, GPS.GPSLatitudeRef, "S", 90),
        (GPS.GPSLongitude, GPS.GPSLongitudeRef, "W", 180),
    ):
        parts = gps.get(value)
        if not isinstance(parts, tuple) or len(parts) != 3:
            return None
        degrees = sum(float(part) / 60**place for place, part in enumerate(parts))
        if not 0 <= degrees <= most:
            return None
        places.append(-degrees if gps.get(side) == negative else degrees)
    return f"{places[0]:.5f}, {places[1]:.5f}"
