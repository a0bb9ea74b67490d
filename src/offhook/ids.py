"""New ids, at random."""

import os


def new_command_id() -> str:
    """Return an id for a command that nobody else will use."""
    return os.urandom(12).hex()
