"""One hub, from its settings to the closing of its doors: the wiring, in one function."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from offhook import catalogue
from offhook.directory.files import read_csv
from offhook.directory.identify import Source
from offhook.directory.index import Index
from offhook.embed import clock, options_of
from offhook.errors import SettingsError, Unavailable
from offhook.hub.access import Access, key_in, loopback_hosts
from offhook.hub.app import World, make_app
from offhook.hub.desks import Desks
from offhook.hub.divalto import Divalto, Relay, Terms
from offhook.hub.serve import bound, listen
from offhook.hub.store import Store
from offhook.hub.switchboard import Switchboard
from offhook.interface import Interface
from offhook.model import Contact, Party
from offhook.popup.choose import PopRules, Trigger
from offhook.settings.layers import Settings, home
from offhook.settings.model import extensions
from offhook.settings.running import RunningHub, announce, withdraw

Ready = Callable[[RunningHub, Access], None]


async def run_hub(settings: Settings, ready: Ready) -> None:
    """Run a hub until it is told to stop, with its files in this user's folder.

    ``ready`` is told where it is once it accepts connections. Raises ``SettingsError`` and ``Unavailable``
    for what keeps it from starting or going on.
    """
    folder = Path(home())
    desks = extensions(settings["hub.desks"], settings.origin("hub.desks"))
    kind = catalogue.load(settings["hub.interface"])
    interface = _switch(kind, settings)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone(folder))
        address, port = bound(settings["hub.address"], settings.number("hub.port"))
        hosts = (*loopback_hosts(port), *settings["hub.hosts"].replace(",", " ").lower().split())
        access = Access(key_in(folder), desks, hosts)
        store = stack.enter_context(contextlib.closing(_store(folder)))
        index = stack.enter_context(Index(country=settings["country"]))
        if settings["hub.directory"]:
            path = Path(settings["hub.directory"])
            index.replace_source(path.stem, read_csv(path, path.stem))
        keep = (float(settings.number("hub.keep_s")), settings.number("hub.keep_events"))
        rules = PopRules(Trigger(settings["pop.trigger"]))
        first = settings["desk.extension"] if settings["desk.extension"] in desks else desks[0]
        own = Desks(kind.name, port, per_desk=kind.per_desk, first=first)
        board = Switchboard(
            interface, desks, store, clock, [_source(index)], rules, keep, own.own_line, own.rules
        )
        terms = Terms(
            auth=settings["hub.divalto_auth"],
            hold_s=settings.decimal("hub.divalto_hold_s"),
            networks=tuple(settings.listed("hub.divalto_networks")),
        )
        divalto = Divalto(board, access, own.account, terms, clock)
        await board.start()
        simulator = str(getattr(interface, "address", "")) if kind.name == "simulator" else ""
        url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
        here = RunningHub(url, {each: access.token(each) for each in desks}, simulator)
        announced = announce(here)
        try:
            world = _world(simulator) if simulator else None
            app = make_app(board, access, index, world, divalto, own)
            await listen(app, address, port, lambda: ready(here, access), board.watch())
        finally:
            withdraw(announced)
            await board.stop()


def _switch(kind: type[Interface], settings: Settings) -> Interface:
    """Return the switch's interface; where every desk has its own, one on which nothing happens."""
    if kind.per_desk:
        return Relay()
    interface, _device = kind.for_desk("", options_of(kind, settings))
    return interface


def _source(index: Index) -> Source:
    async def look_up(party: Party) -> tuple[Contact, ...]:
        return index.by_party(party)

    return look_up


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for this hub's life; a killed hub lets go of it. Raises ``Unavailable``."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / "hub.lock", timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError("folder_unusable", path=str(folder), why=str(error)) from None
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise Unavailable("hub_running", interface="hub", path=str(folder)) from None
        yield


def _store(folder: Path) -> Store:
    path = folder / "hub.sqlite"
    try:
        return Store(path)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError("store_unreadable", path=str(path), why=str(error)) from None


def _world(address: str) -> World:
    from offhook.interfaces.simulator.server import ask

    async def act(request: dict[str, Any]) -> dict[str, Any]:
        return await ask(address, request)

    return act
