"""Which value of a setting is in force, and where it came from (specification section 2).

Places, later wins: defaults · shared folder · machine · user · environment · command line. Two exceptions:
the tick box ``use_user_settings`` decides whose interface and interface settings count, machine's or user's,
as one bundle; and what the machine locks stays the machine's. :func:`in_force` decides, and reads nothing;
:func:`resolve` reads the places.

``OFFHOOK_HOME=DIR`` keeps every file under one folder; what the machine itself locks holds there, too.
"""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from offhook.errors import SettingsError
from offhook.settings.model import SETTINGS, checked, section_of, setting

FILE = "settings.toml"
MACHINE_FILE = "machine.toml"
LOCKED = "locked"
ALWAYS_LOCKED = "guard."
"""Settings that the machine place always locks where it sets them."""
NO_SETTINGS = ("OFFHOOK_HOME", "OFFHOOK_DEBUG", "OFFHOOK_LAUNCHED")
"""Variables that are ours and no settings."""
SHOWN_SECRET = "••••"  # noqa: S105 - what is shown instead of one


class Value(NamedTuple):
    """A value in force and the place it came from: ``default``, ``file:line``, a variable or an option.

    ``fetch`` gets a secret that is kept elsewhere when it is asked for: a vault takes its time.
    """

    text: str
    origin: str
    place: str = "default"
    fetch: Callable[[], str] | None = None

    def __repr__(self) -> str:
        """Leave the value out: it may be a secret."""
        return f"Value(origin={self.origin!r})"


class Place(NamedTuple):
    """What one place sets; ``locked`` are patterns such as ``country`` or ``guard.*`` (machine only)."""

    values: Mapping[str, Value]
    locked: tuple[str, ...] = ()

    def locks(self, name: str) -> bool:
        """Say whether this place sets and locks a setting."""
        if name not in self.values:
            return False
        return name.startswith(ALWAYS_LOCKED) or any(covers(pattern, name) for pattern in self.locked)

    def __repr__(self) -> str:
        """Leave the values out: some may be secrets."""
        return f"Place({sorted(self.values)}, locked={self.locked})"


NOWHERE = Place({})


class Places(NamedTuple):
    """Every place settings come from, the weakest first. ``system`` is the machine's own, for its locks only."""

    shared: Place = NOWHERE
    machine: Place = NOWHERE
    user: Place = NOWHERE
    environment: Place = NOWHERE
    options: Place = NOWHERE
    system: Place = NOWHERE


class Settings:
    """Every setting's value in force.

    ``overruled`` names what a later place set in vain, and where: the person is to be told. ``locked`` are
    the settings nobody but the machine's administrator can change.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        overruled: Mapping[str, str] | None = None,
        locked: frozenset[str] = frozenset(),
        places: Places | None = None,
    ) -> None:
        self._values = dict(values)
        self.overruled = dict(overruled or {})
        self.locked = locked
        self.places = places or Places()

    def __getitem__(self, name: str) -> str:
        """Return the value in force. Raises ``SettingsError`` for a secret that cannot be fetched."""
        value = self._values[name]
        if value.fetch is not None:
            value = value._replace(text=value.fetch(), fetch=None)
            self._values[name] = value
        return value.text

    def number(self, name: str) -> int:
        """Return the value in force of a setting that is a number."""
        return int(self[name])

    def decimal(self, name: str) -> float:
        """Return the value in force of a setting in decimals."""
        return float(self[name])

    def flag(self, name: str) -> bool:
        """Return whether a yes-or-no setting is on."""
        return self[name] == "yes"

    def listed(self, name: str) -> list[str]:
        """Return the words of a setting that is a list."""
        return self[name].replace(",", " ").split()

    def origin(self, name: str) -> str:
        """Return where the value in force came from."""
        return self._values[name].origin

    def place(self, name: str) -> str:
        """Return which place the value in force is from: ``default``, ``machine``, ``user``, …"""
        return self._values[name].place

    def shown(self, name: str) -> str:
        """Return the value fit to be seen: a secret as ``••••``, without fetching it."""
        value = self._values[name]
        if SETTINGS[name].secret:
            return SHOWN_SECRET if value.text or value.fetch else ""
        return value.text


def in_force(places: Places) -> Settings:
    """Return every setting's value in force among what the places set."""
    machine, user = places.machine.values, places.user.values
    box = _first("use_user_settings", places)
    machines_own = "interface" in machine and (
        box.text != "yes" or places.machine.locks("interface") or places.system.locks("interface")
    )
    bundle_of, other = (machine, user) if machines_own else (user, machine)
    chosen = bundle_of.get("interface", Value(SETTINGS["interface"].default, "default")).text
    bundle = {"interface", *section_of(chosen)}
    locks = {name for place in (places.machine, places.system) for name in place.values if place.locks(name)}

    values: dict[str, Value] = {}
    overruled: dict[str, str] = {}
    for name, known in SETTINGS.items():
        found = places.shared.values.get(name, Value(known.default, "default"))
        for place in (machine, user):
            if name in place and not (name in bundle and place is other) and name != "use_user_settings":
                found = place[name]
        if name == "use_user_settings":
            found = box
        for place in (places.environment.values, places.options.values):
            found = place.get(name, found)
        if name in locks:
            lock = places.system.values[name] if places.system.locks(name) else machine[name]
            if found != lock and found.origin != "default":
                overruled[name] = found.origin
            found = lock
        values[name] = found
    return Settings(values, overruled, frozenset(locks), places)


