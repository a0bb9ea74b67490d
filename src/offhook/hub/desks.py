"""Each desk's own settings, as the hub that serves it sees them.

A desk need be nothing but a browser page: the hub then runs its line with that desk's own interface, number,
user and password (specification section 1). They lie in ``desks/EXTENSION/settings.toml``, over the machine's; the
desk named by ``desk.extension`` is the user's own and shares the user's settings.
"""

import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from offhook import catalogue
from offhook.dialling import DialRules, rules_from
from offhook.embed import clock, own_line
from offhook.errors import CommandError, OffhookError, Refused, SettingsError
from offhook.interface import Availability, Ledger, Line
from offhook.interfaces.callto.command import order
from offhook.interfaces.web.calling import account
from offhook.model import Command, Dial, Event
from offhook.settings import divalto
from offhook.settings.layers import SHOWN_SECRET, Place, Settings, desk_folder, home, resolve, with_shared
from offhook.settings.model import SETTINGS, checked
from offhook.settings.shared import web_file
from offhook.settings.stores import change, file_of

log = logging.getLogger(__name__)

THE_HUBS_OWN = (
    "asterisk.",
    "callto.",
    "freeswitch.",
    "tls.",
    "hub.",
    "simulator.",
    "guard.",
    "web.file",
    "shared_folder",
)
"""Settings by which a desk's page would reach into the hub's machine."""
ACCOUNT_S = 60.0
"""How long a desk's account is remembered for the seed's protocol."""
EXAMPLE = "0388202020"
"""The seed's example number."""

ABOUT_THE_HUB = ("OFFHOOK_INTERFACE", "OFFHOOK_DESK__")
"""Variables that say who runs the hub, not who its desks are."""


class Unusable:
    """The line of a desk whose settings cannot be used: whatever is asked of it, it says why."""

    name: ClassVar[str] = "unusable"
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = frozenset()
    applies_rules: ClassVar[bool] = False
    per_desk: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {}

    def __init__(self, error: OffhookError) -> None:
        self._error = error

    @classmethod
    def availability(cls) -> Availability:
        """It is never of use."""
        return Availability(name=cls.name)

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """It is made with its error, never by name."""
        raise NotImplementedError

    async def open(self) -> None:
        """Say what is wrong."""
        raise self._error

    async def send(self, command: Command) -> None:
        """Say what is wrong."""
        raise self._error

    async def events(self) -> AsyncIterator[Event]:
        """There are none."""
        never: tuple[Event, ...] = ()
        for event in never:
            yield event

    async def close(self) -> None:
        """There is nothing to close."""


