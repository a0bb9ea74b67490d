"""What an administrator says about a switch: its desks' numbers, their devices, its trunks. No I/O.

The form is that of a settings file's section (``asterisk`` or ``freeswitch``)::

    extensions = ["10[0-9][0-9]"]                  # the desks' numbers: patterns
    devices = { "1001" = ["PJSIP/1001"] }          # which devices ring for a desk; "*" = ["PJSIP/*"]: for all
    trunks = ["PJSIP/trunk"]                       # the outside world: endpoints or gateways
    trunk_contexts = ["from-trunk"]                # or where its calls come in

No device's or trunk's name is known in any other way. Names are compared whole and without regard to case:
``PJSIP/10`` is not ``PJSIP/101``.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from offhook.errors import SettingsError

if TYPE_CHECKING:
    from offhook.view import View

EVERY = "*"
"""In ``devices``: every desk, or its number in a device's name."""
_REGULAR = set("\\{}+()|^$.")
"""What makes a pattern a regular expression; other patterns are as in a shell: ``*`` ``?`` ``[0-9]``."""
_NUMBER = re.compile(r"[0-9]{2,5}")


class Plan:
    """Who a switch's devices and contexts are.

    Without ``extensions`` and ``devices`` it is a guess (:attr:`told` is false): short numbers are desks.
    """

    def __init__(
        self,
        extensions: Iterable[str] = (),
        devices: Mapping[str, Iterable[str]] | None = None,
        trunks: Iterable[str] = (),
        trunk_contexts: Iterable[str] = (),
    ) -> None:
        self._patterns = [_pattern(text) for text in extensions]
        told = {str(desk): tuple(map(str, names)) for desk, names in (devices or {}).items()}
        self._forms = told.pop(EVERY, ())
        self.devices = told
        self._desk_of = {name.lower(): desk for desk, names in told.items() for name in names}
        self.trunks = tuple(trunks)
        self._trunks = frozenset(name.lower() for name in self.trunks)
        self._trunk_contexts = frozenset(name.lower() for name in trunk_contexts)
        self.told = bool(self._patterns or self.devices or self._forms)
        self.trunks_told = bool(self._trunks or self._trunk_contexts)

    def is_desk(self, number: str) -> bool:
        """Say whether a number is a desk's."""
        if number in self.devices or any(pattern.fullmatch(number) for pattern in self._patterns):
            return True
        return not self.told and _NUMBER.fullmatch(number) is not None

    def desk_of(self, device: str) -> str:
        """Return the desk that a device rings for, or ``""``; a device may be named as its desk's number."""
        desk = self._desk_of.get(device.lower())
        if desk is not None:
            return desk
        for form in self._forms:
            head, _star, tail = form.lower().partition(EVERY)
            number = device[len(head) : len(device) - len(tail)] if tail else device[len(head) :]
            if device.lower() == f"{head}{number.lower()}{tail}" and self.is_desk(number):
                return number
        number = device.rpartition("/")[2]
        return number if self.is_desk(number) and not self.is_trunk(device) else ""

    def devices_of(self, desk: str) -> tuple[str, ...]:
        """Return the devices that ring for a desk."""
        own = self.devices.get(desk)
        if own is not None:
            return own
        return tuple(form.replace(EVERY, desk) for form in self._forms) if self.is_desk(desk) else ()

    def faults(self, where: str, desks: Iterable[str]) -> Iterator[SettingsError]:
        """Yield what the plan lacks for those desks."""
        for name, told in (
            ("extensions", self._patterns or self.devices),
            ("devices", self.devices or self._forms),
        ):
            if not told:
                yield SettingsError("plan_empty", interface=where, setting=f"{where}.{name}")
        if not self.trunks_told:
            yield SettingsError("plan_no_outside", interface=where, setting=f"{where}.trunks")
        for desk in desks if self.told else ():
            if not self.is_desk(desk):
                yield SettingsError("plan_desk", interface=where, desk=desk, setting=f"{where}.extensions")

    def is_trunk(self, device: str, context: str = "") -> bool:
        """Say whether a device, or the context a call came into, is the outside world."""
        return device.lower() in self._trunks or (
            bool(context) and context.lower() in self._trunk_contexts and device.lower() not in self._desk_of
        )


def plan_of(options: "View") -> Plan:
    """Return the plan in an interface's settings. Raises ``SettingsError``."""
    table: dict[str, object] = {
        name: list(options.words(name)) for name in ("extensions", "trunks", "trunk_contexts")
    }
    devices = {desk: list(names) for desk, names in options.table("devices").items()}
    return plan_from(table | {"devices": devices}, options.about.name)


def plan_from(section: object, where: str, beside: Collection[str] = ()) -> Plan:
    """Return the plan in a settings file's section; ``beside`` are the other names allowed there.

    Raises ``SettingsError`` naming what is wrong in it.
    """
    table = _table(section, where)
    for key in table:
        if key not in ("extensions", "devices", "trunks", "trunk_contexts", *beside):
            raise _wrong(f"{where}.{key}", "extensions | devices | trunks | trunk_contexts")
    devices = _table(table.get("devices", {}), f"{where}.devices")
    return Plan(
        _texts(table.get("extensions", []), f"{where}.extensions"),
        {desk: _texts(names, f"{where}.devices.{desk}") for desk, names in devices.items()},
        _texts(table.get("trunks", []), f"{where}.trunks"),
        _texts(table.get("trunk_contexts", []), f"{where}.trunk_contexts"),
    )


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(where, "[table]")
    return {str(key): item for key, item in value.items()}


def _texts(value: object, where: str) -> list[str]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _wrong(where, '["…", "…"]')
    try:
        for text in found if where.endswith("extensions") else ():
            _pattern(text)
    except re.error:
        raise _wrong(where, '["10[0-9][0-9]"]') from None
    return found


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text if _REGULAR & set(text) else translate(text))


def _wrong(where: str, expected: str) -> SettingsError:
    return SettingsError("setting_unreadable", name=where, where=where, wanted="shape", such=expected)
