"""What is really dialled for a number: prefix, form, emergency numbers, guard. No I/O, no clock.

Rules: specification section 3. Numbering plans come from ``phonenumbers``, loaded only where a rule needs one.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from offhook import emergency, numbers, plans
from offhook.errors import Refused, SettingsError


class Dialled(str):
    """The digits that really go out: what the rules make of a number a person wrote."""

    __slots__ = ()


NOTHING = Dialled("")
"""For a command that dials no number."""

LONGEST_LENGTH = 2
"""An entry of ``internal_numbers`` with this many digits or fewer is a length, not a number."""


class Guard(NamedTuple):
    """What may not be dialled. ``countries`` are those allowed; empty allows all. ``codes`` are the codes allowed."""

    countries: tuple[str, ...] = ()
    bar_premium: bool = False
    barred: tuple[str, ...] = ()
    per_minute: int = 0
    codes: tuple[str, ...] = ()

    @property
    def bars(self) -> bool:
        """Whether anything is barred: then only what is known to be a number passes."""
        return bool(self.countries or self.bar_premium or self.barred)


class DialRules(NamedTuple):
    """How a desk's numbers are dialled. ``internal`` are lengths, patterns and ranges."""

    country: str
    prefix: str = ""
    form: str = "as_typed"
    internal: tuple[str, ...] = ("5",)
    emergency: tuple[str, ...] = ()
    emergency_prefix: bool = False
    guard: Guard = Guard()
    international_prefix: str = ""

    def dialled(self, text: str) -> str:
        """Return the digits to dial for a number as a person writes it. Raises ``Refused``.

        Digits to be sent after the answer are somebody else's to send, or to refuse.
        """
        return self.of(self.read(text).digits)

    def read(self, text: str) -> numbers.Number:
        """Read a number as it is written for this desk. Raises ``Refused``."""
        return numbers.read(text, self.country, self.prefix)

    def of(self, digits: str) -> str:
        """Return the digits to dial for digits already read. Raises ``Refused``."""
        if urgent := self._emergency(digits):
            return self.prefix + urgent if self.emergency_prefix else urgent
        if self.is_internal(digits):
            self._check_inside(digits)
            return digits
        bare = self._bare(digits)
        number = bare if self.form == "as_typed" else self._in_form(bare)
        self._check(bare, number)
        return self._outside(number)

    def is_emergency(self, digits: str) -> bool:
        """Say whether it is an emergency number, perhaps with the prefix in front."""
        return bool(self._emergency(digits))

    def _emergency(self, digits: str) -> str:
        """Return the emergency number that is meant, ``""`` for none.

        A ``+`` before it and a ``#`` behind it are not dialled. What a pattern makes internal has no prefix in front.
        """
        bare = digits.removeprefix("+").rstrip("#")
        if self._is_emergency(bare):
            return bare
        rest = digits.rstrip("#").removeprefix(self.prefix).removeprefix("+")
        return rest if rest != bare and self._is_emergency(rest) and not self._is_listed(bare) else ""

    def _is_emergency(self, digits: str) -> bool:
        """Say whether it is one: a list of the administrator's own adds to what the country has."""
        return digits in self.emergency or plans.is_emergency(digits, self.country)

    def is_internal(self, digits: str) -> bool:
        """Say whether it stays inside: a pattern or the longest length says so, or it is a feature code."""
        return digits[:1] in ("*", "#") or any(_matches(entry, digits) for entry in self.internal)

    def _is_listed(self, digits: str) -> bool:
        """Say whether a pattern or a range, and not its length alone, makes it internal."""
        return any(_matches(entry, digits) for entry in self.internal if not _is_length(entry))

    def leaves(self, digits: str) -> bool:
        """Say whether it goes outside for the guard: what is not internal, and a paid short number."""
        return not self.is_internal(digits) or bool(self._paid_short(digits))

    def _paid_short(self, digits: str) -> list[str]:
        """Return the paid short numbers it may be, unless a pattern, and not its length alone, makes it internal."""
        if self._is_listed(digits):
            return []
        forms = dict.fromkeys((digits, digits.removeprefix(self.prefix)))
        return [each for each in forms if plans.is_paid_short(each, self.country)]

    def _bare(self, digits: str) -> str:
        """Return the number without the outside prefix, if it already has it.

        It has it where it is not a valid number as typed but is one without.
        """
        rest = digits.removeprefix(self.prefix)
        if not self.prefix or rest == digits or not rest:
            return digits
        return rest if self._exists(rest) and not self._exists(digits) else digits

    def _exists(self, digits: str) -> bool:
        """Say whether it is a valid number as it is dialled here, a short one or an international one."""
        return plans.exists(digits, self.country) or digits in self.emergency

    # --- form -----------------------------------------------------------------------------------------

    def _outside(self, number: str) -> str:
        """Return a number as it leaves through the outside line. No prefix stands in front of an E.164 one."""
        if not self.prefix or (self.form == "e164" and plans.valid(number, self.country) == number):
            return number
        return self.prefix + (self._abroad() + number[1:] if number.startswith("+") else number)

    def _abroad(self) -> str:
        """Return what is dialled for ``+``. Raises ``Refused`` where the country has several ways and none is set."""
        prefix = self.international_prefix or plans.international_prefix(self.country)
        if not prefix:
            raise Refused("number_abroad", country=self.country)
        return prefix

    def _in_form(self, digits: str) -> str:
        """Return the number in the form asked for; what has no international form stays as typed."""
        standard = plans.meant(digits, self.country)
        if not standard or self.form == "e164":
            return standard or digits
        if self.form == "national":
            return plans.national(standard, self.country) or self._abroad() + standard[1:]
        return f"00{standard[1:]}"

    # --- guard ----------------------------------------------------------------------------------------

    def _check_inside(self, digits: str) -> None:
        """Raise ``Refused`` for what stays inside and is barred: a code, or a number that only looks internal."""
        self._check_listed(digits, "")
        if not self.guard.bars:
            return
        if digits[0] in "*#":
            self._check_code(digits)
            return
        for each in self._paid_short(digits):
            self._check(each, each)

    def _check_code(self, digits: str) -> None:
        """Judge a feature code by the number it carries (``*21*N#``); one without must be listed."""
        listed = any(_matches(entry, digits) for entry in self.guard.codes)
        service, *fields = re.findall(r"[0-9]+", digits) or [""]
        for each in fields:
            self._check_carried(each)
        if fields:
            return
        if not listed:
            raise Refused("guard_code", number=numbers.shown(digits))
        for start in range(1, len(service)):  # *67N: where the code ends and the number begins is not said
            if plans.valid(service[start:], self.country):
                self._check_carried(service[start:])

    def _check_carried(self, digits: str) -> None:
        if not self.is_emergency(digits) and not self.is_internal(digits):
            bare = self._bare(digits)
            self._check(bare, bare)
        elif not self.is_emergency(digits):
            self._check_inside(digits)

    def _check(self, typed: str, number: str) -> None:
        """Raise ``Refused`` for a number that is barred, as typed or as it leaves, and for what may be any number."""
        guard = self.guard
        if not guard.bars:
            return
        reached = self._reached(number)
        standard = plans.valid(reached, self.country)
        for each in {typed, number, reached, self.prefix + number}:
            self._check_listed(each, standard)
        if guard.countries and (standard or plans.is_short(reached, self.country)):
            region = plans.region_of(standard) if standard else self.country
            if region not in guard.countries:
                raise Refused("guard_country", number=numbers.shown(typed), country=region or "?")
        if guard.bar_premium and (
            plans.is_costly(standard) if standard else plans.is_paid_short(reached, self.country)
        ):
            raise Refused("guard_premium", number=numbers.shown(typed))
        if reached != number or not self._exists(number):
            raise Refused("guard_unknown", number=numbers.shown(typed))

    def _reached(self, digits: str) -> str:
        """Return the number that is reached, as exchanges ignore what follows a complete one."""
        core = re.split(r"(?<=.)[*#]", digits, maxsplit=1)[0]
        if self._exists(core):
            return core
        heads = (core[:length] for length in range(len(core) - 1, 1, -1))
        return next((head for head in heads if self._exists(head)), core)

    def _check_listed(self, digits: str, standard: str) -> None:
        for pattern in self.guard.barred:
            if _matches(pattern, digits) or (standard and _matches(pattern, standard)):
                raise Refused("guard_listed", number=numbers.shown(digits), pattern=pattern)


