"""What counts as a match between a caller's number and a contact's. No I/O.

A number is compared by its E.164 form, never by its last digits: ``+33 3 88 20 20 20`` and
``+49 3 88 20 20 20`` are two people. An unknown extension behind a company's number block falls back to
the company's main number.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from offhook.model import Contact
from offhook.numbers import INTERNAL_DIGITS, e164

MAIN_SUFFIXES = (1, 2, 3)
"""How many of an unknown number's last digits may be an extension behind a main number."""


@lru_cache(maxsize=20_000)
def key(number: str, country: str) -> str:
    """Return the key a number is found under: E.164, an internal number as it is, or ``""``."""
    digits = "".join(character for character in number if character.isdigit())
    if len(digits) <= INTERNAL_DIGITS:
        return digits
    return e164(number, country)


def main_number_keys(number: str) -> tuple[str, ...]:
    """Return the keys of the main numbers that E.164 ``number`` may be an extension of, nearest first."""
    if not number.startswith("+") or len(number) < 10:
        return ()
    return tuple(number[:-cut] + "0" * cut for cut in MAIN_SUFFIXES if not number.endswith("0" * cut))


def ranked(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """Return each contact once, exact matches first, people before companies, then by name."""
    best: dict[tuple[str, str], Contact] = {}
    for contact in contacts:
        identity = (contact.record.source, contact.record.id)
        known = best.get(identity)
        if known is None or (contact.exact and not known.exact):
            best[identity] = contact
    return tuple(
        sorted(best.values(), key=lambda each: (not each.exact, not each.name, each.name, each.company))
    )


def matched(contact: Contact, number: str, exact: bool) -> Contact:
    """Return the contact with the number under which it was found."""
    return replace(contact, matched=number, exact=exact)
