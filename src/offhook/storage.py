"""Opening a file of ours: its version, the steps from an older one; a newer one is refused and left unharmed."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from offhook.errors import SettingsError


def opened(path: Path | None, steps: Sequence[str], *, any_thread: bool = False) -> sqlite3.Connection:
    """Open a database, or make it; ``None``: in memory.

    ``steps`` lead from each version to the next, the first from nothing at all; each is done whole or not
    at all. Raises ``SettingsError`` for a file of a newer version, and ``OSError`` and ``sqlite3.Error`` for one that
    cannot be read.
    """
    if path is not None:
        os.close(os.open(path, os.O_CREAT, 0o600))  # who called whom is nobody else's business
    database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=not any_thread)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > len(steps):
            raise SettingsError("store_newer", path=str(path), version=version, known=len(steps))
        for number, step in enumerate(steps[version:], version + 1):
            database.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
    except BaseException:
        database.close()
        raise
    return database
