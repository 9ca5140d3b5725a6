"""Settings: where the service listens, who is let in, and its limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from emoir.limits import MAX_UPLOAD, Limits

SECONDS_PER_IMAGE = 20.0


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


def default_thumbnails() -> Path:
    """The platform's folder for what can be made again."""
    return Path(platformdirs.user_cache_path("emoir", appauthor=False)) / "thumbnails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to serve.

    Args:
        host: address to listen at.
        port: likewise; names the cookie, so that several services of one host keep apart.
        token: what a caller must show; None lets in everybody who can reach the address, so only a loopback address
            without other names may do without.
        login_code: opens the gallery in place of the token, once.
        trusted_hosts: other names by which this service may be called, such as a reverse proxy's; through that proxy
            others can reach it.
        root_path: where it stands below a proxy's address, such as ``/photos``.
        read_only: no ratings are taken.
        limits: what reading, explaining or showing one image may cost.
        workers: processes that read and explain; each holds the model in memory. Thumbnails are made by others.
        max_upload: bytes of an uploaded image.
        max_uploads: bytes of all that are uploaded at the same time.
        max_requests: requests that may be answered at the same time.
        header_seconds: time for the head of a request.
        upload_seconds: an upload that takes longer is given up.
        write_seconds: a caller who reads nothing for so long is cut off.
        strangers: connections that may be open without having shown the token.
        refusals: how many an address gets before it must wait.
        max_selection: images in one ZIP file.
        max_selection_bytes: bytes of them together.
        thumbnails: where thumbnails are kept.

    Raises:
        ValueError: if others can reach the service and it has no token, the token is blank, or a path or name is
            malformed.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    token: str | None = None
    login_code: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    root_path: str = ""
    read_only: bool = False
    limits: Limits = field(default_factory=lambda: Limits(seconds_per_file=SECONDS_PER_IMAGE))
    workers: int = 1
    max_upload: int = MAX_UPLOAD
    max_uploads: int = 4 * MAX_UPLOAD
    max_requests: int = 512
    header_seconds: float = 15.0
    upload_seconds: float = 30.0
    write_seconds: float = 30.0
    strangers: int = 256
    refusals: int = 60
    max_selection: int = 500
    max_selection_bytes: int = 2_000_000_000
    thumbnails: Path = field(default_factory=default_thumbnails)

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise ValueError("a blank token opens to everybody; leave it out or make it long")
        if self.token is None and self.needs_token:
            reached = ", ".join((self.host, *self.trusted_hosts))
            raise ValueError(f"{reached} can be reached by others: a token is needed")
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise ValueError(f"root path {self.root_path!r}: begin it with / and end it without, such as /photos")
        if self.workers < 1:
            raise ValueError(f"{self.workers} workers; at least 1 is needed")

    @property
    def needs_token(self) -> bool:
        """Whether other computers can reach the service, by its address or through a proxy that has a name here."""
        return bool(self.trusted_hosts) or not is_loopback(self.host)

    @property
    def trusted_names(self) -> frozenset[str]:
        """The other names, as they are compared."""
        return frozenset(name.lower().strip("[]") for name in self.trusted_hosts)

    @property
    def allowed_hosts(self) -> frozenset[str] | None:
        """Names that a Host header may carry, without port or brackets; None for any: a token stands guard."""
        if not is_loopback(self.host):
            return None
        return frozenset({"127.0.0.1", "localhost", "::1", self.host.strip("[]")}) | self.trusted_names

    @property
    def cookie(self) -> str:
        """Name of the cookie."""
        return f"emoir-{self.port}"
