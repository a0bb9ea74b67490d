"""Where settings are kept: every place is read here, and only here (specification section 2).

``OFFHOOK_HOME=DIR`` keeps every file under one folder; the machine's own locks hold there, too. Which value
counts is decided by :mod:`offhook.settings.values`.
"""

import os
from collections.abc import Mapping

from offhook.errors import SettingsError, reason
from offhook.settings.model import KNOWN, checked, everything, find, setting
from offhook.settings.values import NOWHERE, Place, Places, Settings, Value, covers

FILE = "settings.toml"
MACHINE_FILE = "machine.toml"
LOCKED = "locked"
NO_SETTINGS = ("OFFHOOK_HOME", "OFFHOOK_DEBUG", "OFFHOOK_LAUNCHED")
"""Environment variables of ours that are not settings."""


def home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of this user's state: ``OFFHOOK_HOME``, else the system's place for such files."""
    if environ.get("OFFHOOK_HOME"):
        return environ["OFFHOOK_HOME"]
    if os.name == "posix":  # the same as platformdirs gives, without its start-up cost on every click
        return os.path.join(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "offhook")
    from platformdirs import user_state_dir

    return user_state_dir("offhook", appauthor=False)


def config(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of this user's settings: ``OFFHOOK_HOME``, else the system's place for such files."""
    if environ.get("OFFHOOK_HOME"):
        return environ["OFFHOOK_HOME"]
    if os.name == "posix":  # as platformdirs gives it, see above
        return os.path.join(environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "offhook")
    from platformdirs import user_config_dir

    return user_config_dir("offhook", appauthor=False)


