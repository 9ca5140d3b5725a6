"""Settings: where the service listens, whom it lets in, and how much it takes."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from emoir.limits import DEFAULT_LIMITS, MAX_UPLOAD, Limits


def is_loopback(host: str) -> bool:
    """Whether only programs of this computer can reach an address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
        (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def default_thumbnails() -> Path:
    """The platform's folder for what can be made again."""
    return Path(platformdirs.user_cache_path("emoir", appauthor=False)) / "thumbnails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to serve.

    Args:
        host: address to listen at.
        token: what a caller must show; None lets in everybody who can reach the address, so only a loopback address
            without other names may do without.
        names: other names by which this service may be called, such as a reverse proxy's; through that proxy others
            can reach it.
        max_upload: bytes of an uploaded image.
        limits: what one image may cost.
        upload_seconds: an upload that takes longer is given up.
        explanations: how many images are explained or described at the same time.
        max_selection: images in one ZIP file.
        max_selection_bytes: bytes of them together.
        thumbnails: where thumbnails are kept.

    Raises:
        ValueError: if others can reach the service and it has no token, or the token is blank.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    names: tuple[str, ...] = ()
    max_upload: int = MAX_UPLOAD
    limits: Limits = DEFAULT_LIMITS
    upload_seconds: float = 30.0
    explanations: int = 2
    max_selection: int = 500
    max_selection_bytes: int = 2_000_000_000
    thumbnails: Path = field(default_factory=default_thumbnails)

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise ValueError("a blank token opens to everybody; leave it out or make it long")
        if self.token is None and self.needs_token:
            raise ValueError(f"{', '.join((self.host, *self.names))} can be reached by others: a token is needed")

    @property
    def needs_token(self) -> bool:
        """Whether other computers can reach the service, by its address or through a proxy that has a name here."""
        return bool(self.names) or not is_loopback(self.host)

    @property
    def allowed_hosts(self) -> frozenset[str] | None:
        """Names that a Host header may carry, without port or brackets; None for any: a token stands guard."""
        if not is_loopback(self.host):
            return None
        return frozenset({"127.0.0.1", "localhost", "::1", self.host.strip("[]"), *map(str.lower, self.names)})
