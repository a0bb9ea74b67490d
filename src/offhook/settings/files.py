"""Files of ours: written whole or not at all, and held by one process at a time.

The lock is SQLite's own file lock, the same on every system Python runs on; the operating system releases it when its
holder dies.
"""

import contextlib
import os
from collections.abc import Iterator

from offhook.errors import SettingsError, Unavailable, reason

FIRST_SHARED, SHARED_BYTES = 0x40000002, 510
"""Where SQLite's lock lies in a file ("File Locking And Concurrency", section on bytes)."""
LOOKED_AT_S = 0.25
"""How long a lock is tried for that others may just be looking at."""


def write_whole(path: str, data: bytes, mode: int = 0o600) -> None:
    """Replace a file's content in one step. Raises ``OSError``; the old file is then as it was."""
    folder = os.path.dirname(path) or "."
    draft = f"{path}.{os.getpid()}.new"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(draft, path)
    except OSError:
        if os.path.exists(draft):
            os.unlink(draft)
        raise
    if os.name == "posix":
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextlib.contextmanager
def alone(path: str, patience_s: float = 0.0) -> Iterator[None]:
    """Hold ``path`` for the length of a block. Raises ``BlockingIOError`` where another holds it.

    Raises ``OSError`` where the file cannot be made.
    """
    import sqlite3

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


def is_held(path: str, *, in_passing: bool = False) -> bool:
    """Say whether somebody holds ``path``. Looking takes nothing from anybody who wants to hold it.

    ``in_passing``: the asker holds no lock in that file himself, and wants to know at once: SQLite's own lock is looked
    at where it lies, without SQLite. (Closing the file would let go of one that this process holds.)
    """
    if not os.path.exists(path):
        return False
    if in_passing and os.name == "posix":
        return _is_locked(path)
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as looking:
            looking.execute("SELECT 1 FROM sqlite_schema").fetchall()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.Error:
        return False
    return False


def _is_locked(path: str) -> bool:
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, SHARED_BYTES, FIRST_SHARED)
    except (BlockingIOError, PermissionError):  # POSIX lets a system say either
        return True
    except OSError:  # no lock can be had there, so nobody has it
        return False
    finally:
        os.close(descriptor)
    return False


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


@contextlib.contextmanager
def only_one(folder: str, name: str, code: str) -> Iterator[None]:
    """Make a folder of ours and hold a lock in it for the length of a block.

    Raises ``Unavailable`` with ``code`` where another holds it, ``SettingsError`` for a folder that cannot be used.
    """
    with contextlib.ExitStack() as held:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            held.enter_context(alone(os.path.join(folder, name), LOOKED_AT_S))
        except BlockingIOError:
            raise Unavailable(code, path=folder) from None
        except OSError as error:
            raise SettingsError("folder_unusable", path=folder, why=reason(error)) from None
        yield
