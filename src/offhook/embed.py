"""``connect``: a desk inside somebody's own program.

::

    async with offhook.connect("simulator") as desk:
        await desk.dial("03 88 20 20 20")
        async for event in desk.events():
            print(event)
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from offhook import catalogue
from offhook.desk import Desk
from offhook.dialling import rules_from
from offhook.directory.identify import Source
from offhook.interface import Interface, Ledger, Line
from offhook.popup.choose import PopRules
from offhook.settings.layers import Settings


def connect(
    interface: str = "hub",
    *,
    extension: str = "",
    sources: Sequence[Source] = (),
    rules: PopRules | None = None,
    **options: str,
) -> Desk:
    """Return a desk on one line of ``interface``, to be opened with ``async with``.

    ``sources`` are asked who is calling: your own
    directory. ``options`` are the interface's own: ``url`` and ``token`` for ``hub`` (without them, the hub running
    on this machine), ``address`` for ``simulator`` (without it, a pretend exchange of its own). Raises
    ``Unavailable`` where the interface cannot run here and ``SettingsError`` for options it cannot use.
    """
    kind = catalogue.load(interface)
    opened, device = kind.for_desk(extension, options)
    return Desk([Line(opened, device, clock)], clock, sources, rules)


def own_line(settings: Settings, extension: str = "", ledger: Ledger | None = None, name: str = "") -> Line:
    """Return the line of a desk's own interface, as its settings describe it.

    Raises ``Unavailable`` where the interface cannot run here and ``SettingsError`` for settings it cannot use.
    """
    kind = catalogue.load(settings["interface"])
    opened, device = kind.for_desk(extension or settings["desk.extension"], options_of(kind, settings))
    rules = None if kind.applies_rules else rules_from(settings.__getitem__)
    return Line(opened, device, clock, ledger, rules, name)


def options_of(kind: type[Interface], settings: Settings) -> dict[str, str]:
    """Return what an interface's settings say, where anybody has said it."""
    return {
        option: settings[setting]
        for option, setting in kind.settings.items()
        if settings.place(setting) != "default"
    }


def clock() -> datetime:
    """Return the time now, aware and in UTC."""
    return datetime.now(UTC)
