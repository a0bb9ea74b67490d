"""``connect``: a desk inside somebody's own program.

::

    async with offhook.connect("simulator") as desk:
        await desk.dial("03 88 20 20 20")
        async for event, call in desk.news():
            print(event, call)
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from offhook import catalogue
from offhook.desk import Desk
from offhook.dialling import rules_from
from offhook.directory.identify import Source
from offhook.errors import Unsupported
from offhook.interface import Resumable
from offhook.ledger import Ledger
from offhook.line import Line
from offhook.popup.choose import PopRules
from offhook.settings.given import given
from offhook.settings.values import Settings
from offhook.view import View


def connect(
    interface: str = "hub",
    *,
    extension: str = "",
    sources: Sequence[Source] = (),
    rules: PopRules | None = None,
    options: Mapping[str, str] | None = None,
    resume: str = "",
) -> Desk:
    """Return a desk on one line of ``interface``, to be opened with ``async with``.

    ``sources`` are asked who is calling: your own directory. ``options`` are the interface's settings by their short
    names, others it reads by their full ones: ``{"url": …, "token": …}`` for ``hub`` (without them, the hub running
    on this machine), ``{"address": …}`` for ``simulator`` (without it, a pretend exchange of its own). ``resume`` is
    the ``seq`` of the last event you had of an interface that keeps them (``hub``): those after it follow, or a
    ``Gap``.

    Raises ``Unavailable`` where the interface cannot run here, ``SettingsError`` for options it cannot use, and
    ``Unsupported`` for ``resume`` where events are not kept.
    """
    kind = catalogue.load(interface)
    view = given(kind.about, options or {})
    with catalogue.answering(kind.about.name):
        opened, device = kind.for_desk(extension, view)
    if resume:
        if not isinstance(opened, Resumable):
            raise Unsupported("not_by_interface", command="resume", by=kind.about.name)
        opened.resume(resume)
    return Desk([Line(opened, device, clock)], clock, sources, rules)


def own_line(settings: Settings, extension: str = "", ledger: Ledger | None = None, name: str = "") -> Line:
    """Return the line of a desk's own interface, as its settings describe it.

    Raises ``Unavailable`` where the interface cannot run here and ``SettingsError`` for settings it cannot use.
    """
    kind = catalogue.load(settings["interface"])
    own, view = extension or settings["desk.extension"], View(kind.about, settings.__getitem__)
    with catalogue.answering(kind.about.name):
        opened, device = kind.for_desk(own, view)
    rules = None if kind.about.applies_rules else rules_from(settings.__getitem__)
    return Line(opened, device, clock, ledger, rules, name)


def clock() -> datetime:
    """Return the time now, aware and in UTC."""
    return datetime.now(UTC)
