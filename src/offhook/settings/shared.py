"""The shared folder: half a second's patience, then the last good copy, named as such.

It may lie on a file server that is down, and asking a dead server can hang for minutes. So the folder is
read in a thread that is left behind when it does not answer; what was read last is kept in the user's folder
(specification section 2).
"""

import os
import time
from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

from offhook.errors import SettingsError
from offhook.settings import divalto
from offhook.settings.layers import Place, Settings, Value
from offhook.settings.model import checked

PATIENCE_S = 0.5
LONGEST_FILE = 1 << 20
HUNG_S = 10.0
"""A folder that did not answer is not waited for again so soon: a hub asks for each of its desks."""
_hung: dict[str, float] = {}
DEFAULT_FOLDER = r"C:\Divalto\Sys"
WEB_FILE = "clicktocall_param.txt"


class SharedFile(NamedTuple):
    """A file as it was read: its path and bytes; ``read_at`` says when, if this is the last good copy."""

    path: str
    data: bytes
    read_at: str = ""

    @property
    def name(self) -> str:
        """Return what to call it in a message."""
        return f"{self.path} ({self.read_at})" if self.read_at else self.path


def web_file(setting: Callable[[str], str], home: str) -> SharedFile | None:
    """Return the web interface's parameter file: ``web.file``, else the one in the shared folder.

    Raises ``SettingsError`` where it is set and cannot be had, not even as a copy.
    """
    if setting("web.file"):
        folder, name = os.path.split(setting("web.file"))
        found = read(folder or ".", name, home)
        if found is None:
            raise SettingsError("settings_file_unreadable", path=setting("web.file"), why=os.strerror(2))
        return found
    folder = shared_folder(setting)
    return read(folder, WEB_FILE, home) if folder else None


def shared_folder(setting: Callable[[str], str]) -> str:
    """Return the shared folder in force, ``""`` where there is none."""
    if setting("shared_folder"):
        return setting("shared_folder")
    return DEFAULT_FOLDER if os.name == "nt" and os.path.isdir(DEFAULT_FOLDER) else ""


def place_of(settings: Settings, home: str) -> Place:
    """Return what the shared folder's files set of the settings themselves.

    Where they cannot be had, asking for the command raises why: another command than the folder's would be a
    silent change. What does not need it goes on.
    """
    try:
        found = web_file(settings.__getitem__, home)
    except SettingsError as error:
        return _unknown(error)
    if found is None:
        return Place({})
    file = divalto.read(found.data)
    values: dict[str, Value] = {}
    for section, tag, name in (
        ("callto", "cmd", "callto.command"),
        ("callto", "cmdshellexecute", "callto.verb"),
        ("global", "noshowwindow", "window.show"),
    ):
        entry = file.entry(section, tag)
        if entry is None or not entry.text:
            continue
        text = {"1": "no", "0": "yes"}.get(entry.text.strip(), "yes") if tag == "noshowwindow" else entry.text
        where = f"{found.name}:{entry.line}"
        values[name] = Value(checked(name, text, where), where, "shared")
    return Place(values)


def _unknown(error: SettingsError) -> Place:
    def fetch() -> str:
        raise error

    where = str(error.params.get("path", "shared_folder"))
    return Place({"callto.command": Value("", where, "shared", fetch)})


def read(folder: str, name: str, home: str, patience_s: float = PATIENCE_S) -> SharedFile | None:
    """Return a file of a folder, its name in any case; ``None`` where the folder has none of that name.

    Raises ``SettingsError`` where the folder does not answer and there is no copy of it.
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
        raise SettingsError("shared_folder_down", path=folder, why=outcome) from None


def _within(patience_s: float, folder: str, name: str) -> "SharedFile | str | None":
    """Read in a thread; returns the file, ``None`` for no such file, or why the folder does not answer."""
    import threading

    outcome: list[SharedFile | str | None] = []

    def look() -> None:
        try:
            outcome.append(_found(folder, name))
        except OSError as error:
            outcome.append(error.strerror or type(error).__name__)

    timed_out = os.strerror(110 if os.name == "posix" else 13)
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
    with open(path, "rb") as file:
        data = file.read(LONGEST_FILE + 1)
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
        from offhook.settings.stores import write_whole

        write_whole(copy, data)


def _said(copy: str) -> str:
    from datetime import datetime

    read_at = datetime.fromtimestamp(os.path.getmtime(copy)).astimezone()
    return f"copy of {read_at:%Y-%m-%d %H:%M}"