def _first(name: str, places: Places) -> Value:
    """Return the tick box: kept with the user, so the machine's counts only where it is locked."""
    for place in (places.system, places.machine):
        if place.locks(name):
            return place.values[name]
    for place in (places.options, places.environment, places.user):
        if name in place.values:
            return place.values[name]
    return Value(SETTINGS[name].default, "default")


def home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder of this user's files: ``OFFHOOK_HOME``, else the system's place for them."""
    if environ.get("OFFHOOK_HOME"):
        return environ["OFFHOOK_HOME"]
    if os.name == "posix":  # the same as platformdirs gives, without its start-up cost on every click
        return os.path.join(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "offhook")
    from platformdirs import user_state_dir

    return user_state_dir("offhook", appauthor=False)


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
    folder = home(environ)
    user = read_place(os.path.join(folder, FILE), "user").values
    own = environ.get("OFFHOOK_DESK__EXTENSION") or (
        user["desk.extension"].text if "desk.extension" in user else ""
    )
    if not extension or extension == own:
        return folder
    if not extension.isalnum():
        raise SettingsError("desk_unknown", desk=extension[:40], desks="")
    return os.path.join(folder, "desks", extension)


def resolve(
    options: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    shared: bool = False,
    folder: str | None = None,
    system: str | None = None,
) -> Settings:
    """Return every setting's value in force. Raises ``SettingsError`` naming the place that is wrong.

    ``shared`` reads the shared folder, too: only some commands need what is there. ``folder`` is that of the
    user's settings, ``system`` the machine's own file; both have their usual places.
    """
    system = system or system_file()
    machine = machine_file(environ, system)
    user_folder = folder or home(environ)
    places = Places(
        machine=read_place(machine, "machine"),
        user=read_place(os.path.join(user_folder, FILE), "user"),
        environment=_from_environment(environ),
        options=_from_options(options or {}),
        system=read_place(system, "machine") if system != machine else NOWHERE,
    )
    found = in_force(places)
    return with_shared(found, environ) if shared else found


def with_shared(settings: Settings, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings with what the shared folder says beneath them. Raises ``SettingsError``."""
    from offhook.settings.shared import place_of

    return in_force(settings.places._replace(shared=place_of(settings, home(environ))))


def read_place(path: str, place: str) -> Place:
    """Return what a settings file sets. Raises ``SettingsError`` naming file and line."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return NOWHERE
    except (OSError, ValueError) as error:
        raise SettingsError("settings_file_unreadable", path=path, why=_why(error)) from None
    return _from_toml(text, path, place)


def _from_toml(text: str, path: str, place: str) -> Place:
    import tomllib

    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # its message names the line, never the text on it
        raise SettingsError("settings_file_unreadable", path=path, why=str(error)[:120]) from None
    locked = found.pop(LOCKED, []) if place == "machine" else []
    if not isinstance(locked, list) or not all(isinstance(each, str) for each in locked):
        raise SettingsError("setting_unreadable", name=LOCKED, where=path, expected='["guard.*", "country"]')
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
            values[name] = _read_value(name, value, where, place, os.path.dirname(path))
    return Place(values, tuple(locked))


def _read_value(name: str, value: object, where: str, place: str, folder: str) -> Value:
    if isinstance(value, dict) and setting(name, where).secret and value.get("kept") in ("vault", "file"):
        written = value

        def fetch() -> str:
            from offhook.settings.secret import fetch

            return fetch(folder, name, written, where)

        return Value("", where, place, fetch)
    if isinstance(value, dict) and setting(name, where).kind != "table":
        raise SettingsError("setting_unreadable", name=name, where=where, expected="text")
    return Value(checked(name, value, where), where, place)


def _why(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else str(error)


def covers(pattern: str, name: str) -> bool:
    """Say whether a lock such as ``guard.*`` names a setting."""
    return name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))


def covers_any(pattern: str) -> bool:
    """Say whether a lock such as ``guard.*`` names any setting there is."""
    return any(covers(pattern, name) for name in SETTINGS)


def _line_of(text: str, name: str) -> int:
    """Return the line on which a key stands, for the message; the first where it cannot be told."""
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
        if stem != name and stem in SETTINGS and SETTINGS[stem].secret:
            name = stem
            try:
                with open(text, encoding="utf-8") as file:
                    text = file.read().rstrip("\r\n")
            except (OSError, ValueError) as error:
                raise SettingsError("settings_file_unreadable", path=variable, why=_why(error)) from None
        values[name] = Value(checked(name, text, variable), variable, "environment")
    return Place(values)
