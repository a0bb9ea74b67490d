"""Each desk's own settings, as the board that serves it sees them.

A desk can be just a browser page: the hub then runs its line with that desk's own interface, number,
user and password (specification section 1). They are in ``desks/EXTENSION/settings.toml``, over the machine's; the
desk named by ``desk.extension`` is the user's own and shares the user's settings.
"""

import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from offhook import catalogue
from offhook.about import About
from offhook.board.key import DeskKey
from offhook.dialling import Dialled, DialRules, rules_from
from offhook.embed import clock, own_line
from offhook.errors import CommandError, OffhookError, Refused, SettingsError
from offhook.ids import new_command_id
from offhook.interface import Availability, Device, Interface, Seen, Telling, nothing_wrong
from offhook.ledger import Ledger
from offhook.line import Line
from offhook.model import Command, Dial, Event
from offhook.ordering import dialled
from offhook.seed import parameters
from offhook.seed.folder import web_file, with_shared
from offhook.settings.changes import change, file_of
from offhook.settings.model import checked, everything, judged, setting
from offhook.settings.places import config, desk_folder, home, resolve
from offhook.settings.values import ALWAYS_LOCKED, SHOWN_SECRET, Place, Settings
from offhook.view import View

log = logging.getLogger(__name__)

ACCOUNT_S = 60.0
"""How long a desk's account is remembered."""
EXAMPLE = "0388202020"
"""The seed's example number."""
ABOUT_THE_HUB = ("OFFHOOK_INTERFACE", "OFFHOOK_DESK__")
"""Environment variables that say who runs the board, not who its desks are."""


JUDGED_BY = (
    "country", "outside_prefix", "international_prefix", "internal_numbers", "emergency_numbers", "emergency_prefix",
    "dial_format",
)  # fmt: skip
"""What a guard's verdict depends on (specification section 3)."""


