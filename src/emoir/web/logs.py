"""Logs: one line per request and per fault, for people or for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from starlette.types import Scope

from emoir.names import printable

LONGEST = 200
FIELDS = ("client", "method", "path", "route", "status", "seconds")
access_log = logging.getLogger("emoir.access")


class TextLines(logging.Formatter):
    """Time, level and message on one line; text from a request cannot break it."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        lines = printable(record.getMessage())
        if record.exc_info:
            lines += "\n" + self.formatException(record.exc_info)
        return f"{moment} {record.levelname} {lines}"


class JsonLines(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def log_request(scope: Scope, route: str, status: int, seconds: float) -> None:
    """One line about a request; its query is left out: it may hold what people feel, or the token."""
    client = (scope.get("client") or ("-",))[0]
    fields = (client, scope["method"], scope["path"][:LONGEST], route, status, round(seconds, 4))
    extra = dict(zip(FIELDS, fields, strict=True))
    access_log.info("%s %s %s (%s) %s %.4f s", *fields, extra=extra)


def set_up_logs(level: str, *, access: bool, as_json: bool) -> None:
    """Let the service's loggers write to standard error.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        access: also one line per request.
        as_json: one JSON object a line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    for name in ("emoir", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level.upper())
    if level == "warning":
        # It warns of whatever strangers send, which must not fill a disk.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
    access_log.setLevel(logging.INFO if access else logging.CRITICAL)
