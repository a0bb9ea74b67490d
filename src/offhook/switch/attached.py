"""The record that travels with a call, as the value of a channel variable. No I/O.

``source:id:title``, each percent-encoded, in printable ASCII without any character that means something to a
dialplan or a switch's command line: ``, | ^ ; $ { } [ ] ' " \\ &`` and blanks.
"""

from urllib.parse import quote, unquote

from offhook.model import Record, cleaned

VARIABLE = "OFFHOOK_RECORD"
"""The channel variable's name, on every switch."""


def record_text(record: Record) -> str:
    """Return a record as the variable's value."""
    return ":".join(quote(part, safe="") for part in (record.source, record.id, record.title)).rstrip(":")


def record_from(text: str) -> Record | None:
    """Read such a value; ``None`` where it is not one."""
    source, _colon, rest = text.partition(":")
    number, _colon, title = rest.partition(":")
    if not source or not number or len(text) > LONGEST:
        return None
    return Record(source=cleaned(unquote(source)), id=cleaned(unquote(number)), title=cleaned(unquote(title)))


LONGEST = 2_000
"""Longest value read, in characters."""