class Unusable(Telling):
    """The line of a desk whose settings cannot be used: it answers everything with the reason."""

    about: ClassVar[About] = About("unusable")
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = frozenset()

    def __init__(self, error: OffhookError) -> None:
        super().__init__()
        self._error = error

    @classmethod
    async def availability(cls) -> Availability:
        """It can never be used."""
        return Availability(cls.about.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> "tuple[Unusable, Device]":
        """Raise: it is made with its error, never by name."""
        raise NotImplementedError

    async def open(self) -> None:
        """Say what is wrong."""
        raise self._error

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Say what is wrong."""
        raise self._error

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """Say what is wrong."""
        raise self._error

    def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """There is nothing to look at."""
        return nothing_wrong()

    async def close(self) -> None:
        """There is nothing to close."""
        self.end()


class DeskSettings:
    """The settings of the desks a board serves. ``port`` is the board's own, ``switch`` its interface's name, if any.

    ``first`` is the desk of the person who runs it. ``per_desk``: ``switch`` gives each desk a line of its own.
    ``mine``: it serves only that desk, whose settings are simply this user's, under what is given here.
    """

    def __init__(
        self,
        switch: str,
        port: int,
        *,
        per_desk: bool,
        first: DeskKey,
        mine: Mapping[str, str] | None = None,
    ) -> None:
        self._mine = mine
        self._first = first
        self._switch = switch
        self._port = port
        self._per_desk = per_desk
        self._accounts: dict[DeskKey, tuple[float, str, str]] = {}
        self._made: dict[DeskKey, tuple[object, ...]] = {}

    def settings(self, key: DeskKey) -> Settings:
        """Return a desk's settings in force. Raises ``SettingsError``.

        The shared folder is read only for a desk whose interface looks there.
        """
        if self._mine is not None:
            return self._shared(resolve(self._mine))
        environ = {name: text for name, text in os.environ.items() if not name.startswith(ABOUT_THE_HUB)}
        options = {"desk.extension": key.extension}
        if self._per_desk and self._switch:
            options["interface"] = self._switch
        found = resolve(options, environ, folder=self._folder(key))
        machines = self._machines_own(found)
        return self._shared(
            resolve(options | machines, environ, folder=self._folder(key)) if machines else found
        )

    def _machines_own(self, found: Settings) -> dict[str, str]:
        """Return what a guard of the machine's judges by: the machine's, whatever a desk has set for itself."""
        places = (found.places.environment.values, found.places.machine.values)
        if not any(name.startswith(ALWAYS_LOCKED) for name in found.places.machine.values):
            return {}
        return {
            name: next((each[name].text for each in places if name in each), setting(name, name).default)
            for name in JUDGED_BY
        }

    def _folder(self, key: DeskKey) -> str:
        return config() if self._mine is not None else desk_folder(key.extension)

    def _shared(self, found: Settings) -> Settings:
        said = catalogue.known(found["interface"])
        return with_shared(found) if said is not None and "shared_folder" in said.uses else found

    def rules(self, key: DeskKey) -> DialRules:
        """Return what is dialled for a number at a desk. Raises ``SettingsError``."""
        return rules_from(self.settings(key).__getitem__)

    def own_line(self, key: DeskKey, ledger: Ledger, now: Line | None = None) -> Line | None:
        """Return the line a desk's settings give it instead of the switch's, ``None`` for none.

        ``now`` is the one it has: it stays, where everything it was made of is as it was.

        A parameter file that leads back to this hub needs no detour: the switch's line is meant.
        Settings that cannot be used give a line that says so; they stop nobody else.
        """
        try:
            settings = self.settings(key)
            rules_from(settings.__getitem__)
            if not self._per_desk and self._is_the_switchs(settings["interface"]):
                return None
            made_of = _made_of(settings)
            if now is not None and self._made.get(key) == made_of:
                return now
            line = own_line(settings, settings["desk.extension"], ledger, str(key))
            self._made[key] = made_of
        except OffhookError as error:
            log.warning("desk %s has no line: %s", key, error)
            return Line(Unusable(error), key.extension, clock, ledger)
        return None if self._is_here(getattr(line.interface, "url", "")) and not self._per_desk else line

    def _is_the_switchs(self, name: str) -> bool:
        """Say whether a desk's interface means the switch's line: it is the switch's own, or leads to a hub."""
        said = catalogue.known(name)
        return name == self._switch or (said is not None and said.applies_rules)

    def account(self, key: DeskKey) -> tuple[str, str]:
        """Return a desk's user and password, ``""`` where it has none; read again after a minute, or when changed."""
        now = time.monotonic()
        known = self._accounts.get(key)
        if known is None or now - known[0] > ACCOUNT_S:
            try:
                settings = self.settings(key)
                known = (now, settings["desk.user"], settings["desk.password"])
            except OffhookError:  # wrong settings of one desk shut nobody else out
                known = (now, "", "")
            self._accounts[key] = known
        return known[1:]

    # --- the settings page ----------------------------------------------------------------------------

    def shown(self, key: DeskKey, *, owner: bool) -> dict[str, Any]:
        """Return what the settings page shows of a desk: every setting, and the parameter file's findings."""
        found = with_shared(self.settings(key))
        places = found.places
        rows = [
            {
                "name": name,
                "kind": known.kind,
                "choices": list(known.choices),
                "secret": known.secret,
                "owner": known.owner,
                "text": known.text_key,
                "value": found.shown(name),
                "origin": found.origin(name),
                "place": found.place(name),
                "locked": found.locks(name) or found.place(name) in ("environment", "options"),
                "elsewhere": not self.may_change("user", name, owner=owner),
                "user": _shown_in(places.user, name, secret=known.secret),
                "machine": _shown_in(places.machine, name, secret=known.secret),
            }
            for name, known in everything().items()
        ]
        return {
            "desk": str(key),
            "settings": rows,
            "file": _file(found) if owner else None,
            "first": str(self._first),
        }

    async def interfaces(self, key: DeskKey) -> list[dict[str, Any]]:
        """Return what the settings page shows of each interface: whether it can run, and what it would send."""
        settings = with_shared(self.settings(key))
        return [_interface(each, settings, key) for each in await catalogue.availabilities()]

    def change(self, key: DeskKey, scope: str, sets: Mapping[str, str | None], *, owner: bool) -> str:
        """Change settings for a desk or for the machine; returns the file. Raises ``SettingsError``."""
        if scope not in ("user", "machine"):
            raise CommandError("command_unreadable", field="scope")
        found = self.settings(key)
        for name, text in sets.items():
            if text is not None and found.locks(name):
                raise SettingsError("setting_locked", name=name, where=found.origin(name))
            if not self.may_change(scope, name, text, owner=owner):
                raise Refused("setting_not_here", name=name[:60], desk=str(self._first))
            if text is not None:
                judged(name, text, name)
        rules_from(lambda name: found[name] if sets.get(name) is None else checked(name, sets[name], name))
        path = file_of(scope, self._folder(key))
        change(path, sets)
        self._accounts.clear()
        return path

    def may_change(self, scope: str, name: str, text: str | None = None, *, owner: bool) -> bool:
        """Say whether a desk's page may change a setting.

        The page of the person who runs the hub may change everything. Another desk's page changes only what concerns
        that desk: not the machine, nor what starts programs or reads files on the hub's machine.
        """
        if owner:
            return True
        if name == OF_INTERFACE and text is not None:
            said = catalogue.known(text)
            if said is None or not said.by_page:
                return False
        return scope == "user" and setting(name, name).by_desk

    def would_send(self, interface: Interface, key: DeskKey, number: str) -> list[str]:
        """Return what dialling at a desk would send, secrets masked. Raises what it would raise."""
        rules = None if interface.about.applies_rules else self.rules(key)
        command = Dial(id=new_command_id(), number=number)
        device, digits = self._device(key), dialled(number, rules)
        with catalogue.answering(interface.about.name):
            return interface.preview(command, device, digits)

    def _device(self, key: DeskKey) -> Device:
        return Device(self.settings(key)["desk.extension"])

    def _is_here(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            return parts.port == self._port and parts.hostname in ("localhost", "127.0.0.1", "::1")
        except ValueError:
            return False


OF_INTERFACE = "interface"


def _made_of(settings: Settings) -> tuple[object, ...]:
    """Return everything a desk's own line is made of: equal, and the line would be the same. A secret as its digest."""
    about = catalogue.about(settings["interface"])
    names = ("desk.extension", *(each.name for each in about.own()), *about.uses)
    values = "\0".join(f"{name}={settings[name]}" for name in names)
    file = web_file(settings.__getitem__, home()) if "shared_folder" in about.uses else None
    rules = rules_from(settings.__getitem__)
    return about.name, sha256(values.encode("utf-8", "replace")).digest(), file.data if file else b"", rules


def _shown_in(place: Place, name: str, *, secret: bool) -> str | None:
    """Return what one place sets, fit to be shown; ``None`` where it sets nothing."""
    value = place.values.get(name)
    if value is None:
        return None
    return SHOWN_SECRET if secret else value.text


def _interface(found: Availability, settings: Settings, key: DeskKey) -> dict[str, Any]:
    said = catalogue.known(found.name)
    return {
        "name": found.name,
        "ready": found.ready,
        "error": found.error.to_json() if found.error else None,
        "settings": [each.name for each in said.own()] if said is not None else [],
        "per_desk": said is None or said.per_desk,
        "by_page": said is not None and said.by_page,
        "example": _example(said, settings, key) if said is not None and said.cold else None,
    }


def _example(said: About, settings: Settings, key: DeskKey) -> dict[str, Any]:
    """Return what dialling the example number would send, or why it would not."""
    try:
        view = View(said, settings.__getitem__)
        with catalogue.answering(said.name):
            cold = catalogue.part(said, said.cold)(view, settings["desk.extension"], home())
            return {"sends": cold.preview(Dialled(EXAMPLE))}
    except OffhookError as error:
        return {"error": error.to_json()}


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
        for each in parameters.read(found.data).findings
    ]
    return {"name": found.name, "lines": parameters.lines(found.data), "findings": findings, "error": None}
