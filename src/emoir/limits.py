"""Limits that keep one file from harming the rest; every layer shares these defaults."""

MAX_PIXELS = 178_956_970
"""Width x height of an image: half a gigabyte of RGB, the size at which Pillow, too, refuses."""

SECONDS_PER_FILE = 60.0
"""Time that a worker may spend on one file."""
