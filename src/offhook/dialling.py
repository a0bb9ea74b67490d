"""What is really dialled for a number: prefix, form, emergency numbers, guard. No I/O, no clock.

Rules: specification section 3. Numbering plans come from ``phonenumbers``, loaded only where a rule needs one.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from offhook import numbers
from offhook.errors import Refused, SettingsError

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


class Dialled(str):
    """The digits that really go out: what the rules make of a number a person wrote."""

    __slots__ = ()


NOTHING = Dialled("")
"""For a command that dials no number."""

LONGEST_LENGTH = 2
"""An entry of ``internal_numbers`` with this many digits or fewer is a length, not a number."""
SHORT_DIGITS = 6
"""The longest public short number: ``118218``, ``116000``."""


class Guard(NamedTuple):
    """What may not be dialled. ``countries`` are those allowed; empty allows all."""

    countries: tuple[str, ...] = ()
    bar_premium: bool = False
    barred: tuple[str, ...] = ()
    per_minute: int = 0


class DialRules(NamedTuple):
    """How a desk's numbers are dialled. ``internal`` are lengths, patterns and ranges."""

    country: str
    prefix: str = ""
    form: str = "as_typed"
    internal: tuple[str, ...] = ("5",)
    emergency: tuple[str, ...] = ()
    emergency_prefix: bool = False
    guard: Guard = Guard()

    def dialled(self, text: str) -> str:
        """Return the digits to dial for a number as a person writes it. Raises ``Refused``.

        Digits to be sent after the answer are somebody else's to send, or to refuse.
        """
        return self.of(numbers.read(text).digits)

    def of(self, digits: str) -> str:
        """The same for digits already read. Raises ``Refused``."""
        if self.is_emergency(digits):
            bare = digits if digits in self.emergency else digits.removeprefix(self.prefix)
            return self.prefix + bare if self.emergency_prefix else bare
        if self.is_internal(digits):
            self._check_listed(digits, digits)
            inner = _core(digits)
            if inner != digits and not self.is_internal(inner) and not self.is_emergency(inner):
                self._check(self._bare(inner))  # a feature code may well call the number in it
            return digits
        bare = self._bare(digits)
        self._check(bare)
        return self._formed(bare)

    def is_emergency(self, digits: str) -> bool:
        """Say whether it is an emergency number, perhaps with the prefix in front."""
        return digits in self.emergency or bool(
            self.prefix and digits.removeprefix(self.prefix) in self.emergency
        )

    def is_internal(self, digits: str) -> bool:
        """Say whether it stays inside: a pattern or the longest length says so, or it is a feature code."""
        return digits[:1] in ("*", "#") or any(_matches(entry, digits) for entry in self.internal)

    def _bare(self, digits: str) -> str:
        """Return the number without the outside prefix, if it already has it.

        It has it where it is not a valid number as typed but is one without.
        """
        rest = digits.removeprefix(self.prefix)
        if not self.prefix or rest == digits or not rest:
            return digits
        if rest in self.emergency or (self._exists(rest) and not self._exists(digits)):
            return rest
        return digits

    def _exists(self, digits: str) -> bool:
        """Say whether it is a valid number of the country, a short one or an international one."""
        import phonenumbers

        if _is_short(digits):
            short = self._short(digits)
            return not digits.startswith("0") and phonenumbers.is_valid_short_number_for_region(
                short, self.country
            )
        found = self._parsed(digits)
        return found is not None and phonenumbers.is_valid_number(found)

    def _parsed(self, digits: str) -> "PhoneNumber | None":
        """Return the number as the country reads it, else with ``00`` for the international prefix everywhere."""
        import phonenumbers

        if (
            "*" in digits or "#" in digits
        ):  # phonenumbers would take what follows for an extension, and drop it
            return None
        found = None
        for written in (digits, _with_plus(digits)):
            try:
                found = phonenumbers.parse(written, self.country)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(found):
                break
        return found

    def _short(self, digits: str) -> "PhoneNumber":
        import phonenumbers

        code = phonenumbers.country_code_for_region(self.country)
        return phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))

    # --- form -----------------------------------------------------------------------------------------

    def _formed(self, digits: str) -> str:
        number = digits if self.form == "as_typed" else self._in_form(digits)
        if self.form == "e164":
            return number
        if not self.prefix:
            return number
        return self.prefix + (f"00{number[1:]}" if number.startswith("+") else number)

    def _in_form(self, digits: str) -> str:
        """Return the number in the form asked for; what has no international form stays as typed."""
        import phonenumbers

        found = self._parsed(digits)
        if found is None or not phonenumbers.is_valid_number(found):
            return digits
        standard = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        home = found.country_code == phonenumbers.country_code_for_region(self.country)
        if self.form == "national" and home:
            written = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL)
            return re.sub(r"[^0-9]", "", written)
        return standard if self.form == "e164" else f"00{standard[1:]}"

    # --- guard ----------------------------------------------------------------------------------------

    def _check(self, digits: str) -> None:
        """Raise ``Refused`` for a number that is barred."""
        if self.guard == Guard(per_minute=self.guard.per_minute):
            return
        import phonenumbers

        reached, found = self._reached(digits)
        style = phonenumbers.PhoneNumberFormat.E164
        self._check_listed(reached, phonenumbers.format_number(found, style) if found is not None else "")
        self._check_listed(digits, "")
        if self.guard.countries:
            region = phonenumbers.region_code_for_number(found) if found is not None else None
            if (self.country if _is_short(reached) else region) not in self.guard.countries:
                raise Refused("guard_country", number=numbers.shown(digits), country=region or "?")
        if self.guard.bar_premium and self._premium(reached, found):
            raise Refused("guard_premium", number=numbers.shown(digits))

    def _reached(self, digits: str) -> tuple[str, "PhoneNumber | None"]:
        """Return the number that is reached, as exchanges ignore what follows a complete one; and it parsed."""
        import phonenumbers

        core = _core(digits)
        for length in range(len(core), SHORT_DIGITS, -1):
            found = self._parsed(core[:length])
            if found is not None and phonenumbers.is_valid_number(found):
                return core[:length], found
        return core, None if _is_short(core) else self._parsed(core)

    def _premium(self, digits: str, found: "PhoneNumber | None") -> bool:
        import phonenumbers
        from phonenumbers import PhoneNumberType, ShortNumberCost

        if _is_short(digits):
            cost = phonenumbers.expected_cost_for_region(self._short(digits), self.country)
            return bool(cost == ShortNumberCost.PREMIUM_RATE)
        if found is None:
            return False
        return phonenumbers.number_type(found) in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)

    def _check_listed(self, digits: str, standard: str) -> None:
        for pattern in self.guard.barred:
            if _matches(pattern, digits) or (standard and _matches(pattern, standard)):
                raise Refused("guard_listed", number=numbers.shown(digits), pattern=pattern)


