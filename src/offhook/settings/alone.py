"""Being the only one: a lock on a file that the operating system lets go of when its holder dies.

SQLite's own file lock is used, which works the same on every system Python runs on.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from offhook.errors import Unavailable


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


@contextlib.contextmanager
def reading_alone(folder: str, extension: str) -> Iterator[None]:
    """Be the only reader of a desk's own line: two would each get half. Raises ``Unavailable``."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = "".join(letter for letter in extension if letter.isalnum())
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(alone(os.path.join(folder, f"listening-{name}.lock")))
        except BlockingIOError:
            raise Unavailable("line_in_use", desk=extension) from None
        yield
