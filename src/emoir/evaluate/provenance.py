"""The line under a table: what was measured, where and when."""

from __future__ import annotations

import datetime
import os
import platform


def provenance(*notes: str) -> str:
    """The line under a table: data, split, seed, machine, date."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{'; '.join(notes)}; {machine}; {datetime.date.today().isoformat()}."
