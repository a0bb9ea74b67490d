"""One hub, from its settings to the closing of its doors: the wiring, in one function."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from offhook import catalogue
from offhook.directory.files import read_csv
from offhook.directory.identify import identify
from offhook.directory.index import Index
from offhook.embed import clock
from offhook.hub.access import Access, key_in, loopback_hosts
from offhook.hub.app import World, make_app
from offhook.hub.serve import listen, port_for, store_path
from offhook.hub.store import Store
from offhook.hub.switchboard import Switchboard
from offhook.model import Contact, Party
from offhook.popup.choose import PopRules, Trigger
from offhook.settings.layers import Settings, home
from offhook.settings.model import extensions
from offhook.settings.running import RunningHub, announce, withdraw

Ready = Callable[[RunningHub, Access], None]


async def run_hub(settings: Settings, ready: Ready) -> None:
    """Run a hub until it is told to stop, with its files in this user's folder.

    ``ready`` is told where it is once it accepts connections. Raises ``SettingsError`` and ``Unavailable``
    for what keeps it from starting.
    """
    folder = Path(home())
    desks = extensions(settings["hub.desks"], settings.origin("hub.desks"))
    port = port_for(settings["hub.address"], settings.number("hub.port"))
    name, options = settings["hub.interface"], {}
    if name == "simulator":
        options = {"address": settings["simulator.address"], "country": settings["country"]}
    interface, _device = catalogue.load(name).for_desk("", options)
    hosts = (*loopback_hosts(port), *settings["hub.hosts"].replace(",", " ").lower().split())
    access = Access(key_in(folder), desks, hosts)
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(contextlib.closing(Store(store_path(folder))))
        index = stack.enter_context(Index(country=settings["country"]))
        if settings["hub.directory"]:
            path = Path(settings["hub.directory"])
            index.replace_source(path.stem, read_csv(path, path.stem))
        keep = (float(settings.number("hub.keep_s")), settings.number("hub.keep_events"))
        rules = PopRules(Trigger(settings["pop.trigger"]))
        board = Switchboard(interface, desks, store, clock, _identify_in(index), rules, keep)
        await board.start()
        address = getattr(interface, "address", "")
        here = RunningHub(f"http://127.0.0.1:{port}", {each: access.token(each) for each in desks}, address)
        announced = announce(here)
        try:
            app = make_app(board, access, index, _world(address) if address else None)
            await listen(app, settings["hub.address"], port, lambda: ready(here, access))
        finally:
            withdraw(announced)
            await board.stop()


def _identify_in(index: Index) -> Callable[[Party], Any]:
    async def look_up(party: Party) -> tuple[Contact, ...]:
        return index.by_party(party)

    async def find(party: Party) -> tuple[Contact, ...]:
        return await identify(party, [look_up])

    return find


def _world(address: str) -> World:
    from offhook.interfaces.simulator.server import ask

    async def act(request: dict[str, Any]) -> dict[str, Any]:
        return await ask(address, request)

    return act