def user_file(folder: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """Return the settings file of a folder, by default the user's own; the old one, until it has been moved."""
    path = os.path.join(folder or config(environ), FILE)
    old = old_file(path, environ)
    return old if old and os.path.exists(old) and not os.path.exists(path) else path


def old_file(path: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return where earlier versions kept a settings file: among the state, beside its secrets; ``""``: there, too."""
    if config(environ) == home(environ) or not path.startswith(os.path.join(config(environ), "")):
        return ""
    return os.path.join(home(environ), os.path.relpath(path, config(environ)))


def moved_to(path: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return where a settings file of an earlier version's place is now, if it was moved; ``""`` otherwise."""
    old, new = os.path.join(home(environ), ""), config(environ)
    if new == home(environ) or not path.startswith(old) or os.path.exists(path):
        return ""
    there = os.path.join(new, os.path.relpath(path, old))
    return there if os.path.exists(there) else ""


def is_old_there() -> bool:
    """Say whether there may be settings where earlier versions kept them."""
    return config() != home() and any(os.path.exists(os.path.join(home(), name)) for name in (FILE, "desks"))


def secrets_folder(path: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of the secrets that a settings file names."""
    return os.path.dirname(old_file(path, environ) or path)


def system_file() -> str:
    """Return the machine's own settings file."""
    if os.name == "posix":
        return "/etc/offhook/settings.toml"
    return os.path.join(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "Offhook", FILE)


def machine_file(environ: Mapping[str, str] = os.environ, system: str | None = None) -> str:
    """Return the file of the machine place: under ``OFFHOOK_HOME`` where that is set."""
    if environ.get("OFFHOOK_HOME"):
        return os.path.join(environ["OFFHOOK_HOME"], MACHINE_FILE)
    return system or system_file()


def desk_folder(extension: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of a desk's own settings.

    The desk named by ``desk.extension`` is the user's own: its settings are the user's. Every other desk a hub
    serves, a browser page perhaps, has a folder of its own.
    """
    folder = config(environ)
    user = _user_place(folder, environ).values
    own = environ.get("OFFHOOK_DESK__EXTENSION") or (
        user["desk.extension"].text if "desk.extension" in user else ""
    )
    if not extension or extension == own:
        return folder
    if not extension.isalnum():
        raise SettingsError("desk_unreadable", desk=extension[:40])
    return os.path.join(folder, "desks", extension)


def resolve(
    options: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    folder: str | None = None,
    system: str | None = None,
) -> Settings:
    """Return every setting's value in force. Raises ``SettingsError`` naming the place that is wrong.

    ``folder`` holds the user's settings, ``system`` is the machine's own file; both have their usual places. What
    the shared folder says is put beneath them by :func:`offhook.seed.folder.with_shared`, where it is needed.
    """
    system = system or system_file()
    machine = machine_file(environ, system)
    places = Places(
        machine=read_place(machine, "machine"),
        user=_user_place(folder or "", environ),
        environment=_from_environment(environ),
        options=_from_options(options or {}),
        system=read_place(system, "machine") if system != machine else NOWHERE,
    )
    return Settings(places, KNOWN)


def _user_place(folder: str, environ: Mapping[str, str]) -> Place:
    """Return what a folder's settings file sets; one that is moved meanwhile is read at its new place."""
    path = user_file(folder, environ)
    found = read_place(path, "user", secrets_folder(path, environ))
    now = user_file(folder, environ)
    return found if now == path else read_place(now, "user", secrets_folder(now, environ))


def read_place(path: str, place: str, secrets: str = "") -> Place:
    """Return what a settings file sets; ``secrets`` is their folder. Raises ``SettingsError`` naming file and line."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return NOWHERE
    except (OSError, ValueError) as error:
        raise SettingsError("settings_file_unreadable", path=path, why=reason(error)) from None
    return _from_toml(text, path, place, secrets or secrets_folder(path))


def _from_toml(text: str, path: str, place: str, secrets: str) -> Place:
    import tomllib

    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # its message names the line, never the text on it
        raise SettingsError("settings_file_unreadable", path=path, why=str(error)[:120]) from None
    locked = found.pop(LOCKED, []) if place == "machine" else []
    if not isinstance(locked, list) or not all(isinstance(each, str) for each in locked):
        raise SettingsError(
            "setting_unreadable", name=LOCKED, where=path, wanted="shape", such='["guard.*", "country"]'
        )
    for pattern in locked:
        if not covers_any(pattern):
            setting(pattern, f"{path}:{_line_of(text, LOCKED)}")
    values: dict[str, Value] = {}
    for head, content in found.items():
        pairs = (
            {f"{head}.{key}": value for key, value in content.items()}
            if isinstance(content, dict)
            else {head: content}
        )
        for name, value in pairs.items():
            where = f"{path}:{_line_of(text, name)}"
            values[name] = _read_value(name, value, where, place, secrets)
    return Place(values, tuple(locked))


def _read_value(name: str, value: object, where: str, place: str, folder: str) -> Value:
    if isinstance(value, dict) and setting(name, where).secret and value.get("kept") in ("vault", "file"):
        written = value

        def fetch() -> str:
            from offhook.settings.secret import fetch

            return fetch(folder, name, written, where)

        return Value("", where, place, fetch)
    if isinstance(value, dict) and setting(name, where).kind != "table":
        raise SettingsError("setting_unreadable", name=name, where=where, wanted="text")
    return Value(checked(name, value, where), where, place)


def covers_any(pattern: str) -> bool:
    """Say whether a lock such as ``guard.*`` names any setting there is."""
    return any(covers(pattern, name) for name in everything())


def _line_of(text: str, name: str) -> int:
    """Return the line of a key, for the message; the first line where it cannot be found."""
    head, _dot, key = name.rpartition(".")
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            section = bare.strip("[]").strip()
            continue
        written = bare.partition("=")[0].replace('"', "").replace(" ", "")
        if (section == head and written == key) or (not section and written == name):
            return number
    return 1


def _from_options(options: Mapping[str, str | None]) -> Place:
    values = {}
    for name, given in options.items():
        if given is not None:
            where = "--" + name.rpartition(".")[2].replace("_", "-")
            values[name] = Value(checked(name, given, where), where, "options")
    return Place(values)


def _from_environment(environ: Mapping[str, str]) -> Place:
    values: dict[str, Value] = {}
    for variable, text in environ.items():
        if not variable.startswith("OFFHOOK_") or variable in NO_SETTINGS or not text:
            continue
        name = variable.removeprefix("OFFHOOK_").lower().replace("__", ".")
        stem = name.removesuffix("_file")
        if stem != name and (known := find(stem)) is not None and known.secret:
            name = stem
            try:
                with open(text, encoding="utf-8") as file:
                    text = file.read().rstrip("\r\n")
            except (OSError, ValueError) as error:
                raise SettingsError("settings_file_unreadable", path=variable, why=reason(error)) from None
        values[name] = Value(checked(name, text, variable), variable, "environment")
    return Place(values)
