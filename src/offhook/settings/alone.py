"""Being the only one: a lock on a file that the operating system lets go of when its holder dies.

SQLite's own file lock is used, which works the same on every system Python runs on.
"""

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def alone(path: str, patience_s: float = 0.0) -> Iterator[None]:
    """Hold ``path`` for the length of a block. Raises ``BlockingIOError`` where another holds it.

    Raises ``OSError`` where the file cannot be made.
    """
    try:
        holder = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
    except sqlite3.Error as error:
        raise OSError(None, str(error), path) from None
    with contextlib.closing(holder):
        try:
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            kind = BlockingIOError if "locked" in str(error) else OSError
            raise kind(None, str(error), path) from None
        yield
