"""What the ``callto`` command makes of a number: an address, or a program and its arguments. No I/O.

It is shown exactly as the seed shows it (``callto : 0388202020 org=1024``) and launched without the blanks
around the scheme's colon and a SIP ``@`` (specification section 7).
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from offhook import template
from offhook.errors import SettingsError
from offhook.template import Values

if TYPE_CHECKING:
    from offhook.view import View

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)\s*:\s*(?!\\)")
"""A scheme has two letters at least: one letter and a colon is a drive."""


class Order(NamedTuple):
    """What is launched: ``words`` is a program and its arguments, or one address; ``shown`` is for people."""

    words: tuple[str, ...]
    shown: str
    is_address: bool
    verb: str = "OPEN"

    def __repr__(self) -> str:
        """Show only what may be shown."""
        return f"Order({self.shown!r})"


def order(options: "View", extension: str, number: str) -> Order:
    """Return what dialling ``number`` for a desk launches. Raises ``SettingsError``."""
    command = options["command"].strip()
    values = Values(
        number=number,
        extension=extension,
        user=options["desk.user"],
        password=lambda: options["desk.password"],
        ident=options["desk.ident"],
        event=options["web.event_name"],
    )
    if "$teldest$" not in command.lower():
        raise SettingsError("callto_without_number", command=command[:60])
    scheme = SCHEME.match(command)
    if not scheme:
        words = template.arguments(command, values)
        if words[0].lower().endswith((".bat", ".cmd")):
            raise SettingsError("callto_batch", program=words[0][:80])
        return Order(tuple(words), " ".join(template.arguments(command, values.masked())), is_address=False)
    shown = template.fill(command, values.masked(), in_address)
    filled = template.fill(command, values, in_address)
    rest = re.sub(r"\s*@\s*", "@", SCHEME.sub("", filled, count=1))
    address = f"{scheme[1]}:{rest}"
    program = options["program"].strip()
    words = [*template.arguments(program, values), address] if program else [address]
    return Order(tuple(words), shown, is_address=not program, verb=options["verb"] or "OPEN")


def in_address(value: str, _before: str = "") -> str:
    """Escape for an address: percent-encoded, but digits, ``+`` and ``*`` stay."""
    from urllib.parse import quote

    return quote(value, safe="+*")
