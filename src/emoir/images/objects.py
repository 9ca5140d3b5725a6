"""ObjectStorage: image files behind addresses such as s3://bucket/prefix, by fsspec."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, BinaryIO, Literal, cast

from emoir.errors import PlaceError, UndecodableImageError
from emoir.images.places import DOT, FileStat, FolderContents, OpenFile
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason

# A longer object goes through a temporary file; blocks of this length are asked for.
IN_MEMORY, BLOCK = 32 * 2**20, 8 * 2**20
# No picture needs more bytes for a pixel: four channels of sixteen bits.
BYTES_PER_PIXEL = 8
# Where kinds of storage state what a content is, and when it was written; not all state both.
CONTENT = ("ETag", "etag", "md5Hash", "Content-MD5", "generation")
WRITTEN = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "created")
SECOND = 10**9

logger = logging.getLogger(__name__)


def stat_of(info: Mapping[str, Any]) -> FileStat:
    """Size and time of an object, from what fsspec says of it.

    The time is that of the last change to the second; its nanoseconds are a digest of the ETag, or of what else the
    storage states of the content. So another content is another time, however soon it was written.

    Example:
        >>> first, second = (stat_of({"size": 7, "ETag": tag, "mtime": 1.5e9}) for tag in ("a", "b"))
        >>> first == second, first.mtime_ns // 10**9 == second.mtime_ns // 10**9
        (False, True)
    """
    written = _seconds(next((info[name] for name in WRITTEN if info.get(name)), 0))
    stated = next((info[name] for name in CONTENT if info.get(name)), "")
    digest = hashlib.sha256(str(stated).encode()).digest()
    return FileStat(int(info.get("size") or 0), written * SECOND + int.from_bytes(digest[:8]) % SECOND)


def _seconds(moment: object) -> int:
    """A moment in seconds since 1970: a number, a date, or a text as in JSON or in a header of HTTP."""
    try:
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment) if moment[:1].isdigit() else parsedate_to_datetime(moment)
        if isinstance(moment, datetime):
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        return int(cast(float, moment))
    except (TypeError, ValueError):
        return 0


class ObjectStorage:
    """Whatever fsspec lists: S3 and what speaks like it, Google's, Azure's, a web server with lists of links.

    Credentials and options are fsspec's and the storage's own (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL,
    ~/.config/fsspec); an address that holds any is refused, for the index keeps addresses.
    """

    near = False

    def list(self, folder: bytes) -> FolderContents:
        """One request for a thousand objects; those whose keys are no paths (``a//b``) are left out and counted."""
        found = FolderContents(device=0)
        odd = 0
        with _storage(folder) as (storage, path):
            for info in storage.ls(path, detail=True):
                whole = info["name"].rstrip("/")
                if whole == path.rstrip("/"):
                    if info["type"] == "file" and not info["name"].endswith("/"):
                        raise NotADirectoryError(os.fsdecode(folder))
                    # An object with a slash at its end stands for the folder itself.
                    odd += info["type"] == "directory"
                    continue
                last = whole.rpartition("/")[2]
                name = os.fsencode(last)
                if last in (".", "..") or "\0" in last:
                    odd += 1
                elif name[0] == DOT:
                    found.hidden.add(name)
                elif info["type"] == "directory":
                    found.folders.append(name)
                else:
                    # A list of links says nothing of its files.
                    stated = info.get("size") is not None
                    found.files[name] = stat_of(info if stated else storage.info(info["name"]))
        if odd:
            logger.warning("%s: %d names in it are no paths and were skipped", os.fsdecode(folder), odd)
        return found

    def kind(self, path: bytes) -> Literal["file", "folder"] | None:
        """What the storage says; a web page counts as a folder."""
        try:
            with _storage(path) as (storage, name):
                info = storage.info(name)
        except FileNotFoundError:
            return None
        return "folder" if info["type"] == "directory" or info.get("mimetype") == "text/html" else "file"

    def stat(self, path: bytes) -> FileStat:
        """Of an object, by one request."""
        with _storage(path) as (storage, name):
            info = storage.info(name)
        if info["type"] == "directory":
            raise IsADirectoryError(os.fsdecode(path))
        return stat_of(info)

    def is_mounted(self, folder: bytes) -> bool:
        """Whether it, or anything above it up to the bucket, is there."""
        try:
            while self.kind(folder) is None:
                above = os.path.dirname(folder)
                if above.endswith(b":"):
                    return False
                folder = above
        except OSError:
            return False
        return True

    def head(self, path: bytes, length: int) -> bytes:
        """The first bytes, by one request."""
        if not self.stat(path).size:
            return b""
        with _storage(path) as (storage, name):
            # Not every web server gives a part.
            return bytes(storage.cat_file(name, start=0, end=length)[:length])

    def open(self, path: bytes, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
        """Download it: into memory, or into a temporary file if it is long."""
        with _storage(path) as (storage, name):
            # What is stated is of this content or of an earlier one, which the next run then sees has changed.
            info = storage.info(name)
            if info["type"] == "directory":
                raise IsADirectoryError(os.fsdecode(path))
            stat = stat_of(info)
            if stat.size > BYTES_PER_PIXEL * limits.max_pixels:
                raise UndecodableImageError(
                    f"its {stat.size:,} bytes are more than {limits.max_pixels:,} pixels take; raise the limit with "
                    "--max-pixels",
                    retry_when=RetryReason.PIXELS,
                )
            if stat.size <= IN_MEMORY:
                return OpenFile(BytesIO(storage.cat_file(name)), lambda: stat)
            spool = cast(BinaryIO, tempfile.TemporaryFile())
            try:
                with storage.open(name, "rb", block_size=BLOCK, cache_type="readahead") as remote:
                    shutil.copyfileobj(remote, spool, BLOCK)
            except BaseException:
                spool.close()
                raise
        spool.seek(0)
        return OpenFile(spool, lambda: stat)


@contextmanager
def _storage(address: bytes) -> Iterator[tuple[Any, str]]:
    """The file system of an address, and what it calls the path; its errors in our words.

    Raises:
        PlaceError: if a package is missing, the address is none, or the storage does not answer.
        OSError: of other kinds, as the storage raises them, for what is not there and what must not be read.
    """
    text = os.fsdecode(address)
    protocol, _, rest = text.partition("://")
    host = rest.partition("/")[0]
    if ":" in host.rpartition("@")[0] or (protocol.startswith("http") and "?" in rest):
        raise PlaceError(
            f"{protocol}://…@{host.rpartition('@')[2]}: an index keeps addresses, so none may hold a password or a "
            "key; give them as the storage's own options (see docs/places.md)"
        )
    if protocol in ("file", "local"):
        raise PlaceError(f"{text}: name the folder itself, without {protocol}://")
    try:
        # As s3fs brings it along, its absence is said as that of s3fs.
        import fsspec

        storage = fsspec.filesystem(protocol, use_listings_cache=False)
        path = storage._strip_protocol(text)
    except ImportError as error:
        package = "s3fs" if protocol in ("s3", "s3a") else f"what fsspec needs for it ({error})"
        raise PlaceError(f"{text} needs one more package: pip install {package}") from None
    except ValueError as error:
        raise PlaceError(f"{text}: {error}") from None
    try:
        yield storage, path
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, UndecodableImageError):
        raise
    except Exception as error:
        # Every storage's library has errors of its own.
        cause = " ".join(str(error).split()) or type(error).__name__
        raise PlaceError(f"{protocol}://{host} cannot be reached ({cause}){_advice(protocol)}") from error


def _advice(protocol: str) -> str:
    if protocol not in ("s3", "s3a"):
        return ""
    return "; its options are AWS_ENDPOINT_URL, AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
