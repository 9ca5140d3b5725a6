"""``python -m emoir`` is the command emoir."""

from emoir.cli.app import app

app()
