"""Interfaces by name: those built in enter by the same entry points as a stranger's.

Says of each whether it can run here and, if not, what is missing and how to get it.
"""

from importlib.metadata import EntryPoint, entry_points

from offhook.errors import Unavailable
from offhook.interface import Availability, Interface

GROUP = "offhook.interfaces"

KNOWN = (
    "callto", "web", "tapi", "alsatel", "phonepc", "isicom", "com", "asterisk", "freeswitch", "hub", "simulator",
)  # fmt: skip
"""Every interface of specification section 1, built or not."""
ALIASES = {"alcatel": "alsatel"}


def load(name: str) -> type[Interface]:
    """Return the interface of that name. Raises ``Unavailable`` naming those there are."""
    wanted = ALIASES.get(name, name)
    entry = _entries().get(wanted)
    if entry is None:
        if wanted in KNOWN:
            raise Unavailable("interface_not_there_yet", interface=wanted, name=wanted)
        raise Unavailable("interface_unknown", name=name, known=", ".join(sorted(_entries())))
    try:
        found: type[Interface] = entry.load()
    except ImportError as error:
        raise Unavailable("part_missing", interface=wanted, part=error.name or str(error)) from error
    return found


def availabilities() -> list[Availability]:
    """Say of every known and every installed interface whether it can run here."""
    names = sorted({*KNOWN, *_entries()})
    return [_availability(name) for name in names]


def _availability(name: str) -> Availability:
    try:
        return load(name).availability()
    except Unavailable as error:
        return Availability(name=name, error=error)


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
