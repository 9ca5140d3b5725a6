"""Other programs and emoir: one thin file each."""
