from __future__ import annotations

from io import BytesIO

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from emoir.images.camera import camera_settings


def photograph(exif: Image.Exif) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (4, 3)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def test_what_a_camera_writes_is_read_as_people_write_it() -> None:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "FUJIFILM", "X-T4"
    inner = exif.get_ifd(IFD.Exif)
    inner |= {Base.ExposureTime: 0.004, Base.FNumber: 2.8, Base.ISOSpeedRatings: 400, Base.FocalLength: 35.0}
    gps = exif.get_ifd(IFD.GPSInfo)
    # 33° 51′ 24″ S is 33 + 51/60 + 24/3600 degrees.
    gps |= {GPS.GPSLatitudeRef: "S", GPS.GPSLatitude: (33.0, 51.0, 24.0)}
    gps |= {GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (151.0, 12.0, 36.0)}
    assert camera_settings(photograph(exif)) == {
        "camera": "FUJIFILM X-T4",
        "exposure": "1/250 s",
        "aperture": "f/2.8",
        "sensitivity": "ISO 400",
        "focal_length": "35 mm",
        "location": "-33.85667, 151.21000",
    }


def test_what_is_missing_or_spoilt_is_left_out() -> None:
    assert camera_settings(b"no image") == {}
    exif = Image.Exif()
    exif[Base.Model] = "x" * 500
    exif.get_ifd(IFD.Exif)[Base.ExposureTime] = float("nan")
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (1.0, 2.0)
    assert camera_settings(photograph(exif)) == {"camera": "x" * 80}
