"""What counts as a match between a caller's number and a contact's. No I/O.

A number is compared by its E.164 form, never by its last digits: ``+33 3 88 20 20 20`` and
``+49 3 88 20 20 20`` are two people. An unknown extension behind a company's number block falls back to
the company's main number.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from offhook.model import Contact
from offhook.numbers import e164

MAIN_SUFFIXES = (1, 2, 3)
"""How many of an unknown number's last digits may be an extension behind a main number."""


SHORTEST = 7
"""How many digits a number has at least that is not an internal one."""
EXTENSION = (
    r"(?:poste|p|ext|extension|x|int|interne|internal|nst|nebenstelle|durchwahl|dw|app|apparat)\s*[.:=]*\s*"
)
"""What stands between a number and its extension, as a pattern."""
_BEHIND = re.compile(rf"(?<=[\d)])[\s.,;(\[]*{EXTENSION}\d{{1,6}}[)\]]?\Z", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def key(number: str, country: str) -> str:
    """Return the key a number is found under: E.164, an internal number's digits, or ``""``."""
    return _digits(number) if is_short(number) else e164(without_extension(number), country)


def without_extension(number: str) -> str:
    """Return a number as written without the extension behind it: ``03 88 30 30 30 poste 12``."""
    return _BEHIND.sub("", number)


def is_short(number: str) -> bool:
    """Say whether a number has so few digits that it can only be an internal one."""
    return len(_digits(number)) < SHORTEST and not number.startswith("+")


def _digits(number: str) -> str:
    return "".join(filter(str.isdecimal, number))


def main_number_keys(number: str) -> tuple[str, ...]:
    """Return the keys of the main numbers that E.164 ``number`` may be an extension of, nearest first."""
    if not number.startswith("+") or len(number) < 10:
        return ()
    return tuple(number[:-cut] + "0" * cut for cut in MAIN_SUFFIXES if not number.endswith("0" * cut))


def ranked(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """Return each person once: exact matches, main numbers, then hints; people before companies, then by name.

    Two people may share a record, such as two contacts of one customer.
    """
    best: dict[tuple[str, ...], Contact] = {}
    for contact in sorted(contacts, key=_rank):
        best.setdefault((contact.record.source, contact.record.id, contact.name, contact.company), contact)
    return tuple(best.values())


def _rank(contact: Contact) -> tuple[bool, bool, bool, str, str]:
    return contact.hint, not contact.exact, not contact.name, contact.name, contact.company


def matched(contact: Contact, number: str, *, exact: bool = True, hint: bool = False) -> Contact:
    """Return the contact with the number under which it was found; ``hint``: only in its free text."""
    return replace(contact, matched=number, exact=exact and not hint, hint=hint)
