"""The script that prints the figure in docs/reliability.md, with fewer kills."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_index.py"


def test_whenever_it_is_killed_nothing_acknowledged_is_lost() -> None:
    command = [sys.executable, str(SCRIPT), "--kills", "3", "--pictures", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 kills with a batch in flight")
    assert "the export equals the unkilled run's byte for byte" in done.stdout