class Desks:
    """The settings of the desks a hub serves. ``port`` is the hub's own, ``switch`` its interface's name.

    ``first`` is the desk of the person who runs the hub.
    """

    def __init__(self, switch: str, port: int, *, per_desk: bool, first: str) -> None:
        self._first = first
        self._switch = switch
        self._port = port
        self._per_desk = per_desk
        self._accounts: dict[str, tuple[float, str, str]] = {}

    def settings(self, extension: str) -> Settings:
        """Return a desk's settings in force. Raises ``SettingsError``.

        The shared folder is read only for a desk whose interface looks there.
        """
        environ = {name: text for name, text in os.environ.items() if not name.startswith(ABOUT_THE_HUB)}
        options = {"desk.extension": extension}
        if self._per_desk:
            options["interface"] = self._switch
        found = resolve(options, environ, folder=desk_folder(extension))
        return with_shared(found) if found["interface"] in ("callto", "web") else found

    def rules(self, extension: str) -> DialRules:
        """Return what is dialled for a number at a desk. Raises ``SettingsError``."""
        return rules_from(self.settings(extension).__getitem__)

    def own_line(self, extension: str, ledger: Ledger) -> Line | None:
        """Return the line a desk's settings give it instead of the switch's, ``None`` for none.

        A parameter file that leads to this very hub needs no detour: the switch's line is what it means.
        Settings that cannot be used give a line that says so; they stop nobody else.
        """
        try:
            settings = self.settings(extension)
            rules_from(settings.__getitem__)
            if settings["interface"] in ("hub", self._switch) and not self._per_desk:
                return None
            line = own_line(settings, extension, ledger)
        except OffhookError as error:
            log.warning("desk %s has no line: %s", extension, error)
            return Line(Unusable(error), extension, clock, ledger)
        return None if self._is_here(getattr(line.interface, "url", "")) and not self._per_desk else line

    def account(self, extension: str) -> tuple[str, str]:
        """Return a desk's user and password, ``""`` where it has none; read again a minute later, or when changed."""
        now = time.monotonic()
        known = self._accounts.get(extension)
        if known is None or now - known[0] > ACCOUNT_S:
            try:
                settings = self.settings(extension)
                known = (now, settings["desk.user"], settings["desk.password"])
            except OffhookError:  # one desk's settings that are wrong shut out nobody else
                known = (now, "", "")
            self._accounts[extension] = known
        return known[1:]

    # --- the settings page ----------------------------------------------------------------------------

    def shown(self, extension: str) -> dict[str, Any]:
        """Return what the settings page shows of a desk: every setting, and the parameter file's findings."""
        found = with_shared(self.settings(extension))
        places = found.places
        rows = [
            {
                "name": name,
                "kind": known.kind,
                "choices": list(known.choices),
                "secret": known.secret,
                "value": found.shown(name),
                "origin": found.origin(name),
                "place": found.place(name),
                "locked": name in found.locked or found.place(name) in ("environment", "options"),
                "elsewhere": not self.may_change(extension, "user", name),
                "user": _shown_in(places.user, name, secret=known.secret),
                "machine": _shown_in(places.machine, name, secret=known.secret),
            }
            for name, known in SETTINGS.items()
        ]
        return {
            "desk": extension,
            "settings": rows,
            "interfaces": [_interface(each) for each in catalogue.availabilities()],
            "file": _file(found) if extension == self._first else None,
            "example": _example(found),
            "first": self._first,
        }

    def change(self, extension: str, scope: str, sets: Mapping[str, str | None]) -> str:
        """Change settings for a desk or for the machine; returns the file. Raises ``SettingsError``."""
        if scope not in ("user", "machine"):
            raise CommandError("command_unreadable", field="scope")
        found = self.settings(extension)
        for name, text in sets.items():
            if name in found.locked:
                raise SettingsError("setting_locked", name=name, where=found.origin(name))
            if not self.may_change(extension, scope, name, text):
                raise Refused("setting_not_here", name=name[:60], desk=self._first)
            if text is not None:
                checked(name, text, name)
        rules_from(lambda name: found[name] if sets.get(name) is None else checked(name, sets[name], name))
        path = file_of(scope, desk_folder(extension))
        change(path, sets)
        self._accounts.clear()
        return path

    def may_change(self, extension: str, scope: str, name: str, text: str | None = None) -> bool:
        """Say whether a desk's page may change a setting.

        The page of the person who runs the hub may change all. Other desks' pages change what is that desk's own
        affair: not the machine, nor what starts programs or reads files on the hub's machine.
        """
        if extension == self._first:
            return True
        starts = name == "interface" and text not in (None, "hub", "web")
        return scope == "user" and not starts and not name.startswith(THE_HUBS_OWN)

    def would_send(self, extension: str, number: str) -> list[str]:
        """Return what dialling on a desk's own interface would send, secrets masked. Raises what it would raise."""
        settings = self.settings(extension)
        digits = rules_from(settings.__getitem__).dialled(number)
        if settings["interface"] == "web":
            return account(web_file(settings.__getitem__, home()), settings.__getitem__, home()).shown(digits)
        return [order(settings.__getitem__, digits).shown]

    def has_own(self, extension: str) -> bool:
        """Say whether a desk telephones with an interface of its own."""
        return self.settings(extension)["interface"] in ("callto", "web")

    def _is_here(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            return parts.port == self._port and parts.hostname in ("localhost", "127.0.0.1", "::1")
        except ValueError:
            return False


def _shown_in(place: Place, name: str, *, secret: bool) -> str | None:
    """Return what one place sets, fit to be seen; ``None`` where it sets nothing."""
    value = place.values.get(name)
    if value is None:
        return None
    return SHOWN_SECRET if secret else value.text


def _interface(found: Availability) -> dict[str, Any]:
    return {"name": found.name, "ready": found.ready, "error": found.error.to_json() if found.error else None}


def _file(settings: Settings) -> dict[str, Any] | None:
    """Return the parameter file in force, line by line, with its findings."""
    try:
        found = web_file(settings.__getitem__, home())
    except SettingsError as error:
        return {"name": "", "lines": [], "findings": [], "error": error.to_json()}
    if found is None:
        return None
    findings = [
        {"line": each.line, "level": each.level, "code": each.code, "params": each.params}
        for each in divalto.read(found.data).findings
    ]
    return {"name": found.name, "lines": divalto.lines(found.data), "findings": findings, "error": None}


def _example(settings: Settings) -> str:
    """Return what the ``callto`` command makes of the seed's example number."""
    try:
        return order(settings.__getitem__, EXAMPLE).shown
    except OffhookError as error:
        return error.text()