def _core(digits: str) -> str:
    """Return the number without a feature code in front (``*31#…``) and without what follows it (``…#``, ``…*1``)."""
    bare = re.sub(r"^[*#][0-9*#]*[*#](?=[0-9]{4})", "", digits)
    return re.split(r"[*#]", bare, maxsplit=1)[0] or digits


def _is_short(digits: str) -> bool:
    return digits.isdigit() and len(digits) <= SHORT_DIGITS


def _with_plus(digits: str) -> str:
    """Write ``00`` as ``+``: what phonenumbers reads in every country."""
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _matches(entry: str, digits: str) -> bool:
    """Say whether a number fits an entry: ``5`` a length, ``1xxx`` a pattern, ``2000-2999``, ``+33899.``."""
    if entry.isdigit() and len(entry) <= LONGEST_LENGTH:
        return digits.isdigit() and len(digits) <= int(entry)
    first, dash, last = entry.partition("-")
    if dash:
        return digits.isdigit() and len(digits) == len(first) and int(first) <= int(digits) <= int(last)
    pattern = re.escape(entry.rstrip(".")).lower().replace("x", r"[0-9]") + (
        r"[0-9]*" if entry.endswith(".") else ""
    )
    return re.fullmatch(pattern, digits) is not None


def rules_from(setting: Callable[[str], str]) -> DialRules:
    """Return the rules that the settings give, each setting asked for by name. Raises ``SettingsError``."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(setting(name).replace(",", " ").split())

    country, prefix = setting("country").upper(), setting("outside_prefix")
    if not re.fullmatch(r"[0-9*#]*", prefix):
        raise SettingsError(
            "setting_unreadable",
            name="outside_prefix",
            where="outside_prefix",
            wanted="prefix",
            value=prefix[:40],
        )
    guard = Guard(
        countries=tuple(each.upper() for each in words("guard.countries")),
        bar_premium=setting("guard.premium") == "bar",
        barred=words("guard.barred"),
        per_minute=int(setting("guard.per_minute")),
    )
    return DialRules(
        country=country,
        prefix=prefix,
        form=setting("dial_format"),
        internal=words("internal_numbers"),
        emergency=words("emergency_numbers"),
        emergency_prefix=setting("emergency_prefix") == "yes",
        guard=guard,
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
