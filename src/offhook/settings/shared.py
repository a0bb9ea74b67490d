"""The shared folder: half a second's patience, then the last good copy, named as such.

It may be on a file server that is down, and asking a dead server can hang for minutes. So the folder is
read in a thread that is left behind if it does not answer; what was read last is kept in the user's folder
(specification section 2).
"""

import os
import time
from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

from offhook.errors import SettingsError, reason
from offhook.settings.files import write_whole

PATIENCE_S = 0.5
LONGEST_FILE = 1 << 20
HUNG_S = 10.0
"""How long a folder that did not answer is not waited for again: a hub asks for each of its desks."""
_hung: dict[str, float] = {}
DEFAULT_FOLDER = r"C:\Divalto\Sys"


class SharedFile(NamedTuple):
    """A file as it was read: its path and bytes; ``read_at`` says when, if this is the last good copy."""

    path: str
    data: bytes
    read_at: str = ""

    @property
    def name(self) -> str:
        """Return what to call it in a message."""
        return f"{self.path} ({self.read_at})" if self.read_at else self.path


def shared_folder(setting: Callable[[str], str]) -> str:
    """Return the shared folder in force, ``""`` where there is none."""
    if setting("shared_folder"):
        return setting("shared_folder")
    return DEFAULT_FOLDER if os.name == "nt" and os.path.isdir(DEFAULT_FOLDER) else ""


def read(folder: str, name: str, home: str, patience_s: float = PATIENCE_S) -> SharedFile | None:
    """Return a file of a folder, its name in any case; ``None`` where the folder has none of that name.

    Raises ``SettingsError`` where the folder does not answer, or the file cannot be read, and there is no copy of it.
    """
    path = os.path.join(folder, name)
    copy = os.path.join(home, "shared", f"{crc32(path.encode('utf-8', 'replace')):08x}-{name}")
    outcome = _within(patience_s, folder, name)
    if isinstance(outcome, SharedFile):
        _keep(copy, outcome.data)
        return outcome
    if outcome is None:
        return None
    try:
        with open(copy, "rb") as file:
            data = file.read()
        return SharedFile(path, data, _said(copy))
    except OSError:
        raise outcome from None


def _within(patience_s: float, folder: str, name: str) -> "SharedFile | SettingsError | None":
    """Read in a thread; returns the file, ``None`` for no such file, or why it cannot be had."""
    import threading

    outcome: list[SharedFile | SettingsError | None] = []

    def look() -> None:
        try:
            outcome.append(_found(folder, name))
        except SettingsError as error:
            outcome.append(error)
        except OSError as error:
            outcome.append(SettingsError("shared_folder_down", path=folder, why=reason(error)))

    timed_out = SettingsError("shared_folder_down", path=folder, why="ETIMEDOUT")
    if time.monotonic() - _hung.get(folder, -HUNG_S) < HUNG_S:
        return timed_out
    reading = threading.Thread(target=look, daemon=True)
    reading.start()
    reading.join(patience_s)
    if not outcome:
        _hung[folder] = time.monotonic()
        return timed_out
    return outcome[0]


def _found(folder: str, name: str) -> SharedFile | None:
    wanted = name.lower()
    with os.scandir(folder) as entries:
        there = [entry.name for entry in entries if entry.name.lower() == wanted]
    if not there:
        return None
    path = os.path.join(folder, name if name in there else min(there))
    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise SettingsError("settings_file_unreadable", path=path, why=reason(error)) from None
    if len(data) > LONGEST_FILE:
        raise SettingsError("settings_file_too_long", path=path, limit=LONGEST_FILE)
    return SharedFile(path, data)


def _keep(copy: str, data: bytes) -> None:
    """Keep the last good copy; a full disk here is no reason not to dial."""
    import contextlib

    with contextlib.suppress(OSError):
        try:
            with open(copy, "rb") as file:
                if file.read() == data:
                    os.utime(copy)
                    return
        except FileNotFoundError:
            os.makedirs(os.path.dirname(copy), mode=0o700, exist_ok=True)
        write_whole(copy, data)


def _said(copy: str) -> str:
    from datetime import datetime

    read_at = datetime.fromtimestamp(os.path.getmtime(copy)).astimezone()
    return f"copy of {read_at:%Y-%m-%d %H:%M}"
