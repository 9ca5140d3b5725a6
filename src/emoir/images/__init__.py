"""Files and bytes to upright sRGB pixels; folders to files; pixels to palettes and descriptors."""

from emoir.images.decode import Photograph, Pixels, decode, from_pillow

__all__ = ["Photograph", "Pixels", "decode", "from_pillow"]
