"""Which value of a setting is in force, and where it came from (specification section 2). No I/O.

Places, of which the later wins: defaults · shared folder · machine · user · environment · command line. Two exceptions:
the tick box ``use_user_settings`` decides whose interface and interface settings count, machine's or user's,
as one bundle; and what the machine locks stays the machine's. What the places set is read by
:mod:`offhook.settings.places`.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from offhook.about import Setting

ALWAYS_LOCKED = "guard."
"""Settings that the machine place always locks where it sets them."""
SHOWN_SECRET = "••••"  # noqa: S105 - what is shown instead of one


class Value(NamedTuple):
    """A value in force and the place it came from: ``default``, ``file:line``, a variable or an option.

    ``fetch`` gets a secret kept elsewhere, only when it is asked for: a vault takes its time.
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
        """Say whether this place locks a setting, at its value here or, without one, at what lies beneath."""
        if name.startswith(ALWAYS_LOCKED) and name in self.values:
            return True
        return any(covers(pattern, name) for pattern in self.locked)

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


class Known(NamedTuple):
    """What settings there are: one by its name (raises ``SettingsError``), the names of an interface's own."""

    setting: Callable[[str, str], Setting]
    section_of: Callable[[str], tuple[str, ...]]


class Settings:
    """Every setting's value in force among what the places set. A value is worked out when it is asked for.

    ``overruled`` names what a later place set without effect, and where: the person must be told.
    """

    def __init__(self, places: Places, known: Known) -> None:
        self.places = places
        self.known = known
        self._values: dict[str, Value] = {}
        machine, user = places.machine.values, places.user.values
        machines_own = "interface" in machine and (
            self._box().text != "yes" or places.machine.locks("interface") or places.system.locks("interface")
        )
        bundle_of, self._other = (machine, user) if machines_own else (user, machine)
        locked = self.locks("interface")
        chosen = (
            self._lock("interface") if locked else bundle_of.get("interface", self._default("interface"))
        ).text
        self._bundle = frozenset({"interface", *known.section_of(chosen)})

    def __getitem__(self, name: str) -> str:
        """Return the value in force. Raises ``SettingsError`` for a secret that cannot be fetched."""
        value = self._value(name)
        if value.fetch is not None:
            value = self._values[name] = value._replace(text=value.fetch(), fetch=None)
        return value.text

    def locks(self, name: str) -> bool:
        """Say whether nobody but the machine's administrator can change a setting."""
        return self.places.system.locks(name) or self.places.machine.locks(name)

    def is_bundled(self, name: str) -> bool:
        """Say whether a setting belongs to the interface in force, so that the tick box decides whose counts."""
        return name in self._bundle

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
        return self._value(name).origin

    def place(self, name: str) -> str:
        """Return which place the value in force is from: ``default``, ``machine``, ``user``, …"""
        return self._value(name).place

    def shown(self, name: str) -> str:
        """Return the value fit to be shown: a secret as ``••••``, without fetching it."""
        value = self._value(name)
        if self.known.setting(name, name).secret:
            return SHOWN_SECRET if value.text or value.fetch else ""
        return value.text

    @property
    def overruled(self) -> dict[str, str]:
        """What a later place set without effect, because of a lock, and where."""
        later = (self.places.machine, self.places.user, self.places.environment, self.places.options)
        names = {name for place in later for name in place.values if self.locks(name)}
        found = {name: self._before_locks(name) for name in names}
        return {
            name: value.origin
            for name, value in found.items()
            if value != self._lock(name) and value.place not in ("default", "shared")
        }

    def _value(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = self._lock(name) if self.locks(name) else self._before_locks(name)
        return self._values[name]

    def _lock(self, name: str) -> Value:
        """Return a locked setting's value: of the place that locks it, else of what lies beneath every lock."""
        place = self.places.system if self.places.system.locks(name) else self.places.machine
        return place.values.get(name) or self.places.shared.values.get(name) or self._default(name)

    def _before_locks(self, name: str) -> Value:
        places = self.places
        if name == "use_user_settings":
            return self._box()
        found = places.shared.values.get(name) or self._default(name)
        for place in (places.machine.values, places.user.values):
            if name in place and not (name in self._bundle and place is self._other):
                found = place[name]
        for place in (places.environment.values, places.options.values):
            found = place.get(name, found)
        return found

    def _box(self) -> Value:
        """Return the tick box: kept with the user, so the machine's counts only where it is locked."""
        name, places = "use_user_settings", self.places
        for place in (places.system, places.machine):
            if place.locks(name):
                return place.values.get(name) or self._default(name)
        for place in (places.options, places.environment, places.user):
            if name in place.values:
                return place.values[name]
        return self._default(name)

    def _default(self, name: str) -> Value:
        return Value(self.known.setting(name, name).default, "default")


def covers(pattern: str, name: str) -> bool:
    """Say whether a lock such as ``guard.*`` names a setting."""
    return name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))