def _is_length(entry: str) -> bool:
    """Say whether an entry of ``internal_numbers`` is a longest length."""
    return entry.isdigit() and len(entry) <= LONGEST_LENGTH


def _matches(entry: str, digits: str) -> bool:
    """Say whether a number fits an entry: ``5`` a length, ``1xxx`` a pattern, ``2000-2999``, ``+33899.``."""
    if _is_length(entry):
        return digits.isdigit() and len(digits) <= int(entry)
    first, dash, last = entry.partition("-")
    if dash:
        return digits.isdigit() and len(digits) == len(first) and int(first) <= int(digits) <= int(last)
    pattern = re.escape(entry.rstrip(".")).lower().replace("x", r"[0-9]") + (
        r"[0-9*#]*" if entry.endswith(".") else ""
    )
    return re.fullmatch(pattern, digits) is not None


def rules_from(setting: Callable[[str], str]) -> DialRules:
    """Return the rules that the settings give, each setting asked for by name. Raises ``SettingsError``."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(setting(name).replace(",", " ").split())

    country, prefix = setting("country").upper(), setting("outside_prefix")
    for name, allowed in (("outside_prefix", r"[0-9*#]*"), ("international_prefix", r"[0-9]*")):
        if not re.fullmatch(allowed, setting(name)):
            shown = setting(name)[:40]
            raise SettingsError("setting_unreadable", name=name, where=name, wanted="prefix", value=shown)
    guard = Guard(
        countries=tuple(each.upper() for each in words("guard.countries")),
        bar_premium=setting("guard.premium") == "bar",
        barred=words("guard.barred"),
        per_minute=int(setting("guard.per_minute")),
        codes=words("guard.codes"),
    )
    return DialRules(
        country=country,
        prefix=prefix,
        form=setting("dial_format"),
        internal=words("internal_numbers"),
        emergency=words("emergency_numbers") or emergency.of(country),
        emergency_prefix=setting("emergency_prefix") == "yes",
        guard=guard,
        international_prefix=setting("international_prefix"),
    )


def hidden_short_numbers(rules: DialRules) -> list[str]:
    """Return the public short numbers that the patterns take for internal ones, for ``doctor`` to name."""
    known = (
        "3103",
        "3200",
        "3630",
        "3639",
        "3646",
        "3900",
        "3939",
        "1014",
        "1023",
        "1064",
        "118000",
        "118218",
        "118712",
    )
    return [number for number in known if rules.country == "FR" and rules.is_internal(number)]
