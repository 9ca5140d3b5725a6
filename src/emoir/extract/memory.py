"""Memory: how much a worker may take, so that no file can bring the machine down."""

from __future__ import annotations

import importlib.util

from emoir.limits import Limits

# What a worker needs before it reads anything, with room for ONNX Runtime's own buffers ...
BASE_BYTES = 512 * 2**20
# ... and for a pixel: all decoders take less (JPEG at most 8, PNG and TIFF 6, AVIF and HEIC 11) but WebP's, which takes
# just this, and JPEG 2000's, which takes 20, or 25 with transparency.
BYTES_PER_PIXEL = 16


def memory_limit(limits: Limits) -> int:
    """Bytes that a worker may take for the largest image within the limits.

    Example:
        >>> round(memory_limit(Limits()) / 2**30, 1)
        3.2
    """
    return BASE_BYTES + BYTES_PER_PIXEL * limits.max_pixels


def limit_memory(limits: Limits) -> None:
    """Let this process take no more; a file that needs more is one that cannot be decoded.

    Kept by the system, on Linux and other Unixes; Windows has no such limit.

    Args:
        limits: says how large an image may be.
    """
    if importlib.util.find_spec("resource") is None:
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = memory_limit(limits)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
