"""Numbering plans: whether digits are a whole number of a country, which one, and what kind. No I/O.

*Valid* means that the digits, read and printed as E.164, give back exactly these digits (specification section 3):
``phonenumbers`` alone drops a ``0`` in silence, and takes what follows a ``#`` for an extension. It is loaded when
first needed; the tables that are ours say when they were written.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from offhook import emergency

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumber

E164_DIGITS = 15
"""The most digits that country code and national number have together (ITU-T E.164)."""
SHORT_DIGITS = 6
"""The longest public short number: ``118218``, ``116000``."""
OVERSEAS = ("RE", "YT", "GP", "GF", "MQ")
"""The departments that share France's national numbers, each under a country code of its own."""
_BY_PREFIX = {"0269": "YT", "0596": "MQ"}
"""Overseas numbers that ``phonenumbers`` takes for metropolitan ones as well (Arcep, numbering plan, November 2026)."""
_FICTION = "3363998"
"""``06 39 98 …``: for films and examples, in no plan of ``phonenumbers`` (Arcep, November 2026)."""
_PAID_SHORT = {"FR": re.compile(r"118[0-9]{3}|3[269][0-9]{2}")}
"""Short numbers whose service costs extra (Arcep, numbering plan: 118xyz, 32xx, 36xx and 39xx; November 2026)."""


def valid(digits: str, country: str) -> str:
    """Return the E.164 form of a whole number as dialled in ``country``; ``""`` for none, and where it may be two."""
    found = _readings(digits, country)
    return next(iter(found)) if len(found) == 1 else ""


def exists(digits: str, country: str) -> bool:
    """Say whether it is a whole number as dialled in ``country``: a long, a public short or an emergency one."""
    return bool(_readings(digits, country)) or is_short(digits, country) or is_emergency(digits, country)


def meant(digits: str, country: str) -> str:
    """Return the E.164 form of digits that may lack the trunk ``0``, or the ``+`` before their own country's code."""
    whole = _readings(digits, country)
    if whole or not digits.isdecimal():
        return valid(digits, country)
    found = {valid(each, country) for each in (with_code(digits, country), with_trunk(digits, country))} - {
        ""
    }
    return found.pop() if len(found) == 1 else ""


def with_code(digits: str, country: str) -> str:
    """Return ``+`` and the digits, where they begin with their own country's code; else ``""``."""
    code = code_of(country)
    return f"+{digits}" if code and digits.startswith(code) else ""


def with_trunk(digits: str, country: str) -> str:
    """Return the digits with the country's trunk prefix in front: what a spreadsheet loses."""
    plan = _plan(country)
    return (plan.national_prefix or "") + digits if plan is not None else ""


def code_of(country: str) -> str:
    """Return a country's calling code, ``""`` for an unknown country."""
    import phonenumbers

    code = phonenumbers.country_code_for_region(country)
    return str(code) if code else ""


def calling_code(digits: str) -> str:
    """Return the calling code that international digits, without ``+``, begin with; ``""`` for none."""
    import phonenumbers

    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next(
        (
            digits[:length]
            for length in (1, 2, 3)
            if digits[:length].isdecimal() and int(digits[:length]) in known
        ),
        "",
    )


def regions_of(code: str) -> tuple[str, ...]:
    """Return the countries that share a calling code."""
    import phonenumbers

    return tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())) if code.isdecimal() else ()


def has_trunk(code: str) -> bool:
    """Say whether the country with that calling code has a trunk prefix, which is left out behind the code."""
    plan = next(map(_plan, regions_of(code)), None)
    return plan is not None and bool(plan.national_prefix)


def international_prefix(country: str) -> str:
    """Return what is dialled for ``+`` in ``country``: the preferred prefix, else the only one; ``""`` for several."""
    plan = _plan(country)
    if plan is None:
        return ""
    preferred = (plan.preferred_international_prefix or "").replace("~", "")
    only = plan.international_prefix or ""
    return preferred or (only if only.isdecimal() else "")


def length_of(digits: str, country: str) -> int:
    """Return how many digits country code and national number have, if that is what the digits are."""
    for prefix in ("+", "00", international_prefix(country)):
        if prefix and digits.startswith(prefix):
            return len(digits) - len(prefix)
    plan = _plan(country)
    trunk = (plan.national_prefix or "") if plan is not None else ""
    return len(code_of(country)) + len(digits.removeprefix(trunk))


@lru_cache(maxsize=2000)
def is_short(digits: str, country: str) -> bool:
    """Say whether it is a public short number that one can call: not what one carrier has for messages."""
    if not digits.isdecimal() or len(digits) > SHORT_DIGITS:
        return False
    import phonenumbers

    number = _short(digits, country)
    return is_paid_short(digits, country) or (
        phonenumbers.is_valid_short_number_for_region(number, country)
        and not phonenumbers.is_sms_service_for_region(number, country)
        and not (len(digits) > 3 and phonenumbers.is_carrier_specific_for_region(number, country))
    )


