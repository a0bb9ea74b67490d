"""Writing settings: one change at a time, whole or not at all, comments and order kept.

A crash or a full disk at any moment leaves the old file as it was (specification section 2).
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from glob import escape as glob_escape
from glob import glob
from typing import Any

from offhook.errors import SettingsError, reason
from offhook.settings import secret
from offhook.settings.files import alone, write_whole
from offhook.settings.kinds import LISTS
from offhook.settings.model import judged, setting
from offhook.settings.places import (
    FILE,
    LOCKED,
    config,
    covers_any,
    home,
    machine_file,
    moved_to,
    old_file,
    read_place,
    secrets_folder,
    user_file,
)

LOCK_PATIENCE_S = 5.0


def file_of(scope: str, folder: str) -> str:
    """Return the file of a scope: ``machine``, or ``user`` in ``folder``."""
    return machine_file() if scope == "machine" else user_file(folder)


def change(path: str, sets: Mapping[str, str | None]) -> None:
    """Set settings in a file, or remove those that are ``None``. Secrets go to where they are kept.

    Raises ``SettingsError`` naming what is wrong; then nothing is changed.
    """
    import tomlkit

    texts = {name: None if given is None else judged(name, given, name) for name, given in sets.items()}
    folder = secrets_folder(path)
    stale: list[object] = []
    fresh: list[object] = []
    with _held(path) as place:
        if moved := moved_to(path):  # while this waited its turn
            change(moved, sets)
            return
        document = tomlkit.parse(_text(path))
        try:
            if any(setting(name, name).secret for name in texts):
                os.makedirs(folder, mode=0o700, exist_ok=True)
            for name, text in texts.items():
                before = _table(document, name).get(name.rpartition(".")[2])
                _set(document, name, text, folder)
                if setting(name, name).secret:
                    stale.append(before)
                    fresh.append(_table(document, name).get(name.rpartition(".")[2]))
            write_whole(path, tomlkit.dumps(document).encode(), 0o644 if place == "machine" else 0o600)
        except OSError:
            for kept in fresh:  # the file still names the old ones
                secret.forget(folder, kept)
            raise
        for kept in stale:
            secret.forget(folder, kept)


def lock(path: str, names: list[str], *, locked: bool) -> None:
    """Lock or unlock settings in the machine's file. Raises ``SettingsError``."""
    import tomlkit

    for name in names:
        if not covers_any(name):
            setting(name, LOCKED)
    with _held(path, "machine"):
        document = tomlkit.parse(_text(path))
        before = read_place(path, "machine").locked
        document[LOCKED] = [each for each in before if each not in names] + (names if locked else [])
        write_whole(path, tomlkit.dumps(document).encode(), 0o644)


def move_old() -> list[tuple[str, str]]:
    """Move settings from where earlier versions kept them; returns each file's old and new path.

    Once: a file that is at its new place stays as it is. A file that cannot be moved goes on being read where it is.
    """
    moved = []
    for old in (os.path.join(home(), FILE), *glob(os.path.join(glob_escape(home()), "desks", "*", FILE))):
        new = os.path.join(config(), os.path.relpath(old, home()))
        if not old_file(new) or not os.path.isfile(old) or os.path.islink(old) or os.path.exists(new):
            continue
        with contextlib.suppress(OSError), alone(old + ".lock", LOCK_PATIENCE_S):
            if os.path.exists(new):
                continue
            with open(old, "rb") as file:
                data = file.read()
            os.makedirs(os.path.dirname(new), mode=0o700, exist_ok=True)
            write_whole(new, data)
            os.unlink(old)
            moved.append((old, new))
    return moved


@contextlib.contextmanager
def _held(path: str, place: str = "") -> Iterator[str]:
    """Hold a settings file for a change; gives the place it is. Raises ``SettingsError``.

    A file that is already wrong is reported and left alone.
    """
    place = place or ("machine" if path == machine_file() else "user")
    try:
        os.makedirs(os.path.dirname(path), mode=0o755 if place == "machine" else 0o700, exist_ok=True)
        with alone(path + ".lock", LOCK_PATIENCE_S):
            read_place(path, place)
            yield place
    except OSError as error:
        raise SettingsError("settings_not_written", path=path, why=reason(error)) from None


def as_toml(sets: Mapping[str, str]) -> str:
    """Return settings as the text of a settings file."""
    import tomlkit

    document = tomlkit.document()
    for name, text in sorted(sets.items(), key=lambda each: ("." in each[0], each[0])):
        _set(document, name, text, "")
    return tomlkit.dumps(document)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _table(document: Any, name: str) -> Any:
    head, _dot, _key = name.rpartition(".")
    return document.get(head, {}) if head else document


def _set(document: Any, name: str, text: str | None, folder: str) -> None:
    head, _dot, key = name.rpartition(".")
    if text is None:
        _table(document, name).pop(key, None)
        return
    if head and head not in document:
        import tomlkit

        document[head] = tomlkit.table()
    _table(document, name)[key] = _as_toml(name, text, folder)


def _as_toml(name: str, text: str, folder: str) -> Any:
    known = setting(name, name)
    kind = known.kind
    if known.secret:
        import tomlkit

        written = tomlkit.inline_table()
        written.update(secret.keep(folder, name, text))
        return written
    if kind == "flag":
        return text == "yes"
    if kind in LISTS:
        return text.split() if kind == "words" else text.replace(",", " ").split()
    if kind == "table":
        import tomlkit

        table = tomlkit.inline_table()
        table.update(
            {key: names.split(",") for key, _equals, names in (each.partition("=") for each in text.split())}
        )
        return table
    if kind in ("number", "port") or (kind == "decimal" and re.fullmatch(r"[1-9]\d*|0", text)):
        return int(text)
    return float(text) if kind == "decimal" else text
