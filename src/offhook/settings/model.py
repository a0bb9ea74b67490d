"""Every setting: its name, type, default and what it is for. No I/O.

The documentation's table and ``doctor`` are printed from :data:`SETTINGS`; an unknown key is an error
naming the nearest known one (specification section 2).
"""

from typing import NamedTuple

from offhook.errors import SettingsError


class Setting(NamedTuple):
    """One setting. ``kind`` is ``text``, ``number``, ``choice`` or ``list``; a secret is never shown."""

    name: str
    kind: str
    default: str
    about: str
    secret: bool = False
    choices: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("country", "text", "FR", "Country of the line, for numbers written without one."),
        Setting("language", "choice", "", "Language of messages; empty: the session's.", choices=("", "en", "fr")),
        Setting("desk.extension", "text", "", "This desk's extension (`$telorg$`)."),
        Setting("hub.url", "text", "", "The hub's address; empty: the hub running on this machine."),
        Setting("hub.token", "text", "", "What this desk shows the hub to be let in.", secret=True),
        Setting("hub.port", "number", "8480", "Port the hub listens on, loopback only; 0: any free one."),
        Setting("hub.address", "text", "127.0.0.1", "Address the hub listens on; loopback until accounts exist."),
        Setting("hub.hosts", "list", "", "Further `host:port` names the hub answers to, as behind a proxy."),
        Setting("hub.desks", "list", "1001 1002 1003 1004", "Extensions the hub serves; `1001-1010` is a range."),
        Setting("hub.interface", "text", "simulator", "The switch's interface."),
        Setting("hub.keep_s", "number", "300", "How long a desk may be away and still get every event, seconds."),
        Setting("hub.keep_events", "number", "1000", "How many events are kept for a desk that is away."),
        Setting("hub.directory", "text", "", "CSV file of contacts."),
        Setting("simulator.address", "text", "", "The pretend exchange's `host:port`; empty: one of its own."),
        Setting(
            "pop.trigger", "choice", "application", "When a card pops by itself.",
            choices=("application", "ring", "connect", "request"),
        ),
    )
}  # fmt: skip


def setting(name: str, where: str) -> Setting:
    """Return a setting by name. Raises ``SettingsError`` with the nearest known name."""
    found = SETTINGS.get(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name, SETTINGS, n=1, cutoff=0.0)
        raise SettingsError("setting_unknown", name=name, near=near[0], where=where)
    return found


def checked(name: str, value: object, where: str) -> str:
    """Return a setting's value as text. Raises ``SettingsError`` saying where it stands."""
    known = setting(name, where)
    if isinstance(value, list) and known.kind == "list":
        value = " ".join(str(each) for each in value)
    text = str(value).strip()
    if known.choices and text not in known.choices:
        raise SettingsError(
            "setting_unreadable", name=name, where=where, expected=" | ".join(filter(None, known.choices))
        )
    if known.kind == "number" and not text.isdigit():
        raise SettingsError("setting_unreadable", name=name, where=where, expected="0, 1, 2, …")
    return text


def extensions(text: str, where: str = "hub.desks") -> list[str]:
    """Return the extensions of a list such as ``1001 1005-1008``. Raises ``SettingsError``."""
    found: list[str] = []
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (
            dash and (not last.isdigit() or int(last) - int(first) not in range(10_000))
        ):
            raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
        found += [f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1)]
    if not found:
        raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
    return list(dict.fromkeys(found))
