"""One hub, from its settings to the closing of its doors: the wiring, in one function."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from offhook import catalogue
from offhook.api.access import Access, key_in, loopback_hosts
from offhook.api.app import make_app
from offhook.api.collector import set_aside
from offhook.api.serve import bound, listen, url_of
from offhook.api.stream import beats
from offhook.board.desk_settings import DeskSettings
from offhook.board.key import DeskKey, key_of
from offhook.board.sqlite import in_file
from offhook.board.switchboard import Switchboard
from offhook.directory.files import fill
from offhook.directory.identify import Source
from offhook.directory.index import Index
from offhook.embed import clock
from offhook.hub.divalto import Divalto, Terms
from offhook.interface import Trained
from offhook.model import Contact, Party
from offhook.popup.choose import PopRules, Trigger
from offhook.settings.files import only_one
from offhook.settings.kinds import extensions
from offhook.settings.places import home
from offhook.settings.running import HUB, Running, announce, lock_of, withdraw
from offhook.settings.values import Settings
from offhook.thread import in_thread
from offhook.view import View

Ready = Callable[[Running, Callable[[str], str]], None]
"""Called once connections are accepted: with the hub's address, and what gives a desk a one-time page address."""


async def run_hub(settings: Settings, ready: Ready) -> None:
    """Run a hub until it is told to stop, with its files in this user's folder.

    Raises ``SettingsError`` and ``Unavailable`` for whatever keeps it from starting or going on.
    """
    folder = Path(home())
    names = extensions(settings["hub.desks"], settings.origin("hub.desks"))
    desks = [DeskKey(each) for each in names]
    kind = catalogue.load(settings["hub.interface"])
    per_desk = kind.about.per_desk
    with catalogue.answering(kind.about.name):
        switch = None if per_desk else kind.for_desk("", View(kind.about, settings.__getitem__))[0]
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_one(str(folder), lock_of(HUB), "hub_running"))
        made = stack.enter_context(bound(settings["hub.address"], settings.number("hub.port")))
        port = made.getsockname()[1]
        own = settings["desk.extension"]
        first = DeskKey(own) if own in names else desks[0]
        hosts = (*loopback_hosts(port), *settings["hub.hosts"].replace(",", " ").lower().split())
        index = stack.enter_context(
            await in_thread(lambda: _directory(settings, folder / "directory.sqlite"))
        )
        async with in_file(folder / "hub.sqlite") as store:
            of_desks = DeskSettings(kind.about.name, port, per_desk=per_desk, first=first)
            board = Switchboard(
                store,
                clock,
                switch,
                [_source(index)],
                PopRules(Trigger(settings["pop.trigger"])),
                (float(settings.number("hub.keep_s")), settings.number("hub.keep_events")),
                of_desks.own_line,
                of_desks.rules,
            )
            access = Access(key_in(folder, "hub.key"), lambda: board.desks, hosts, owner=first)
            terms = Terms(
                settings["hub.divalto_auth"],
                settings.decimal("hub.divalto_hold_s"),
                tuple(settings.listed("hub.divalto_networks")),
            )
            await board.add(desks)
            divalto = Divalto(board, access, of_desks.account, terms, clock, settings["country"])
            await board.start()
            world = switch.address if isinstance(switch, Trained) else ""
            here = Running(url_of(made), {str(each): access.token(each) for each in desks}, world)
            announced = announce(here, HUB)
            try:
                app = make_app(board, access, index, of_desks, divalto.routes())
                await listen(
                    app,
                    made,
                    lambda: ready(here, lambda desk: here.url + access.page_link(key_of(desk))),
                    board.watch(),
                    divalto.watch(),
                    beats(board),
                    set_aside(lambda: sum(feed.readers for feed in board.feeds.values())),
                )
            finally:
                withdraw(announced)
                await board.stop()


def _source(index: Index) -> Source:
    async def look_up(party: Party) -> tuple[Contact, ...]:
        return index.by_party(party)

    return look_up


def _directory(settings: Settings, path: Path) -> Index:
    index = Index(path, settings["country"])
    fill(index, Path(settings["hub.directory"]) if settings["hub.directory"] else None)
    return index
