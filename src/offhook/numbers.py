"""A telephone number: read what people paste, recognise it, print it. No I/O.

Rules: specification section 3; URI forms: RFC 3966. Reading a number to dial it needs only the standard
library; comparing numbers loads ``phonenumbers`` when it is first used.
"""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from offhook.errors import Refused

if TYPE_CHECKING:
    from offhook.model import Party

MAX_DIGITS = 32
"""Longest string of digits dialled; E.164 allows 15, and feature codes and carrier prefixes come on top."""
LONGEST_TEXT = 300
"""Longest text read as a number: nobody writes a longer one, and patterns are slow on long text."""
INTERNAL_DIGITS = 5
"""Up to this many digits a number is internal unless the administrator says otherwise."""

_SCHEME = re.compile(r"(tel|callto|sips?|skype)\s*:\s*(//)?", re.IGNORECASE)
_PAUSE = re.compile(r"[,;pPwW]+(?=[0-9*#])")
_CLEAN = re.compile(
    r"[\s.\-/()\u00a0\u00ad\u00b7\u2007\u200b-\u200f\u2010-\u2015\u202a-\u202f\u2060\u2212\ufe0f\uff08\uff09\uff0d]+"
)
_BREAK = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_DIGITS = re.compile(r"(\+[0-9]|[0-9*#])[0-9*#]*\Z")
_HIDDEN = frozenset(
    {
        "",
        "anonymous",
        "private",
        "unknown",
        "unavailable",
        "restricted",
        "withheld",
        "masque",
        "masqué",
        "<unknown>",
    }
)


class Number(NamedTuple):
    """A number to dial: ``digits`` are dialled, ``post_dial`` are sent as tones after the answer."""

    digits: str
    post_dial: str = ""
    ext: str = ""


def read(text: str) -> Number:
    """Read a number as people write it. Raises ``Refused`` for anything that is no number.

    Accepts blanks, dots, dashes, slashes, brackets, ``(0)`` after a country code, ``+``, ``00``, ``*``,
    ``#`` and ``tel: callto: sip: skype:`` URIs, whose host is dropped and whose ``;name=value``
    parameters are read. ``,`` ``;`` ``p`` ``w`` before digits begin the digits sent after the answer.
    """
    plain = text.strip() if text.isascii() else _in_ascii(text)
    if not plain:
        raise Refused("number_empty")
    if len(plain) > LONGEST_TEXT:
        raise Refused("number_unreadable", number=shown(text))
    scheme = _SCHEME.match(plain)
    rest = _unquoted(plain[scheme.end() :]) if scheme else plain
    if _BREAK.search(rest):
        raise Refused("number_unreadable", number=shown(text))
    if scheme and "@" in rest:  # a SIP host and what follows it
        rest = rest.partition("@")[0]
    rest, ext, context = _without_parameters(rest.partition("?")[0] if scheme else rest)
    if scheme and context.startswith("+") and not rest.lstrip().startswith(("+", "0")):
        rest = context + rest
    pause = _PAUSE.search(rest)
    dialled, post_dial = (rest[: pause.start()], rest[pause.end() :]) if pause else (rest, "")
    digits = _CLEAN.sub(
        "", re.sub(r"(?<=\d)[\s\u00a0\u202f]*\(0\)", "", dialled) if _international(dialled) else dialled
    )
    post_dial = re.sub(r"[,;pPwW]", "", _CLEAN.sub("", post_dial))
    if not _DIGITS.match(digits) or len(digits) > MAX_DIGITS or (post_dial and not _DIGITS.match(post_dial)):
        raise Refused("number_unreadable", number=shown(text))
    if not any(character.isdigit() for character in digits) and "*" not in digits:
        raise Refused("number_unreadable", number=shown(text))
    return Number(digits, post_dial, ext)


def shown(text: str) -> str:
    """Return hostile text fit for a message: at most 40 printable characters."""
    safe = "".join(character if character.isprintable() else "�" for character in text)
    return safe if len(safe) <= 40 else safe[:39] + "…"


def party(raw: object, country: str, name: object = "", strip: Collection[str] = ()) -> "Party":
    """Return who a switch's number belongs to: E.164 where possible, hidden and internal as such.

    ``country`` is where a number without a prefix belongs (two letters), ``strip`` are prefixes the switch may have
    added (``incoming_strip``). Whatever the switch sent, the party can be shown, stored and sent on.
    """
    from offhook.model import Party, PartyKind, cleaned

    raw, name = cleaned(raw), cleaned(name)
    number = _without_added(raw.strip(), country, strip)
    if number.lower() in _HIDDEN:
        return Party(raw=raw, name="" if name.lower() in _HIDDEN else name, kind=PartyKind.HIDDEN)
    if number.isascii() and number.isdigit() and len(number) <= INTERNAL_DIGITS:
        return Party(number=number, raw=raw, name=name, kind=PartyKind.INTERNAL)
    standard = e164(number, country)
    if standard:
        return Party(number=standard, raw=raw, name=name)
    try:
        return Party(number=read(number).digits, raw=raw, name=name)
    except Refused:
        return Party(raw=raw, name=name, kind=PartyKind.UNREADABLE)


def _without_added(number: str, country: str, strip: Collection[str]) -> str:
    """Take off what the switch added: a prefix without which it is a number, and with which it is not."""
    if not strip or number.startswith("+") or len(number) <= INTERNAL_DIGITS or e164(number, country):
        return number
    for prefix in strip:
        rest = number.removeprefix(prefix)
        if prefix and rest != number and (e164(rest, country) or 0 < len(rest) <= INTERNAL_DIGITS):
            return rest
    return number


def e164(text: str, country: str) -> str:
    """Return the number in E.164 (``+33388202020``), or ``""`` where it is not one of that country."""
    import phonenumbers

    try:
        found = phonenumbers.parse(read(text).digits, country)
    except (Refused, phonenumbers.NumberParseException):
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def get_ready(country: str) -> None:
    """Load now, in a tenth of a second, what is known of a country's numbers; the first caller need not wait."""
    import phonenumbers

    example = phonenumbers.example_number(country)
    if example is not None:
        pretty(e164(str(example.national_number), country), country)


def pretty(number: str, country: str) -> str:
    """Return a number as people of ``country`` write it: ``03 88 20 20 20``, ``+49 30 123456``."""
    import phonenumbers

    try:
        found = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(found):
        return number
    national = found.country_code == phonenumbers.country_code_for_region(country)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(found, style.NATIONAL if national else style.INTERNATIONAL)


def _international(text: str) -> bool:
    return text.lstrip().startswith(("+", "00"))


def _in_ascii(text: str) -> str:
    """Write digits of other scripts, and the wide ``+``, as they are dialled."""
    import unicodedata

    plain = (str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    return "".join(plain).replace("\uff0b", "+").strip().strip("\u200e\u200f\u202a-\u202e")


def _unquoted(text: str) -> str:
    """Undo a URI's percent-encoding."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _without_parameters(text: str) -> tuple[str, str, str]:
    """Split RFC 3966 ``;name=value`` parameters off; return the rest, the extension and the context."""
    kept, named = [], {}
    for index, part in enumerate(text.split(";")):
        name, equals, value = part.partition("=")
        if index and equals:
            named[name.strip().lower()] = value
        else:
            kept.append(part)
    return ";".join(kept), named.get("ext", ""), named.get("phone-context", "").strip()
