"""Each desk's own settings, as the hub that serves it sees them.

A desk need be nothing but a browser page: the hub then runs its line with that desk's own interface, number,
user and password (specification section 1). They lie in ``desks/EXTENSION/settings.toml``, over the machine's; the
desk named by ``desk.extension`` is the user's own and shares the user's settings.
"""

import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from offhook import catalogue
from offhook.dialling import DialRules, rules_from
from offhook.embed import clock, own_line
from offhook.errors import CommandError, OffhookError, SettingsError
from offhook.interface import Availability, Ledger, Line
from offhook.interfaces.callto.command import order
from offhook.interfaces.web.calling import account
from offhook.interfaces.web.trace import Trace
from offhook.model import Command, Dial, Event
from offhook.settings import divalto
from offhook.settings.layers import SHOWN_SECRET, Place, Settings, desk_folder, home, resolve
from offhook.settings.model import SETTINGS
from offhook.settings.shared import web_file
from offhook.settings.stores import change, file_of
from offhook.transport.launch import launch

log = logging.getLogger(__name__)

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
    """The settings of the desks a hub serves. ``port`` is the hub's own, ``switch`` its interface's name."""

    def __init__(self, switch: str, port: int, *, per_desk: bool) -> None:
        self._switch = switch
        self._port = port
        self._per_desk = per_desk

    def settings(self, extension: str) -> Settings:
        """Return a desk's settings in force. Raises ``SettingsError``."""
        environ = {name: text for name, text in os.environ.items() if not name.startswith(ABOUT_THE_HUB)}
        options = {"desk.extension": extension}
        if self._per_desk:
            options["interface"] = self._switch
        return resolve(options, environ, shared=True, folder=desk_folder(extension))

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
            if settings["interface"] in ("hub", self._switch) and not self._per_desk:
                return None
            line = own_line(settings, extension, ledger)
        except OffhookError as error:
            log.warning("desk %s has no line: %s", extension, error)
            return Line(Unusable(error), extension, clock, ledger)
        return None if self._is_here(getattr(line.interface, "url", "")) and not self._per_desk else line

    def accounts(self, extensions: list[str]) -> Mapping[str, tuple[str, str]]:
        """Return each desk's user and password, for those that have them."""
        found = {}
        for extension in extensions:
            try:
                settings = self.settings(extension)
                found[extension] = (settings["desk.user"], settings["desk.password"])
            except OffhookError:  # one desk's settings that are wrong shut out nobody else
                continue
        return found

    # --- the settings page ----------------------------------------------------------------------------

    def shown(self, extension: str) -> dict[str, Any]:
        """Return what the settings page shows of a desk: every setting, and the parameter file's findings."""
        found = self.settings(extension)
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
                "user": _shown_in(places.user, name, secret=known.secret),
                "machine": _shown_in(places.machine, name, secret=known.secret),
            }
            for name, known in SETTINGS.items()
        ]
        return {
            "desk": extension,
            "settings": rows,
            "interfaces": [_interface(each) for each in catalogue.availabilities()],
            "file": _file(found),
            "example": _example(found),
        }

    def change(self, extension: str, scope: str, sets: Mapping[str, str | None]) -> str:
        """Change settings for a desk or for the machine; returns the file. Raises ``SettingsError``."""
        if scope not in ("user", "machine"):
            raise CommandError("command_unreadable", field="scope")
        found = self.settings(extension)
        for name in sets:
            if name in found.locked and scope == "user":
                raise SettingsError("setting_locked", name=name, where=found.origin(name))
        path = file_of(scope, desk_folder(extension))
        change(path, sets)
        return path

    def test_dial(self, extension: str, number: str, *, really: bool) -> dict[str, Any]:
        """Dial on a desk's own interface, or only show what would be sent; secrets are masked.

        Returns ``sent`` and ``answered`` as they went over the wire, and the ``error`` there was, if any.
        """
        settings = self.settings(extension)
        digits = rules_from(settings.__getitem__).dialled(number)
        wire: list[str] = []
        error: OffhookError | None = None
        if settings["interface"] == "web":
            used = account(web_file(settings.__getitem__, home()), settings.__getitem__, home())
            used = used._replace(trace=Trace(told=wire.append))
            sent = used.shown(digits)
            act: Callable[[], None] = lambda: used.dial(digits)  # noqa: E731 - one of two acts
        else:
            made = order(settings.__getitem__, digits)
            sent = [made.shown]
            act = lambda: launch(made.words, is_address=made.is_address, verb=made.verb)  # noqa: E731
        if really:
            try:
                act()
            except OffhookError as failed:
                error = failed
        return {"sent": sent, "wire": wire, "error": error.to_json() if error else None}

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
