"""Errors of decoders on damaged data, as one cause in plain words."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from emoir.errors import UndecodableImageError
from emoir.limits import RetryReason

# Decoders meet hostile bytes with any of these; each means that the file cannot be decoded.
DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError,
                  ArithmeticError, struct.error, zlib.error, RuntimeError, NotImplementedError)  # fmt: skip


@contextmanager
def decoder_errors(format: str = "image") -> Iterator[None]:
    """Turn whatever a decoder raises on damaged data into an UndecodableImageError.

    Args:
        format: what the file is, for the message.

    Raises:
        UndecodableImageError: whose message is the cause in one line.

    Example:
        >>> with decoder_errors():
        ...     raise IndexError("out of bounds")
        Traceback (most recent call last):
        emoir.errors.UndecodableImageError: damaged: out of bounds
    """
    try:
        yield
    except UndecodableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UndecodableImageError(
            "over Pillow's own pixel limit; raise PIL.Image.MAX_IMAGE_PIXELS", retry_when=RetryReason.PIXELS
        ) from error
    except UnidentifiedImageError as error:
        raise UndecodableImageError(f"damaged, or a kind of {format} that cannot be read") from error
    except DECODER_ERRORS as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UndecodableImageError(f"damaged: {cause}") from error