def is_emergency(digits: str, country: str) -> bool:
    """Say whether it is an emergency number of the country: our table knows it, or ``phonenumbers`` does."""
    if not digits.isdecimal() or len(digits) > SHORT_DIGITS:
        return False
    import phonenumbers

    return digits in emergency.of(country) or (
        country in phonenumbers.SUPPORTED_SHORT_REGIONS and phonenumbers.is_emergency_number(digits, country)
    )


def is_paid_short(digits: str, country: str) -> bool:
    """Say whether it is a short number whose service costs extra."""
    if country in _PAID_SHORT:
        return _PAID_SHORT[country].fullmatch(digits) is not None
    if not digits.isdecimal() or len(digits) > SHORT_DIGITS:
        return False
    import phonenumbers

    cost = phonenumbers.expected_cost_for_region(_short(digits, country), country)
    return bool(cost == phonenumbers.ShortNumberCost.PREMIUM_RATE)


def is_costly(standard: str) -> bool:
    """Say whether an E.164 number is a premium-rate or shared-cost one."""
    import phonenumbers
    from phonenumbers import PhoneNumberType

    kind = phonenumbers.number_type(phonenumbers.parse(standard))
    return kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)


def region_of(standard: str) -> str:
    """Return the country of an E.164 number, ``""`` for one that belongs to none."""
    import phonenumbers

    return phonenumbers.region_code_for_number(phonenumbers.parse(standard)) or ""


def national(standard: str, country: str) -> str:
    """Return an E.164 number as it is dialled within ``country``; ``""`` where it is not dialled so there."""
    import phonenumbers

    found = phonenumbers.parse(standard)
    written = _digits(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL))
    shared = country == "FR" or str(found.country_code) == code_of(country)
    return written if shared and valid(written, country) == standard else ""


def possible(digits: str, country: str) -> str:
    """Return the E.164 form of what at least has the length of a number: plans grow faster than tables."""
    import phonenumbers

    try:
        found = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return ""
    standard = _e164(found)
    same = digits == standard or digits.endswith(standard[1 + len(str(found.country_code)) :])
    return standard if phonenumbers.is_possible_number(found) and same else ""


# --- reading --------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def _readings(digits: str, country: str) -> frozenset[str]:
    """Return every E.164 number that digits are when dialled in ``country``."""
    if not digits.removeprefix("+").isdecimal():
        return frozenset()
    if digits.startswith("+"):
        return frozenset(_international(digits[1:]))
    found = set(_national(digits, country))
    if digits.startswith("00"):
        found |= set(_international(digits[2:]))
    return frozenset(found | set(_abroad(digits, country)))


def _international(digits: str) -> Iterator[str]:
    """Yield the number of an E.164 number's digits, if it is one."""
    import phonenumbers

    try:
        found = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return
    if _e164(found) == f"+{digits}" and _is_valid(found):
        yield f"+{digits}"


def _abroad(digits: str, country: str) -> Iterator[str]:
    """Yield the number behind the country's own international prefix."""
    plan = _plan(country)
    if plan is not None and plan.international_prefix:
        prefix = re.match(plan.international_prefix, digits)
        if prefix is not None and prefix.end():
            yield from _international(digits[prefix.end() :])


def _national(digits: str, country: str) -> Iterator[str]:
    """Yield the number that digits are within the country; France and its overseas departments share theirs."""
    if country != "FR" and country not in OVERSEAS:
        yield from _in_region(digits, country)
        return
    regions = dict.fromkeys((_BY_PREFIX.get(digits[:4], country), country, "FR", *OVERSEAS))
    yield from next(filter(None, ([*_in_region(digits, region)] for region in regions)), [])


def _in_region(digits: str, region: str) -> Iterator[str]:
    import phonenumbers

    plan = _plan(region)
    if plan is None:
        return
    try:
        found = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return
    if found.country_code != plan.country_code or not _is_valid(found):
        return
    own = phonenumbers.national_significant_number(found)
    written = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL)
    if digits in (_digits(written), f"{plan.national_prefix or ''}{own}"):
        yield _e164(found)


def _is_valid(found: "PhoneNumber") -> bool:
    import phonenumbers

    fiction = f"{found.country_code}{found.national_number}"
    return phonenumbers.is_valid_number(found) or (fiction.startswith(_FICTION) and len(fiction) == 11)


def _e164(found: "PhoneNumber") -> str:
    import phonenumbers

    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _short(digits: str, country: str) -> "PhoneNumber":
    import phonenumbers

    code = phonenumbers.country_code_for_region(country)
    # a leading 0 belongs to it: 000, 061
    zeros = len(digits) - len(digits.lstrip("0"))
    return phonenumbers.PhoneNumber(
        country_code=code, national_number=int(digits), italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )  # fmt: skip


def _plan(country: str) -> "PhoneMetadata | None":
    import phonenumbers

    return phonenumbers.PhoneMetadata.metadata_for_region(country.upper(), None)
