"""Which value of a setting is in force, and where it came from.

Places, later wins (specification section 2): defaults · the user's ``settings.toml`` · environment ·
command line. ``OFFHOOK_HOME=DIR`` keeps every file under one folder.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from offhook.errors import SettingsError
from offhook.settings.model import SETTINGS, checked, setting


class Value(NamedTuple):
    """A value in force and the place it came from: ``default``, ``file:line``, a variable or an option."""

    text: str
    origin: str

    def __repr__(self) -> str:
        """Leave the value out: it may be a secret."""
        return f"Value(origin={self.origin!r})"


class Settings:
    """Every setting's value in force."""

    def __init__(self, values: dict[str, Value]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        """Return the value in force."""
        return self._values[name].text

    def number(self, name: str) -> int:
        """Return the value in force of a setting that is a number."""
        return int(self[name])

    def origin(self, name: str) -> str:
        """Return where the value in force came from."""
        return self._values[name].origin

    def shown(self, name: str) -> str:
        """Return the value fit to be seen: a secret as ``••••``."""
        return "••••" if SETTINGS[name].secret and self[name] else self[name]


def home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of this user's files: ``OFFHOOK_HOME``, else the system's place for them."""
    if environ.get("OFFHOOK_HOME"):
        return environ["OFFHOOK_HOME"]
    if os.name == "posix":  # the same as platformdirs gives, without its start-up cost on every click
        return os.path.join(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "offhook")
    from platformdirs import user_state_dir

    return user_state_dir("offhook", appauthor=False)


def resolve(
    options: Mapping[str, str | None] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return every setting's value in force. Raises ``SettingsError`` naming the place that is wrong."""
    values = {name: Value(known.default, "default") for name, known in SETTINGS.items()}
    path = os.path.join(home(environ), "settings.toml")
    if os.path.exists(path):
        values |= _from_file(path)
    values |= _from_environment(environ)
    for name, given in (options or {}).items():
        if given is not None:
            where = "--" + name.rpartition(".")[2]
            values[name] = Value(checked(name, given, where), where)
    return Settings(values)


def _from_file(path: str) -> dict[str, Value]:
    import tomllib

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise SettingsError("settings_file_unreadable", path=path, why=str(error)) from None
    values: dict[str, Value] = {}
    for head, content in found.items():
        pairs = (
            {f"{head}.{key}": value for key, value in content.items()}
            if isinstance(content, dict)
            else {head: content}
        )
        for name, value in pairs.items():
            where = f"{path}:{_line_of(text, name)}"
            values[name] = Value(checked(name, value, where), where)
    return values


def _line_of(text: str, name: str) -> int:
    """Return the line on which a key stands, for the message; the first where it cannot be told."""
    head, _dot, key = name.rpartition(".")
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("["):
            section = line.strip().strip("[]").strip()
        elif section == head and line.partition("=")[0].strip().strip('"') == key:
            return number
    return 1


def _from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for variable, text in environ.items():
        if not variable.startswith("OFFHOOK_") or variable in ("OFFHOOK_HOME", "OFFHOOK_DEBUG") or not text:
            continue
        from_file = variable.endswith("_FILE")
        name = variable.removeprefix("OFFHOOK_").removesuffix("_FILE").lower().replace("__", ".")
        if from_file and setting(name, variable).secret:
            try:
                with open(text, encoding="utf-8") as file:
                    text = file.read().strip()
            except OSError as error:
                raise SettingsError(
                    "settings_file_unreadable", path=variable, why=error.strerror or ""
                ) from None
        values[name] = Value(checked(name, text, variable), variable)
    return values
