"""Tokens: what a caller shows, where it is kept, and what the browser keeps of it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

import platformdirs

from emoir.errors import EmoirError

MIN_LENGTH = 8


def make_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def default_token_file() -> Path:
    """Where the current user's token is kept."""
    return Path(platformdirs.user_config_path("emoir", appauthor=False)) / "token"


def kept_token(file: Path) -> str:
    """The token in a file; made, with access for its owner alone, if there is none.

    Args:
        file: of one line.

    Raises:
        EmoirError: if others can read the file, or there is no token in it.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)
    except OSError as error:
        raise EmoirError(f"{file}: {error.strerror}; name another file with --token-file") from None
    token = make_token()
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(token + "\n")
    return token


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(4096) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise EmoirError(f"{file}: {error.strerror}; name another file with --token-file") from None
    if os.name == "posix" and mode & 0o077:
        raise EmoirError(f"{file}: others can read this token; chmod 600 {file}, or delete it for a new one")
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if len(token) < MIN_LENGTH or not token.isprintable() or " " in token:
        raise EmoirError(
            f"{file} holds no token of {MIN_LENGTH} characters or more on one line; delete it for a new one"
        )
    return token


def cookie_value(token: str) -> str:
    """What the cookie holds: it lets in the same callers, but does not tell the token."""
    return hashlib.sha256(f"emoir cookie {token}".encode()).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
